"""`manyminds research`: a plan, workers side by side, a report whose citations are really there."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from manyminds.budget.parse import parse_limits
from manyminds.cli.background import HERE, BackgroundFlags, send_off
from manyminds.cli.exits import ANSWERED
from manyminds.cli.plans import ask_about, plan_as_toml, read_plan
from manyminds.cli.question import read_question
from manyminds.cli.reports import check_outs, report_as_text, write_out
from manyminds.cli.session import chosen, configured, exit_code, in_session
from manyminds.cli.view import View, choose_view
from manyminds.cli.web import DEFAULT, WebFlags
from manyminds.cli.words import as_json_line, notice
from manyminds.core.errors import RunCancelled, UsageError
from manyminds.core.values import Limits, Plan, Task
from manyminds.runtime.ask import Asked, AskOptions, Watch
from manyminds.runtime.history import Expected
from manyminds.runtime.orders import Order, Way
from manyminds.runtime.paths import cache_home, data_home
from manyminds.runtime.research import OnPlan
from manyminds.runtime.research import research as run_research
from manyminds.runtime.settings import Setting, load_settings
from manyminds.runtime.web import sites_in

__all__ = ["Work", "given", "research"]

_Outs = Annotated[tuple[Path, ...], Parameter(consume_multiple=False, negative=())]


def research(  # noqa: D417 (the flags of the web say themselves what they are)
    question: str | None = None,
    *,
    plan: Path | None = None,
    plan_only: Annotated[bool, Parameter(negative=())] = False,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"), negative=())] = False,
    web: WebFlags = DEFAULT,
    docs: str | None = None,
    only_docs: Annotated[bool, Parameter(negative=())] = False,
    pages: int | None = None,
    depth: int | None = None,
    rounds: int | None = None,
    experiment: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    model: Annotated[tuple[str, ...], Parameter(consume_multiple=False)] = (),
    budget: str | None = None,
    out: _Outs = (),
    away: BackgroundFlags = HERE,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
    events: Annotated[bool, Parameter(negative=())] = False,
    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), negative=())] = False,
    seed: int | None = None,
) -> int:
    """Research a question on the web and in documents. The report goes to stdout.

    A plan is shown first and can be changed; then workers look its parts up side by side. Only what
    stands in a page that was read is stated; the rest is marked. The web is searched unless
    --only-docs says otherwise. Exit codes are those of `ask`.

    Args:
        question: The question; `@file` reads a file, `-` or nothing reads stdin.
        plan: File with a plan, as --plan-only prints it; it is worked as it is.
        plan_only: Print the plan and read nothing.
        yes: Go on with the plan without asking.
        docs: Folder of documents to search, too.
        only_docs: Let nothing leave this machine: documents, and a model that runs here.
        pages: Pages read for each part before its worker is asked: 1 to 10.
        depth: Requests that each worker may make: 1 to 40.
        rounds: Times that gaps are worked on, the first work included: 1 to 4.
        experiment: Let programs settle what no page does; they are cited, and `check` reruns them.
        model: provider:name or http://host:port/v1#name; several share the parts.
        budget: What may be spent: 200k,0.50usd,5m.
        out: File to write the report to; .md, .html or .json; may be repeated.
        json_: Print one JSON object.
        events: Print every event as a line of JSON instead.
        quiet: Show nothing but the answer.
        seed: Whole number; the same one draws the same samples from servers that obey it.
    """
    check_outs(out, (".md", ".html", ".json"))
    settings = load_settings({
        "models": model, "budget": budget, "docs": docs, "search": web.search, "seed": seed,
    })  # fmt: skip
    asked = read_question(question)
    numbers = {"pages": pages, "depth": depth, "rounds": rounds}
    begun = given(asked, plan, web, numbers, experiment=experiment)
    work = Work(
        question=asked, settings=settings, plan=begun, only_docs=only_docs, web=web, away=away
    )
    asks = not (yes or plan is not None or plan_only)
    return work.done(
        asks=asks, plan_only=plan_only, out=out, json_=json_, events=events, quiet=quiet
    )


_MOST = {"pages": 10, "depth": 40, "rounds": 4}
"""Numbers of a plan that flags may set, with the most they may be."""


def given(
    question: str,
    plan: Path | None,
    web: WebFlags,
    numbers: Mapping[str, int | None],
    *,
    experiment: bool = False,
) -> Plan:
    """Return what is known of the plan before the lead is asked.

    Sites that the question names are open unless others are: the person sees them in the plan.

    Raises:
        UsageError: If the file or a number is wrong.
    """
    found = Plan(goal="", parts=())
    if plan is not None:
        try:
            text = plan.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--plan {plan} cannot be read: {error}") from None
        found = read_plan(text, where=f"--plan {plan}", loopback=web.web_loopback)
    said = {name: number for name, number in numbers.items() if number is not None}
    for name, number in said.items():
        if not 1 <= number <= _MOST[name]:
            raise UsageError(f"--{name} takes 1 to {_MOST[name]}, not {number}")
    # A plan that names none means none.
    named = sites_in(question, loopback=web.web_loopback) if plan is None else found.sites
    sites = web.site or named
    return replace(
        found, sites=sites, no_sites=web.no_site or found.no_sites,
        experiment=experiment or found.experiment, **said,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Work:
    """One research, or one wide run, with its options."""

    question: str
    settings: dict[str, Setting]
    plan: Plan
    only_docs: bool
    web: WebFlags
    way: Way = "orchestrate"
    away: BackgroundFlags = HERE

    def done(
        self, *, asks: bool, plan_only: bool, out: tuple[Path, ...], json_: bool, events: bool,
        quiet: bool,
    ) -> int:  # fmt: skip
        """Do it, print what came of it, and return the exit code."""
        if self.away.background:
            return self._sent_off(asks=asks, plan_only=plan_only, out=out, json_=json_, quiet=quiet)
        if asks and not (sys.stdin is not None and sys.stdin.isatty()):
            raise UsageError("the plan is shown first, and nobody is there to see it; add --yes")
        view = choose_view(quiet=quiet or events, json_=json_)
        planned: list[Plan] = []
        on_plan = partial(_shown, view) if asks else partial(_kept, planned) if plan_only else None
        asked = asyncio.run(self._run(view, on_plan, events=events))
        if planned:
            print(plan_as_toml(planned[0]), end="")
            return ANSWERED
        for path in out:
            write_out(asked, path, self.question)
            notice(f"wrote {path}")
        if not events:
            text = report_as_text(asked, self.question, only=quiet)
            print(as_json_line(asked) if json_ else text)
        return exit_code(asked)

    def _sent_off(
        self, *, asks: bool, plan_only: bool, out: tuple[Path, ...], json_: bool, quiet: bool
    ) -> int:
        """Let a process of its own do it; it waits for the person where it has to ask."""
        if plan_only or out:
            raise UsageError(
                "--background prints the run's name and no more: leave out --plan-only and --out; "
                "`manyminds show RUN --out FILE` writes the report later"
            )
        view = choose_view(quiet=quiet, json_=json_)
        self._options(configured(self.settings))
        models = asyncio.run(chosen(self.settings, silent=view.silent, here=self.only_docs))
        order = Order(
            task=Task(prompt=self.question), options=self._options(models), way=self.way,
            plan=self.plan, asks=asks or self.web.confirm, notify=self.away.notify,
        )  # fmt: skip
        return send_off(order, self.away, json_=json_, quiet=quiet)

    async def _run(self, view: View, on_plan: OnPlan | None, *, events: bool) -> Asked:
        self._options(configured(self.settings))  # wrong ones are told before a model is sought

        async def work(models: tuple[str, ...], watch: Watch) -> Asked:
            return await run_research(
                Task(prompt=self.question), self._options(models), self.plan, data=data_home(),
                cache=cache_home(), watch=watch, on_plan=on_plan, way=self.way,
            )  # fmt: skip

        return await in_session(
            self.settings, view, work, events=events, here=self.only_docs, confirm=self.web.confirm
        )

    def _options(self, models: tuple[str, ...]) -> AskOptions:
        values = {name: setting.value for name, setting in self.settings.items()}
        budget, docs, seed = values["budget"], values["docs"], values["seed"]
        flags = replace(self.web, site=self.plan.sites, no_site=self.plan.no_sites)
        web = replace(flags.options(str(values["search"])), lists=self.way == "wide")
        return AskOptions(
            models=models,
            limits=parse_limits(budget) if isinstance(budget, str) else Limits(),
            docs=Path(docs) if isinstance(docs, str) else None,
            only_docs=self.only_docs,
            web=None if self.only_docs else web,
            seed=seed if isinstance(seed, int) else None,
        )


async def _kept(planned: list[Plan], plan: Plan, _run: str, _ahead: Expected) -> Plan:
    planned.append(plan)
    raise RunCancelled("only the plan was wanted")


async def _shown(view: View, plan: Plan, run: str, ahead: Expected) -> Plan:
    steering = f'While it runs: manyminds steer {run} hint "WORDS" | drop PART | now'
    return await ask_about(view, plan, f"Expected: {ahead}\n{steering}")
