"""What a question is worked by: the options, and the strategy and panel size they come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from manyminds.agents.roster import MAX_MEMBERS
from manyminds.core.errors import UnknownName, UsageError
from manyminds.core.protocols import Ranker, Run, Strategy, Verifier
from manyminds.core.values import AgentEffort, Limits, Task
from manyminds.judging.agreement import Agreement, Aligned, Choices, TrustedRanker
from manyminds.judging.rankers.registry import ranker_named, ranker_names
from manyminds.judging.verifiers.registry import verifier_named, verifier_names
from manyminds.runtime.flight import Patience
from manyminds.runtime.green import greenest, load_ways
from manyminds.runtime.labels import MODERATOR, learned_weights, report
from manyminds.runtime.routing import load_router
from manyminds.runtime.web import WebOptions
from manyminds.strategies.auto import Auto
from manyminds.strategies.best_of_n import BestOfN
from manyminds.strategies.crew import Crew
from manyminds.strategies.debate import Debate
from manyminds.strategies.question import family_of
from manyminds.strategies.registry import ALONE, Effort, for_effort, strategy_named
from manyminds.strategies.swarm import SWARM_MEMBERS
from manyminds.strategies.tally import fitting_verifier

__all__ = [
    "AskOptions",
    "choose_strategy",
    "doubt_about_judge",
    "doubting",
    "greener",
    "member_count",
]

_MEMBERS: dict[Effort, int] = {"low": 1, "medium": 1, "high": 5, "heavy": 4, "auto": 4}


@dataclass(frozen=True, kw_only=True)
class AskOptions:
    """How a question is to be worked."""

    models: tuple[str, ...]
    effort: Effort = "heavy"
    strategy: str | None = None
    """Overrides the effort's own."""
    members: int | None = None
    """`None`: as many as the effort level wants."""
    limits: Limits = field(default_factory=Limits)
    docs: Path | None = None
    only_docs: bool = False
    """Whether nothing may leave this machine: documents, and models that run here."""
    web: WebOptions | None = None
    """`None`: nothing is searched or fetched."""
    mcp: Path | None = None
    """File that names other MCP servers, whose tools members may use."""
    seed: int | None = None
    """`None`: drawn, and recorded."""
    patience: Patience = field(default_factory=Patience)
    verifier: str | None = None
    """`NAME` or `NAME:ARGUMENT` of a verifier for `best_of_n`."""
    ranker: str | None = None
    """Name of a ranker for `best_of_n`."""
    abstain: float | None = None
    """Confidence, 0 to 1, below which an answer is only a partial one; `None`: never."""
    efforts: tuple[AgentEffort, ...] = ()
    """Of the members in turn; empty: as the strategy has it."""
    thinking: bool | None = None
    """Whether models that can reason first should; `None` leaves it to each model."""
    prefer: Literal["energy"] | None = None
    """Let what was measured here choose model, strategy and panel; `None`: the options above."""


def greener(options: AskOptions, task: Task, data: Path) -> tuple[AskOptions, str]:
    """Return the options with what takes least energy without costing accuracy, and why.

    Where questions of this kind were not measured, or the answer has to obey documents or a schema,
    `auto` chooses.

    Raises:
        UsageError: If the options say otherwise already, or nothing was measured yet.
    """
    said = {
        "--strategy": options.strategy, "--verifier": options.verifier, "--ranker": options.ranker,
        "--members": options.members,
    }  # fmt: skip
    if against := [flag for flag, value in said.items() if value is not None]:
        raise UsageError(f"--prefer energy chooses these itself: leave out {', '.join(against)}")
    family = family_of(task.prompt)
    found = greenest(load_ways(data), family, options.models)
    why = f"no two ways were measured on enough questions like this one ({family})"
    looks_up = options.docs is not None or options.web is not None or options.mcp is not None
    if looks_up or task.schema_json is not None:
        found, why = None, "benches say nothing of questions with documents, the web or a schema"
    if found is None:
        return replace(options, strategy="auto"), f"auto: {why}"
    way, best = found
    chosen = replace(options, models=(way.model,), strategy=way.strategy, members=way.members)
    told = f"{way.accuracy:.0%} of {way.n} questions like it right for {way.joules:.0f} J"
    other = "" if way == best else f"; {best.strategy} {best.accuracy:.0%} for {best.joules:.0f} J"
    return chosen, f"{way.strategy} with {way.model}: {told}{other} (estimates)"


def choose_strategy(options: AskOptions, data: Path) -> tuple[str, Strategy]:
    """Return the strategy that the options name, with its name.

    Raises:
        UsageError: If they do not fit together.
        UnknownName: If there is none of that name.
    """
    name, strategy = _named(options, data)
    return name, Auto(router=load_router(data)) if isinstance(strategy, Auto) else strategy


def doubt_about_judge(strategy: Strategy, data: Path) -> str | None:
    """Return why the model that judges in a strategy may not decide; `None`: it may, or none does.

    Raises:
        RecordError: If the labels cannot be read.
    """
    match strategy:
        case Crew(roles=roles):
            ending = next(role.name for role in roles if role.may_end)
            agreed = report(data).judges.get(ending)
            return None if agreed is None else agreed.doubt()
        case Debate():
            chosen = report(data).rankers.get(MODERATOR)
            return None if chosen is None else chosen.doubt(MODERATOR)
        case _:
            return None


def doubting(strategy: Strategy, doubt: str | None) -> Strategy:
    """Return a strategy whose judge is not asked where there is a doubt about it."""
    if isinstance(strategy, Crew | Debate) and doubt is not None:
        return replace(strategy, doubt=doubt)
    return strategy


def _named(options: AskOptions, data: Path) -> tuple[str, Strategy]:
    if options.verifier is not None or options.ranker is not None:
        return "best_of_n", _best_of_n(options, data)
    if options.strategy is not None:
        return options.strategy, strategy_named(options.strategy)
    return for_effort(options.effort)


def _is_model(verifier: str) -> bool:
    """Say whether a model judges, who may decide only as far as it agrees with the person."""
    return verifier.partition(":")[0] == "rubric"


def _best_of_n(options: AskOptions, data: Path) -> Strategy:
    """Return best-of-n with the verifier and ranker that were named; wrong names are told first."""
    if options.strategy not in (None, "best_of_n"):
        raise UsageError(
            f"--verifier and --ranker go with --strategy best_of_n, not {options.strategy}"
        )
    verifier, ranker = options.verifier, options.ranker
    if verifier is not None and (name := verifier.partition(":")[0]) not in verifier_names():
        raise UnknownName("verifier", name, verifier_names())
    if ranker is not None and ranker not in ranker_names():
        raise UnknownName("ranker", ranker, ranker_names())
    agreed: Mapping[str, Agreement] = {}
    chosen: Mapping[str, Choices] = {}
    if ranker is not None or (verifier is not None and _is_model(verifier)):
        found = report(data)
        agreed, chosen = found.judges, found.rankers
    weights = learned_weights(data) if ranker == "features" else None

    def make(run: Run) -> Verifier:
        if verifier is None:
            return fitting_verifier(run)
        made = verifier_named(verifier, run)
        return Aligned(verifier=made, found=agreed.get(made.name)) if _is_model(verifier) else made

    def make_ranker(run: Run) -> Ranker:
        made = ranker_named(ranker or "", run, weights)
        return TrustedRanker(ranker=made, found=chosen.get(made.name))

    return BestOfN(verifier=make, ranker=None if ranker is None else make_ranker)


def member_count(options: AskOptions, strategy: str) -> int:
    """Return how many members the panel has.

    Raises:
        UsageError: If the options ask for too many or none.
    """
    if options.members is None:
        if strategy == "swarm":
            return MAX_MEMBERS
        return 1 if strategy in ALONE else max(_MEMBERS[options.effort], 4)
    most = SWARM_MEMBERS if strategy == "swarm" else MAX_MEMBERS
    if not 1 <= options.members <= most:
        more = "" if strategy == "swarm" else f" (--strategy swarm takes {SWARM_MEMBERS})"
        raise UsageError(f"--members takes 1 to {most}, not {options.members}{more}")
    return options.members
