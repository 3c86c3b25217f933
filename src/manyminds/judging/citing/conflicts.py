"""Where sources part: what a claim stands on, beside passages that say something else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from manyminds.core.values import Evidence
from manyminds.judging.citing.computed import is_program
from manyminds.judging.citing.copies import altered
from manyminds.judging.citing.origin import document_of, nearest
from manyminds.judging.citing.spans import Span, numbers_in, words_of
from manyminds.judging.citing.support import Cited

__all__ = ["Conflict", "conflict_of"]


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """What several sources say of one thing."""

    sides: tuple[tuple[Span, ...], ...]
    """The claim's own first; each side says one thing."""
    followed: int | None
    """The side nearest to the origin; `None` where nothing tells."""
    why: str


def conflict_of(
    cited: Cited, evidence: Sequence[Evidence], sites: Sequence[str]
) -> Conflict | None:
    """Return the conflict that a claim is one side of; `None` where nobody says otherwise.

    Args:
        cited: A claim with passages that say it.
        evidence: All that was read.
        sites: Sites that the person named.
    """
    if not cited.by:
        return None
    mine = {document_of(span.source) for span in cited.by}
    others = [*cited.against, *(s for by in cited.by for s in altered(cited.claim, by, evidence))]
    against = [
        span
        for span in _once(others)
        if document_of(span.source) not in mine and not is_program(span.source)
    ]
    if not against:
        return None
    sides = (tuple(cited.by), *_sides(against))
    followed, why = nearest(sides, evidence, sites)
    return Conflict(sides=sides, followed=followed, why=why)


def _once(spans: Iterable[Span]) -> list[Span]:
    return list({(span.source, span.start): span for span in spans}.values())


def _sides(spans: Iterable[Span]) -> list[tuple[Span, ...]]:
    """Put together what says the same: the same numbers and words, wherever it stands."""
    found: dict[object, list[Span]] = {}
    for span in spans:
        said = frozenset(numbers_in(span.quote)), tuple(words_of(span.quote))
        found.setdefault(said, []).append(span)
    return [tuple(side) for side in found.values()]
