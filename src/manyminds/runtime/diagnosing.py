"""Let a model read runs for failures: within limits, on any endpoint, and what that has cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from manyminds.core.values import Limits, Spend
from manyminds.diagnosis.diagnose import Diagnosis, by_rules, diagnosed
from manyminds.diagnosis.judge import VOTES, judged, without_doubles
from manyminds.diagnosis.trace import Trace
from manyminds.runtime.alone import member_alone

__all__ = ["Read", "read_by"]


@dataclass(frozen=True, kw_only=True)
class Read:
    """What rules and a model found in runs."""

    found: tuple[Diagnosis, ...]
    unsure: tuple[tuple[str, ...], ...]
    """Of each run: the codes of which the model would not say."""
    spend: Spend


async def read_by(
    model: str, traces: Sequence[Trace], *, cache: Path, limits: Limits, votes: int = VOTES
) -> Read:
    """Diagnose runs by rules, and by a model what no rule found.

    Args:
        model: Who reads.
        traces: What is read.
        cache: Folder of what is known of endpoints.
        limits: Of all of it.
        votes: Most votes on one code.

    Raises:
        ProviderError: If the model cannot be reached.
    """
    async with member_alone(model, "diagnose", name="diagnose", cache=cache, limits=limits) as (
        run,
        judge,
    ):
        found: list[Diagnosis] = []
        unsure: list[tuple[str, ...]] = []
        for trace in traces:
            told = await judged(run, trace, judge, votes=votes)
            found.append(diagnosed(trace, without_doubles(by_rules(trace), told.findings)))
            unsure.append(told.unsure)
        return Read(found=tuple(found), unsure=tuple(unsure), spend=run.meter.spent)
