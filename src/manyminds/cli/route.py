"""`manyminds route`: what `auto` would do with a question, and learning it from past runs."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.core.errors import UsageError
from manyminds.evals.green import Saving, learn_ways, played_below, saving
from manyminds.runtime.green import LEAST, keep_ways
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


@app.command
def green(*, benches: Path | None = None, json_: Json = False) -> int:
    """Learn from benches what takes least energy without costing accuracy: `ask --prefer energy`.

    Args:
        benches: Folder that holds them; by default where `manyminds bench` puts them.
        json_: Print one JSON object.
    """
    folder = benches or data_home() / "bench"
    played, lost = played_below(folder)
    ways = learn_ways(played)
    if not ways:
        raise UsageError(
            f"no strategy has played {LEAST} questions of a kind below {folder} on a model whose "
            "energy is known; play `manyminds bench` first"
        )
    file, found = keep_ways(data_home(), ways), saving(played)
    if json_:
        told = {"ways": [asdict(way) for way in ways], "saving": found and asdict(found)}
        more = {"file": str(file), "rows_without_transcript": lost}
        print(json.dumps({"outcome": "answered", "cost": None, **told, **more}))
        return 0
    if lost:
        print(f"{lost} rows left out: their transcripts are gone", file=sys.stderr)
    for way in ways:
        reached = f"{way.accuracy:.0%} of {way.n} right, {way.joules:.0f} J"
        print(f"{way.family}, {way.model}: {way.strategy} with {way.members}: {reached}")
    print(_told(found))
    return 0


def _told(found: Saving | None) -> str:
    """Say in two lines what the green route saves."""
    if found is None:
        return "what it saves cannot be said: too few questions were played by the same ways"
    r, d = found.joules, found.accuracy
    ways = ", ".join(f"{name} {n}" for name, n in sorted(found.chosen.items()))
    share = "an unknown share" if r is None else f"{r.value:.0%} ({r.low:.0%} to {r.high:.0%})"
    return (
        f"on {found.n} questions it had not seen: {share} of the most accurate way's energy "
        f"(estimates), {100 * d.mean:+.1f} points ({100 * d.low:+.1f} to {100 * d.high:+.1f})\n"
        f"chosen: {ways}"
    )
