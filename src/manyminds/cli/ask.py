"""`manyminds ask`: one question, a panel at work, one answer."""

import asyncio
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, get_args

from cyclopts import Parameter

from manyminds.budget.parse import parse_limits
from manyminds.cli.background import HERE, BackgroundFlags, send_off
from manyminds.cli.judges import UNSAID, JudgeFlags
from manyminds.cli.person import asked_in_terminal
from manyminds.cli.question import read_question, read_schema
from manyminds.cli.session import chosen, configured, exit_code, in_session
from manyminds.cli.view import View, choose_view
from manyminds.cli.web import DEFAULT, WebFlags
from manyminds.cli.words import answer_as_text, as_json_line
from manyminds.core.errors import UnknownName, UsageError
from manyminds.core.values import AgentEffort, Limits, Task
from manyminds.runtime.ask import Asked, AskOptions, Watch
from manyminds.runtime.ask import ask as run_ask
from manyminds.runtime.orders import Order
from manyminds.runtime.paths import cache_home, data_home
from manyminds.runtime.settings import Setting, load_settings
from manyminds.strategies.registry import EFFORTS, Effort

__all__ = ["ask"]


def ask(  # noqa: D417 (the flags of the web say themselves what they are)
    question: str | None = None,
    *,
    effort: str | None = None,
    strategy: str | None = None,
    judges: JudgeFlags = UNSAID,
    members: str | None = None,
    efforts: str | None = None,
    model: Annotated[tuple[str, ...], Parameter(consume_multiple=False)] = (),
    budget: str | None = None,
    docs: str | None = None,
    mcp: str | None = None,
    web: WebFlags = DEFAULT,
    schema: Path | None = None,
    thinking: bool | None = None,
    prefer: Literal["energy"] | None = None,
    clarify: Annotated[bool, Parameter(negative=())] = False,
    away: BackgroundFlags = HERE,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
    events: Annotated[bool, Parameter(negative=())] = False,
    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), negative=())] = False,
    seed: int | None = None,
) -> int:
    """Ask a question. The answer goes to stdout, everything else to stderr.

    Exit codes: 0 answered, 1 no answer, 2 wrong use, 3 out of budget, 4 provider trouble, 130
    interrupted. Ctrl-C once finishes with what is there; twice stops.

    Args:
        question: The question; `@file` reads a file, `-` or nothing reads stdin.
        effort: low, medium, high, heavy or auto.
        strategy: Another way to spend, by name, like best_of_n; overrides --effort.
        members: 1 to 16, or auto; to 100 for the strategy swarm.
        efforts: Of the members in turn: low,high makes every second one work less.
        model: provider:name or http://host:port/v1#name; several make a mixed panel.
        budget: What may be spent: 200k,0.50usd,5m.
        docs: Folder of documents that members may search and cite.
        mcp: File with mcpServers, as other hosts write it, whose tools members may use.
        schema: File with a JSON Schema the answer must obey.
        thinking: Let models that can reason first do so, or not; by default each as it likes.
        prefer: energy: what `manyminds route green` found to take least of it, and be as accurate.
        clarify: Ask back first where the question can be understood in two ways; needs a terminal.
        json_: Print one JSON object.
        events: Print every event as a line of JSON instead.
        quiet: Show nothing but the answer.
        seed: Whole number; the same one draws the same samples from servers that obey it.
    """
    settings = load_settings({
        "models": model, "effort": effort, "strategy": strategy, "members": _members(members),
        "budget": budget, "docs": docs, "search": web.search, "seed": seed, "mcp": mcp,
    })  # fmt: skip
    task = Task(prompt=read_question(question), schema_json=read_schema(schema))
    more = _More(
        judges=judges.checked(), thinking=thinking, prefer=prefer, clarify=clarify, web=web,
        efforts=_efforts(efforts),
    )  # fmt: skip
    return _done(task, settings, more, away, json_=json_, events=events, quiet=quiet)


def _done(
    task: Task, settings: dict[str, Setting], more: "_More", away: BackgroundFlags, *, json_: bool,
    events: bool, quiet: bool,
) -> int:  # fmt: skip
    """Work the question here, or let it go on by itself; print what there is to print."""
    view = choose_view(quiet=quiet or events, json_=json_)
    if away.background:
        order = asyncio.run(_order(task, settings, view, more, away))
        return send_off(order, away, json_=json_, quiet=quiet)
    asked = asyncio.run(_run(task, settings, view, more, events=events))
    if not events:
        print(as_json_line(asked) if json_ else answer_as_text(asked, only=quiet))
    return exit_code(asked)


def _members(text: str | None) -> int | None:
    if text is None or text == "auto":
        return None
    if not text.isdecimal() or not text.isascii():
        raise UsageError(f"--members takes 1 to 16 or auto, not {text!r}")
    return int(text)


@dataclass(frozen=True, kw_only=True)
class _More:
    """Flags of one question that are no settings."""

    judges: JudgeFlags
    thinking: bool | None
    prefer: Literal["energy"] | None
    clarify: bool
    web: WebFlags
    efforts: tuple[AgentEffort, ...]

    def __post_init__(self) -> None:
        if self.clarify and not sys.stdin.isatty():
            raise UsageError("--clarify needs a terminal to ask you in; leave it out here")
        if (self.web.site or self.web.no_site) and not self.web.web:
            raise UsageError("--site and --no-site go with --web; add it")


def _options(settings: dict[str, Setting], models: tuple[str, ...], more: _More) -> AskOptions:
    values = {name: setting.value for name, setting in settings.items()}
    strategy, members, seed = values["strategy"], values["members"], values["seed"]
    budget, docs, mcp = values["budget"], values["docs"], values["mcp"]
    return AskOptions(
        models=models,
        effort=_effort(str(values["effort"])),
        strategy=strategy if isinstance(strategy, str) else None,
        members=members if isinstance(members, int) else None,
        limits=parse_limits(budget) if isinstance(budget, str) else Limits(),
        docs=Path(docs) if isinstance(docs, str) else None,
        mcp=Path(mcp).absolute() if isinstance(mcp, str) else None,
        web=more.web.options(str(values["search"])) if more.web.web else None,
        seed=seed if isinstance(seed, int) else None,
        verifier=more.judges.verifier,
        ranker=more.judges.ranker,
        efforts=more.efforts,
        thinking=more.thinking,
        abstain=more.judges.abstain,
        prefer=more.prefer,
    )


def _efforts(text: str | None) -> tuple[AgentEffort, ...]:
    known: dict[str, AgentEffort] = {one: one for one in get_args(AgentEffort)}
    asked = [] if text is None else [part.strip() for part in text.split(",")]
    if wrong := [part for part in asked if part not in known]:
        raise UnknownName("effort of a member", wrong[0], known)
    return tuple(known[part] for part in asked)


def _effort(text: str) -> Effort:
    for effort in EFFORTS:
        if effort == text:
            return effort
    raise UnknownName("effort", text, EFFORTS)


async def _run(
    task: Task, settings: dict[str, Setting], view: View, more: _More, *, events: bool
) -> Asked:
    async def work(models: tuple[str, ...], watch: Watch) -> Asked:
        back = replace(watch, on_doubt=partial(_ask_back, view)) if more.clarify else watch
        options = _options(settings, models, more)
        order = Order(task=task, options=options, clarify=more.clarify)
        return await run_ask(
            task, options, data=data_home(), cache=cache_home(), watch=back, order=order
        )

    _options(settings, configured(settings), more)  # wrong ones are told before a model is sought
    return await in_session(settings, view, work, events=events, confirm=more.web.confirm)


async def _order(
    task: Task, settings: dict[str, Setting], view: View, more: _More, away: BackgroundFlags
) -> Order:
    """Return what a process of its own is to do."""
    if more.clarify:
        raise UsageError("--clarify asks you in this terminal; leave it out with --background")
    _options(settings, configured(settings), more)  # wrong ones are told before a model is sought
    options = _options(settings, await chosen(settings, silent=view.silent), more)
    return Order(task=task, options=options, asks=more.web.confirm, notify=away.notify)


async def _ask_back(view: View, question: str) -> str | None:
    return await asked_in_terminal(view, f"{question}\n> ") or None
