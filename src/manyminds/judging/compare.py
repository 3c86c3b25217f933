"""Comparing notes: which members stand together."""

import math
from collections.abc import Sequence
from dataclasses import replace

from manyminds.core.values import Canonical, Group, Note
from manyminds.judging.canonical import same

__all__ = ["disagreement", "group_notes", "group_of"]


def group_notes(notes: Sequence[Note]) -> tuple[Group, ...]:
    """Group equal answers, the largest group first; a member that gave none is in no group.

    Groups are labelled "A", "B", … in the order their first note came, so that a label does not
    tell how many stand behind it.
    """
    groups: list[Group] = []
    forms: list[list[Canonical]] = []
    for note in notes:
        if not note.canonical.key:
            continue
        # Equal to all of a group, not only to its first: "5" equals "5 km" and "5 m", which differ.
        fits = (all(same(form, note.canonical) for form in members) for members in forms)
        at = next((i for i, fit in enumerate(fits) if fit), None)
        if at is None:
            label = chr(ord("A") + len(groups) % 26)
            groups.append(Group(label=label, canonical=note.canonical, members=(note.member,)))
            forms.append([note.canonical])
        else:
            forms[at].append(note.canonical)
            groups[at] = replace(groups[at], members=(*groups[at].members, note.member))
    return tuple(sorted(groups, key=lambda group: -len(group.members)))


def disagreement(groups: Sequence[Group]) -> float:
    """Return how far members disagree: 0 where all are one, 1 where everybody stands alone.

    The entropy of the votes as a share of the greatest there could be.
    """
    sizes = [len(group.members) for group in groups]
    voters = sum(sizes)
    if voters < 2:
        return 0.0
    return -sum(n / voters * math.log(n / voters) for n in sizes) / math.log(voters)


def group_of(canonical: Canonical, groups: Sequence[Group]) -> Group | None:
    """Return the group an answer belongs to, if any."""
    return next((group for group in groups if same(group.canonical, canonical)), None)
