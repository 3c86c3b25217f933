"""`manyminds steer`: a word to a run that is going on."""

import json
from typing import Annotated

from cyclopts import Parameter

from manyminds.cli.words import notice
from manyminds.runtime.elsewhere import located, say_to
from manyminds.runtime.paths import data_home
from manyminds.runtime.steer import word

__all__ = ["steer"]

_SAID = ("hint", "drop", "now")


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
        what: hint (words for all who work), drop (the number of a part), or now (answer at once);
            anything else is a hint itself.
        text: The hint, or the number.
        json_: Print one JSON object.
    """
    if what not in _SAID:
        what, text = "hint", f"{what} {text}".strip()
    word(what, text)  # wrong ones are told before the run is sought
    say_to(located(data_home(), run), what, text)
    notice(f"{run} is told: {what} {text}".rstrip())
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, "told": what}))
    return 0
