"""Who sits on a panel: ways of knowing, spread over the models there are."""

from collections.abc import Sequence

from manyminds.core.values import Member

__all__ = ["MAX_MEMBERS", "roster"]

MAX_MEMBERS = 16

_WAYS = ("compute", "derive", "refute", "wording", "backwards", "another", "cases")
_WAYS_WITH_DOCS = ("look_up", "derive", "compute", "refute", "wording", "another", "backwards")


def roster(count: int, models: Sequence[str], *, has_docs: bool) -> tuple[Member, ...]:
    """Return a panel of `count` members; ways differ first, then models take turns.

    The first two make the gate: a program beside reasoning, or the documents beside it.
    """
    ways = _WAYS_WITH_DOCS if has_docs else _WAYS
    return tuple(
        Member(name=f"m{place + 1}", way=ways[place % len(ways)], model=models[place % len(models)])
        for place in range(count)
    )
