"""Strategies by name: a dictionary, plus what installed packages add.

A package adds one with an entry point in the group `manyminds.strategies` that names a callable
without arguments returning a `Strategy`.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Literal, get_args

from manyminds.agents.roles import PRESETS
from manyminds.core.errors import UnknownName
from manyminds.core.protocols import Strategy
from manyminds.strategies.auto import Auto
from manyminds.strategies.best_of_n import BestOfN
from manyminds.strategies.brief import Brief
from manyminds.strategies.crew import Crew
from manyminds.strategies.debate import Debate
from manyminds.strategies.heavy import Heavy
from manyminds.strategies.majority import Majority
from manyminds.strategies.mixture import Mixture
from manyminds.strategies.orchestrate import Orchestrate
from manyminds.strategies.plan_execute import PlanExecute
from manyminds.strategies.self_consistency import SelfConsistency
from manyminds.strategies.self_refine import SelfRefine
from manyminds.strategies.single import Single
from manyminds.strategies.swarm import Swarm
from manyminds.strategies.tree import Tree
from manyminds.strategies.tutor import Tutor
from manyminds.strategies.wide import Wide

__all__ = ["ALONE", "EFFORTS", "Effort", "strategy_named", "strategy_names", "thinking_for"]

Effort = Literal["low", "medium", "high", "heavy", "auto"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)

_BUILT_IN: dict[str, Callable[[], Strategy]] = {
    "single": Single,
    "brief": Brief,
    "self_consistency": SelfConsistency,
    "swarm": Swarm,
    "majority": Majority,
    "best_of_n": BestOfN,
    "self_refine": SelfRefine,
    "mixture": Mixture,
    "debate": Debate,
    "tree": Tree,
    "tree_dfs": lambda: Tree(search="dfs"),
    "crew": Crew,
    "crew_duo": lambda: Crew(roles=PRESETS["duo"]),
    "plan_execute": PlanExecute,
    "orchestrate": Orchestrate,
    "wide": Wide,
    "heavy": Heavy,
    "tutor": Tutor,
    "auto": Auto,
}
ALONE = frozenset({"single", "brief"})
"""Those of one member."""


def strategy_names() -> tuple[str, ...]:
    """Return every strategy that can be asked for."""
    return (*_BUILT_IN, *sorted(e.name for e in entry_points(group="manyminds.strategies")))


def thinking_for(name: str) -> bool | None:
    """Return whether a strategy wants models to reason first; `None` where it leaves it to them."""
    return False if name == "brief" else None


def strategy_named(name: str) -> Strategy:
    """Make the strategy of that name.

    Raises:
        UnknownName: If there is none; the nearest name is offered.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]()
    for entry in entry_points(group="manyminds.strategies", name=name):
        make: Callable[[], Strategy] = entry.load()
        return make()
    raise UnknownName("strategy", name, strategy_names())


def for_effort(effort: Effort) -> tuple[str, Strategy]:
    """Return the strategy of an effort level, with its name.

    `low` is one call without tools; `medium` one member with tools; `high` several samples until
    they agree; `heavy` the panel. `auto` chooses among them by the question, and goes on to the
    panel where the cheap answer does not hold.
    """
    made: dict[Effort, tuple[str, Strategy]] = {
        "low": ("single", Single(turns=1)),
        "medium": ("single", Single()),
        "high": ("self_consistency", SelfConsistency()),
        "heavy": ("heavy", Heavy()),
        "auto": ("auto", Auto()),
    }
    return made[effort]
