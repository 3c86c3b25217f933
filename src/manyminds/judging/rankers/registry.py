"""Rankers by name, as in `--ranker pairwise`: a dictionary, plus what packages add.

A package adds one with an entry point in the group `manyminds.rankers` that names a callable
taking the run and returning a `Ranker`.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points

from manyminds.core.errors import UnknownName
from manyminds.core.protocols import Ranker, Run
from manyminds.core.values import Member
from manyminds.judging.rankers.features import FEATURES, FeatureRanker
from manyminds.judging.rankers.pairwise import Pairwise
from manyminds.judging.rankers.step_scores import StepScores

__all__ = ["ranker_named", "ranker_names"]


Weights = Mapping[str, float]


def _pairwise(run: Run) -> Ranker:
    """Judge by another model than the lead's, where the panel mixes models."""
    judge = Member(name=run.new_id("judge"), way="direct", model=run.members[-1].model)
    return Pairwise(run=run, judge=judge)


_BUILT_IN: dict[str, Callable[[Run, Weights], Ranker]] = {
    "features": lambda _run, weights: FeatureRanker(weights=weights),
    "pairwise": lambda run, _weights: _pairwise(run),
    "step_scores": lambda _run, _weights: StepScores(),
}
_ALIKE: Weights = dict.fromkeys(FEATURES, 1.0)


def ranker_names() -> tuple[str, ...]:
    """Return every ranker that can be asked for."""
    return (*_BUILT_IN, *sorted(e.name for e in entry_points(group="manyminds.rankers")))


def ranker_named(name: str, run: Run, weights: Weights | None = None) -> Ranker:
    """Make the ranker of that name.

    Args:
        name: One of `ranker_names`.
        run: What it ranks for.
        weights: Of features, as learned from labels; `None`: each counts the same.

    Raises:
        UnknownName: If there is none; the nearest name is offered.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name](run, _ALIKE if weights is None else weights)
    for entry in entry_points(group="manyminds.rankers", name=name):
        make: Callable[[Run], Ranker] = entry.load()
        return make(run)
    raise UnknownName("ranker", name, ranker_names())
