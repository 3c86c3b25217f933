"""Open a file and read the runs in it, whoever wrote them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from manyminds.core.errors import RecordError, UsageError
from manyminds.core.messages import JsonValue
from manyminds.diagnosis.readers import (
    ag2,
    chat,
    chatdev,
    hyperagent,
    inspect_log,
    metagpt,
    otel,
    ours,
)
from manyminds.diagnosis.trace import Trace

__all__ = ["FORMATS", "read_file", "read_folder", "read_value"]

MOST_BYTES = 256 << 20
_OBJECTS = (hyperagent, ag2, metagpt, inspect_log, otel, chat)
"""The first that knows an object reads it; the plainest form comes last."""
_TEXTS = (chatdev, metagpt, hyperagent)
FORMATS = ("manyminds", chatdev.NAME, *(module.NAME for module in _OBJECTS))
_SUFFIXES = frozenset({".json", ".jsonl", ".log", ".txt", ".eval"})


def read_folder(folder: Path, left_out: Callable[[str], None]) -> Iterator[Trace]:
    """Read all runs under a folder, in the order of their names; other files are passed over.

    Args:
        folder: Where they are.
        left_out: Told of a run that is damaged.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _SUFFIXES and path.name != "seal.json":
            try:
                yield from read_file(path)
            except UsageError:
                continue
            except RecordError as error:
                left_out(str(error))


def read_file(path: Path) -> list[Trace]:
    """Read the runs in a file.

    Raises:
        UsageError: If there is none in it that can be read.
    """
    if path.stat().st_size > MOST_BYTES:
        raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MB: split it")
    if path.suffix == ".eval":
        return _named(inspect_log.read_archive(path), path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8") from None
    if ours.knows(text):
        return [ours.read_lines(path)]
    try:
        found = _named(_read_text(text), path)
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply to be read") from None
    if not found:
        raise UsageError(f"{path} is no run that can be read ({', '.join(FORMATS)})")
    return found


def _named(traces: list[Trace], path: Path) -> list[Trace]:
    many = len(traces) > 1
    return [
        one if one.name else replace(one, name=f"{path.stem}#{n}" if many else path.stem)
        for n, one in enumerate(traces)
    ]


def _read_text(text: str) -> list[Trace]:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        value = None
    if value is not None:
        return read_value(value)
    values = _lines(text)
    if values:
        if otel.knows(values):
            return otel.read(values)
        return [trace for value in values for trace in read_value(value)]
    return next(
        (module.read_text(text) for module in _TEXTS if module.knows_text(text)), list[Trace]()
    )


def _lines(text: str) -> list[JsonValue]:
    """Return the values of a file of one JSON value a line; nothing where it is none."""
    values: list[JsonValue] = []
    for line in filter(str.strip, text.splitlines()):
        try:
            values.append(json.loads(line))
        except ValueError:
            return []
    return values


def read_value(value: JsonValue) -> list[Trace]:
    """Read the runs in a value; one that wraps a run under `trace` is unwrapped."""
    if isinstance(value, Mapping) and isinstance(value.get("trace"), dict | list):
        return read_value(value["trace"])
    for key in ("trace", "trajectory"):
        log = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(log, str) and (found := _read_text(log)):
            return found
    for module in _OBJECTS:
        if module.knows(value):
            return module.read(value)
    if isinstance(value, list) and value and all(isinstance(one, dict | list) for one in value):
        return [trace for one in value for trace in read_value(one)]
    return []
