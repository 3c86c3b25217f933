"""Suites from the public hub, for who has the network: fetched once, kept in the cache.

Rows come through the hub's own rows service as JSON, so nothing has to be installed for its file
formats. Without a network the same files can be put into a folder by hand: see `suites`.
"""

import csv
import gzip
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from filelock import FileLock

from manyminds.core.errors import ProviderError, UnknownName
from manyminds.evals.suites import MMLU_SUBJECTS, SUITES

__all__ = ["HUB_SUITES", "fetch_suite"]

ROWS = "https://datasets-server.huggingface.co/rows"
PAGE = 100
"""Rows that the service gives at once, at most."""
TRIES = 4
LONGEST_WAIT_S = 60.0
_MAY_PASS = frozenset({429, 500, 502, 503, 504})
TIMEOUT_S = 60.0

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Where a suite's rows are, and how they are written for its reader."""

    dataset: str
    parts: Sequence[str]
    """The dataset's configurations that are fetched."""
    write: Callable[[Path, str, Sequence[Row]], None]
    """Given the place, the part and its rows."""
    split: str = "test"


def _lines(rows: Sequence[Row]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def _as_lines(place: Path, _part: str, rows: Sequence[Row]) -> None:
    place.write_text(_lines(rows), encoding="utf-8")


def _as_packed_lines(place: Path, _part: str, rows: Sequence[Row]) -> None:
    place.write_bytes(gzip.compress(_lines(rows).encode()))


def _as_tables(place: Path, part: str, rows: Sequence[Row]) -> None:
    place.mkdir(exist_ok=True)
    with (place / f"{part}_test.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("question", "choice0", "choice1", "choice2", "choice3", "answer"))
        table.writerows((row["question"], *row["choices"], row["answer"]) for row in rows)


_HUMANEVAL = _Source(
    dataset="openai/openai_humaneval", parts=("openai_humaneval",), write=_as_packed_lines
)
_MMLU = _Source(dataset="cais/mmlu", parts=MMLU_SUBJECTS, write=_as_tables)
_SOURCES = {
    "humaneval": _HUMANEVAL,
    "gsm_plus": _Source(dataset="qintongli/GSM-Plus", parts=("default",), write=_as_lines),
    "math500": _Source(dataset="HuggingFaceH4/MATH-500", parts=("default",), write=_as_lines),
    "mmlu": _MMLU,
    "mmlu_open": _MMLU,
}
HUB_SUITES = tuple(_SOURCES)
"""Suites that can be fetched."""


def fetch_suite(name: str, cache: Path, *, rows: str = ROWS) -> Path:
    """Fetch a suite where it is not in the cache yet; return the folder that `load_suite` reads.

    Args:
        name: Of the suite.
        cache: The cache folder.
        rows: Address of the rows service, or of a mirror of it.

    Raises:
        UnknownName: If the hub has no such suite.
        ProviderError: If the hub cannot be reached or gives something else.
    """
    if name not in _SOURCES:
        raise UnknownName("suite of the hub", name, HUB_SUITES)
    source = _SOURCES[name]
    folder = cache / f"hub-{source.split}"
    place = folder / SUITES[name].file
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"), TemporaryDirectory(dir=folder, prefix=".fetching-") as scratch:
        if place.exists():
            return folder
        new = Path(scratch) / place.name
        with httpx2.Client(timeout=TIMEOUT_S, follow_redirects=True) as client:
            for part in source.parts:
                source.write(new, part, list(_rows(client, rows, source, part)))
        new.rename(place)  # whole or not at all
    return folder


def _rows(client: httpx2.Client, address: str, source: _Source, part: str) -> Iterator[Row]:
    got, total = 0, 1
    while got < total:
        asked = {
            "dataset": source.dataset, "config": part, "split": source.split, "offset": got,
            "length": PAGE,
        }  # fmt: skip
        page = _page(client, address, source.dataset, asked)
        try:
            rows, total = [row["row"] for row in page["rows"]], int(page["num_rows_total"])
        except (KeyError, TypeError, ValueError):
            raise _failed(source.dataset, "it gave something else than rows") from None
        if not rows:
            raise _failed(source.dataset, f"it gave {got} of {total} rows")
        yield from rows
        got += len(rows)


def _page(client: httpx2.Client, address: str, dataset: str, asked: dict[str, str | int]) -> Row:
    """Ask for one page; trouble that may pass is waited out."""
    why = "it does not answer"
    for attempt in range(TRIES):
        wait, passes = float(2**attempt), True
        try:
            reply = client.get(address, params=asked)
        except httpx2.HTTPError as error:
            why = type(error).__name__
        else:
            if reply.is_success:
                return _read(reply, dataset)
            why, passes = f"HTTP {reply.status_code}", reply.status_code in _MAY_PASS
            told = reply.headers.get("Retry-After", "")
            wait = float(told) if told.isdecimal() else wait
        if not passes or wait > LONGEST_WAIT_S or attempt + 1 == TRIES:
            break
        time.sleep(wait)
    raise _failed(dataset, why)


def _read(reply: httpx2.Response, dataset: str) -> Row:
    try:
        return reply.json()
    except ValueError:
        raise _failed(dataset, "it gave no JSON") from None


def _failed(dataset: str, why: str) -> ProviderError:
    return ProviderError(
        f"{dataset} could not be fetched from the hub ({why}); try again, or get its files "
        "yourself and name their folder with --data"
    )
