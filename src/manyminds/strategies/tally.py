"""Votes weighed by verdicts: how samples that were verified are put in order."""

from collections.abc import Mapping

from manyminds.agents.asking import asks_for_code
from manyminds.core.protocols import Run, Verifier
from manyminds.core.values import Group, Verdict
from manyminds.judging.code.outcomes import covers
from manyminds.judging.verifiers import Examples, Steps
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import Panel

__all__ = ["MOST", "VOTES", "fitting_verifier", "tallied"]

VOTES: Mapping[str, float] = {"accepted": 2.5, "unsure": 0.4, "rejected": 0.1}
"""Log-odds of a sample by its verdict: an accepted one outvotes six that could not be checked;
a rejected one still counts, for verifiers may err."""
MOST = max(VOTES.values())


def fitting_verifier(run: Run) -> Verifier:
    """Return the verifier that the task itself brings: its examples, or the working's steps."""
    return Examples(run=run) if asks_for_code(run.task.prompt) else Steps()


def tallied(panel: Panel) -> Weighed:
    """Weigh answers by the verdicts on the samples that gave them, or that they cover."""
    groups = panel.groups()
    scored = [
        (
            sum(
                _score(g, panel.verdicts) for g in groups if g is group or _covers(panel, group, g)
            ),
            group,
        )
        for group in groups
    ]
    scored.sort(key=lambda pair: -pair[0])
    return Weighed(groups=tuple(g for _, g in scored), scores=tuple(s for s, _ in scored))


def _covers(panel: Panel, one: Group, other: Group) -> bool:
    a, b = (panel.outcomes.get(group.members[0]) for group in (one, other))
    return a is not None and b is not None and covers(panel.run.task.prompt, a, b)


def _score(group: Group, verdicts: Mapping[str, Verdict]) -> float:
    return sum(VOTES[verdicts[member].outcome] for member in group.members)
