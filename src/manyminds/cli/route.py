"""`manyminds route`: what `auto` would do with a question, and learning it from past runs."""

import json
from dataclasses import asdict
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.runtime.paths import data_home
from manyminds.runtime.routing import fit_from_runs, load_router

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative=())]
_TOOLS = ("python", "calculate")

app = App(name="route", help="Show or learn how questions are routed.")


@app.default
def route(question: str, *, docs: bool = False, json_: Json = False) -> int:
    """Say what `auto` would do with a question.

    Args:
        question: The question.
        docs: As if a folder of documents were given.
        json_: Print one JSON object.
    """
    tools = (*_TOOLS, "search_docs") if docs else _TOOLS
    choice = load_router(data_home()).choose(question, tools=tools)
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, **asdict(choice)}))
    else:
        sure = f"{choice.confidence:.0%}"
        print(f"{choice.route}, effort {choice.effort} ({sure} that it suffices): {choice.why}")
    return 0


@app.command
def fit(*, json_: Json = False) -> int:
    """Learn from the panels that are kept when one member would have been enough.

    Args:
        json_: Print one JSON object.
    """
    router = fit_from_runs(data_home())
    done = {"outcome": "answered", "cost": None, "runs": router.runs, "weights": router.weights}
    print(json.dumps(done) if json_ else f"learned from {router.runs} runs")
    return 0
