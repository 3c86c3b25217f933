"""`manyminds check`: a run's citations, held against what was stored; its programs, run again."""

import asyncio
import json
from typing import Annotated

from cyclopts import Parameter

from manyminds.cli.exits import ANSWERED, NO_ANSWER
from manyminds.cli.runs import read_asked
from manyminds.cli.view import safe
from manyminds.core.messages import JsonValue
from manyminds.runtime.elsewhere import located
from manyminds.runtime.paths import cache_home, data_home
from manyminds.runtime.recheck import recheck
from manyminds.transcript.store import read_transcript

__all__ = ["check"]

_MARKS = {True: "✔", False: "✘", None: "?"}


def check(
    run: str = "last", *, json_: Annotated[bool, Parameter(name="--json", negative=())] = False
) -> int:
    """Check a run's citations again, without a model; exit code 1 where one does not hold.

    Args:
        run: Its name, a unique part of it, or `last`.
        json_: Print one JSON object.
    """
    path = located(data_home(), run)
    asked = read_asked(path)
    events = read_transcript(path).events
    found = asyncio.run(recheck(path, events, asked.answer, cache_home()))
    holds = all(one.holds is not False for one in found)
    if json_:
        rows: list[JsonValue] = [
            {"number": c.number, "source": c.source, "holds": c.holds, "why": c.why} for c in found
        ]
        told = {"run": asked.run, "outcome": "answered" if holds else "partial", "cost": None}
        print(json.dumps({**told, "checks": rows}, ensure_ascii=False))
    else:
        for one in found:
            number = f"[{one.number}]" if one.number else "[-]"
            print(safe(f"{_MARKS[one.holds]} {number} {one.source}: {one.why}"))
        kept = sum(one.holds is True for one in found)
        print(f"{kept} of {len(found)} citations hold" if found else "this run cites nothing")
    return ANSWERED if holds else NO_ANSWER
