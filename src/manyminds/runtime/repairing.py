"""Try a repair: a run is forked where it went wrong, changed a little, played, diagnosed again."""

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from manyminds.core.values import Limits
from manyminds.diagnosis.diagnose import Diagnosis, diagnosed
from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.readers.ours import read_lines
from manyminds.diagnosis.repairs import Repair
from manyminds.runtime.ask import Asked, Watch
from manyminds.runtime.background import enqueue, fork, take_up
from manyminds.runtime.orders import read_order, write_order
from manyminds.runtime.steer import say
from manyminds.transcript.store import transcript_path

__all__ = ["Retried", "prepared", "retried"]


@dataclass(frozen=True, kw_only=True)
class Retried:
    """What came of a repair."""

    asked: Asked
    after: Diagnosis
    gone: bool
    """Whether the failure is not found any more, and there is an answer."""


def prepared(data: Path, run: str, repair: Repair) -> str:
    """Begin the changed run, and return its name; the other one stays as it is.

    Raises:
        RecordError: If the run cannot be read.
    """
    folder = transcript_path(data, run).parent
    order = read_order(folder)
    if repair.strategy is not None:
        changed = replace(order.options, strategy=repair.strategy)
        return enqueue(data, replace(order, options=changed))
    new = fork(data, folder.name, repair.at)
    if repair.more:
        place = transcript_path(data, new).parent
        forked = read_order(place)
        limits = _doubled(forked.options.limits)
        write_order(place, replace(forked, options=replace(forked.options, limits=limits)))
    if repair.hint is not None:
        say(data, new, "hint", repair.hint)
    return new


def _doubled(limits: Limits) -> Limits:
    return Limits(
        tokens=None if limits.tokens is None else 2 * limits.tokens,
        usd=None if limits.usd is None else Decimal(2) * limits.usd,
        seconds=None if limits.seconds is None else 2 * limits.seconds,
    )


async def retried(
    data: Path, cache: Path, run: str, finding: Finding, repair: Repair, watch: Watch
) -> Retried:
    """Play a run anew with a repair, and look for the failure that it answers."""
    asked = await take_up(prepared(data, run, repair), data=data, cache=cache, watch=watch)
    after = diagnosed(read_lines(asked.transcript))
    there = any(one.code == finding.code for one in after.findings)
    return Retried(asked=asked, after=after, gone=not there and asked.answer.outcome != "none")
