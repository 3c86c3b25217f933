"""Logs of inspect_ai: a sample is a run. In JSON, or as the archive (`.eval`) that it writes."""

import importlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.diagnosis.readers.messages import acts_of, text_of
from manyminds.diagnosis.trace import Act, Trace, stated_answer
from manyminds.judging.canonical import canonicalize

__all__ = ["NAME", "knows", "read", "read_archive"]

NAME = "inspect"
_SHORT = 200
"""Characters up to which what is delivered is the answer itself."""


def knows(value: JsonValue) -> bool:
    """Say whether a value is a log, or one sample of it."""
    return isinstance(value, Mapping) and (
        ("eval" in value and isinstance(value.get("samples"), list)) or _is_sample(value)
    )


def _is_sample(value: JsonValue) -> bool:
    return isinstance(value, Mapping) and {"epoch", "input", "messages"} <= value.keys()


def read(value: JsonValue) -> list[Trace]:
    """Read it. Targets and scores are left out: they say what was right."""
    assert isinstance(value, Mapping)
    samples = [value] if _is_sample(value) else value["samples"]
    assert isinstance(samples, list)
    return [_trace(sample) for sample in samples if isinstance(sample, Mapping)]


def read_archive(path: Path) -> list[Trace]:
    """Read the samples of an archive.

    Raises:
        UsageError: If it is none.
    """
    try:
        # Newer ones are compressed by zstd; importing this teaches the standard library to read it.
        importlib.import_module("zipfile_zstd")
    except ImportError:
        known = False
    else:
        known = True
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(
                n for n in archive.namelist() if n.startswith("samples/") and n.endswith(".json")
            )
            return [trace for name in names for trace in read(json.loads(archive.read(name)))]
    except NotImplementedError as error:
        fix = "" if known else "; the extra `eval` has it"
        raise UsageError(f"{path} is compressed in a way that is not known here{fix}") from error
    except (zipfile.BadZipFile, ValueError) as error:
        raise UsageError(f"{path} is no log of inspect_ai: {error}") from None


def _delivered(output: JsonValue, step: int) -> Iterator[Act]:
    """Yield what a sample ended with, which need not be a message."""
    choices = output.get("choices") if isinstance(output, Mapping) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, Mapping) else None
    text = text_of(message.get("content")) if isinstance(message, Mapping) else ""
    if text.strip():
        short = canonicalize(text.strip()).key if len(text) <= _SHORT else None
        answer = stated_answer(text) or short
        yield Act(step=step, author="run", kind="ends", text=text, answer=answer)


def _trace(sample: Mapping[str, JsonValue]) -> Trace:
    messages = sample.get("messages")
    told = messages if isinstance(messages, list) else []
    first = next(
        (n for n, m in enumerate(told) if isinstance(m, Mapping) and m.get("role") == "user"), -1
    )
    limit = sample.get("limit")
    kind = limit.get("type") if isinstance(limit, Mapping) else None
    return Trace(
        name=f"{sample.get('id')}/{sample.get('epoch')}", source=NAME,
        task=text_of(sample.get("input")),
        acts=(*acts_of(told, task=first), *_delivered(sample.get("output"), len(told))),
        stopped_by=kind if isinstance(kind, str) else None,
    )  # fmt: skip
