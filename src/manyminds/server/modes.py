"""Ways to work a question, as models that a client can name.

`heavy` is the panel on the server's own models, `heavy/openai:gpt-5-mini` on that one alone. Only
models that the server was begun with can be named: a client does not send it elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from manyminds.core.errors import UnknownName, UsageError
from manyminds.core.values import AgentEffort, Limits, Plan, Task
from manyminds.runtime.choose import AskOptions, choose_strategy, member_count
from manyminds.runtime.orders import Order, Way
from manyminds.runtime.web import WebOptions, sites_in
from manyminds.strategies.registry import ALONE, strategy_names

__all__ = ["Asking", "Modes", "ReasoningEffort"]

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
EFFORTS: tuple[ReasoningEffort, ...] = get_args(ReasoningEffort)
_MEMBERS: dict[ReasoningEffort, int] = {"low": 2, "medium": 4, "high": 6, "xhigh": 8}
"""Of a panel; less than `low` is none any more."""
_WAYS: dict[str, Way] = {"research": "orchestrate", "wide": "wide"}
_ABOUT = {
    "auto": "chooses by the question what to spend, and goes on to the panel where it must",
    "heavy": "a panel works it side by side, settles its disagreements and answers once",
    "single": "one member with tools",
    "brief": "one call, no tools, no reasoning",
    "research": "a report on the web and documents, each number cited",
    "wide": "a table of all there are of something, each cell cited",
}


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What a client may say beside the question."""

    effort: ReasoningEffort | None = None
    members: int | None = None
    efforts: tuple[AgentEffort, ...] = ()
    limits: Limits = Limits()
    web: bool = False
    sites: tuple[str, ...] = ()
    seed: int | None = None
    asks: bool = False
    """Whether the person is to approve the plan, and addresses that nobody named."""


@dataclass(frozen=True, kw_only=True)
class Modes:
    """The models of one server."""

    models: tuple[str, ...]
    """Names of the models that work."""
    docs: Path | None = None
    mcp: Path | None = None
    """File that names other MCP servers, whose tools all runs may use."""
    search: str = "ddgs"

    def names(self) -> Sequence[str]:
        """Return what a client can name, the short names first."""
        modes = [*_ABOUT, *(name for name in strategy_names() if name not in _ABOUT)]
        modes = [name for name in modes if name != "orchestrate"]
        return [*modes, *(f"{mode}/{model}" for model in self.models for mode in modes)]

    def about(self, name: str) -> str:
        """Say what a name stands for, in a line."""
        mode = name.partition("/")[0]
        return _ABOUT.get(mode, f"the strategy {mode}")

    def order(self, name: str, task: Task, asking: Asking) -> Order:
        """Return what a name and what is said beside it come to.

        Raises:
            UnknownName: If there is none of that name.
            UsageError: If they do not fit together.
        """
        if name not in self.names():
            raise UnknownName("model", name, [one for one in self.names() if "/" not in one])
        mode, _, model = name.partition("/")
        options = AskOptions(
            models=(model,) if model else self.models, limits=asking.limits, docs=self.docs,
            mcp=self.mcp, seed=asking.seed, members=asking.members,
            thinking=_thinking(mode, asking.effort), efforts=asking.efforts,
        )  # fmt: skip
        web = WebOptions(engines=self.search, sites=asking.sites, lists=mode == "wide")
        if mode in _WAYS:
            if task.schema_json is not None:
                raise UsageError(f"{mode} writes a report of its own form; leave out the schema")
            sites = asking.sites or sites_in(task.prompt, loopback=False)
            plan = Plan(goal="", parts=(), sites=sites)
            return Order(
                task=task, options=replace(options, web=web), way=_WAYS[mode], plan=plan,
                asks=asking.asks,
            )  # fmt: skip
        options = replace(
            options, strategy=mode, web=web if asking.web else None,
            members=_members(mode, asking),
        )  # fmt: skip
        choose_strategy(options, Path())
        member_count(options, mode)  # wrong ones are told before anything is begun
        return Order(task=task, options=options, asks=asking.asks)


def _members(mode: str, asking: Asking) -> int | None:
    if asking.members is not None or asking.effort is None or mode in ALONE:
        return asking.members
    return _MEMBERS.get(asking.effort, 2)


def _thinking(mode: str, effort: ReasoningEffort | None) -> bool | None:
    """Return whether models are to reason first: for one member that is what effort means."""
    if effort is None:
        return None
    if effort in ("none", "minimal"):
        return False
    return True if mode in ALONE and mode != "brief" else None
