"""`manyminds steer`: a word to a run that is going on."""

import json
from typing import Annotated

from cyclopts import Parameter

from manyminds.cli.exits import ANSWERED
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.runtime.elsewhere import located, say_to
from manyminds.runtime.kept import state_of
from manyminds.runtime.paths import data_home
from manyminds.runtime.steer import word
from manyminds.transcript.store import read_transcript

__all__ = ["said", "steer", "told"]

_SAID = ("hint", "drop")
_ALONE = ("now", "pause", "go", "add")
"""Words with nothing after them; with more they are the beginning of a hint."""


def steer(
    run: str,
    what: str,
    text: str = "",
    *,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Say something to a run that is going on, from another terminal.

    Args:
        run: Its name, a unique part of it, or `last`.
        what: hint (words for all who work), drop (a part's number or a member's name), now (answer
            at once), pause, go (on), or add (a member); anything else is a hint itself.
        text: The hint, the number or the name.
        json_: Print one JSON object.
    """
    if what not in _SAID and (what not in _ALONE or text):
        what, text = "hint", f"{what} {text}".strip()
    word(what, text)  # wrong ones are told before the run is sought
    return said(run, what, text, json_=json_)


def said(run: str, what: str, text: str, *, json_: bool) -> int:
    """Say something to a run that is not over, and say that it was said.

    Raises:
        UsageError: If it is over.
    """
    path = located(data_home(), run)
    run, state = path.parent.name, state_of(read_transcript(path))
    if state == "finished":
        raise UsageError(f"run {run} is over; see: manyminds show {run}")
    say_to(path, what, text)
    if state in ("unfinished", "queued"):
        notice(f"nobody is at work on it; it hears that when it goes on: manyminds attach {run}")
    return told(run, f"{what} {text}".rstrip(), json_=json_)


def told(run: str, what: str, *, json_: bool) -> int:
    """Say what a run was told."""
    if json_:
        print(json.dumps({"run": run, "outcome": "answered", "cost": None, "told": what}))
    else:
        notice(f"{run} is told: {what}")
    return ANSWERED
