"""`manyminds wide`: all there are of something, as a table whose every cell is cited."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from manyminds.cli.background import HERE, BackgroundFlags
from manyminds.cli.question import read_question
from manyminds.cli.reports import check_outs
from manyminds.cli.research import Work, given
from manyminds.cli.web import DEFAULT, WebFlags
from manyminds.runtime.settings import load_settings

__all__ = ["wide"]


def wide(  # noqa: D417 (the flags of the web say themselves what they are)
    question: str | None = None,
    *,
    plan: Path | None = None,
    plan_only: Annotated[bool, Parameter(negative=())] = False,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"), negative=())] = False,
    web: WebFlags = DEFAULT,
    model: Annotated[tuple[str, ...], Parameter(consume_multiple=False)] = (),
    budget: str | None = None,
    out: Annotated[tuple[Path, ...], Parameter(consume_multiple=False, negative=())] = (),
    away: BackgroundFlags = HERE,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
    events: Annotated[bool, Parameter(negative=())] = False,
    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), negative=())] = False,
    seed: int | None = None,
) -> int:
    """List, rank or map all there are of something, from lists that pages hold.

    Name the page, feed or sitemap that holds the list in the question, or let a search find one.
    Pages of the items themselves are read where a column needs them: of sites that you allow
    (--site), and of those that the question or a search named. Exit codes are those of `ask`.

    Args:
        question: What is wanted, like "every PRAGMA at https://sqlite.org/pragma.html, its page".
        plan: File with a plan, as --plan-only prints it; sites and columns are taken from it.
        plan_only: Print the plan and read nothing.
        yes: Go on with the plan without asking.
        model: provider:name or http://host:port/v1#name.
        budget: What may be spent: 200k,0.50usd,5m.
        out: File to write the table to; .csv, .md, .html or .json; may be repeated.
        json_: Print one JSON object.
        events: Print every event as a line of JSON instead.
        quiet: Show nothing but the answer.
        seed: Whole number; the same one draws the same samples from servers that obey it.
    """
    check_outs(out, (".csv", ".md", ".html", ".json"))
    settings = load_settings({
        "models": model, "budget": budget, "search": web.search, "seed": seed,
    })  # fmt: skip
    asked = read_question(question)
    work = Work(
        question=asked, settings=settings, plan=given(asked, plan, web, {}),
        only_docs=False, web=web, way="wide", away=away,
    )  # fmt: skip
    asks = not (yes or plan is not None or plan_only)
    return work.done(
        asks=asks, plan_only=plan_only, out=out, json_=json_, events=events, quiet=quiet
    )
