"""`manyminds split`: how many members of how many tokens a budget is best spent on."""

import json
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from manyminds.agents.roster import MAX_MEMBERS
from manyminds.budget.split import best_split
from manyminds.core.errors import UsageError

__all__ = ["split"]

Json = Annotated[bool, Parameter(name="--json", negative=())]


def split(tokens: int, *, curve: str, members: int = MAX_MEMBERS, json_: Json = False) -> int:
    """Say how many members, of how many tokens each, a budget is best spent on.

    A plan by a simple model: members err on their own and the majority is delivered. Members of one
    model err together, so a panel gains less than this says.

    Args:
        tokens: The budget.
        curve: Share of right answers of one member by the tokens it may use, like
            300=0.55,700=0.62,1500=0.66.
        members: Members a panel may have at most.
        json_: Print one JSON object.
    """
    found = best_split(tokens, _read(curve), most=members)
    if found is None:
        raise UsageError(f"{tokens} tokens do not hold one member of the smallest size")
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, **asdict(found)}))
    else:
        each = f"{found.members} members of {found.tokens_each:,} tokens"
        print(f"{each}: {found.accuracy:.1%} right, {found.tokens:,} of {tokens:,} tokens")
    return 0


def _read(curve: str) -> dict[int, float]:
    points: dict[int, float] = {}
    for part in filter(None, (p.strip() for p in curve.split(","))):
        size, _, share = part.partition("=")
        try:
            points[int(size)] = float(share)
        except ValueError:
            raise UsageError(f"--curve takes TOKENS=SHARE, like 300=0.55, not {part!r}") from None
        if int(size) < 1 or not 0 <= points[int(size)] <= 1:
            raise UsageError(f"--curve {part}: tokens are at least 1, a share is from 0 to 1")
    if not points:
        raise UsageError("--curve is empty; it takes TOKENS=SHARE, like 300=0.55,700=0.62")
    return points
