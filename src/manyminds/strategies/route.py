"""The router: what a question needs and what that is worth, from its words and from past runs.

A small softmax model over features and word stems gives each route a probability; it was fitted on
labelled questions (`benchmarks/routing.py`, which writes `route_weights.json` beside this file).
How much to spend then follows from expected gain less cost. Past runs of one's own, where there
are enough, say better than the words how often one member's answer stands.

A route is always a proposal to spend little first: whatever it says, `auto` can still answer with
one call, and goes on to more where that call's answer does not hold.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import numpy as np

from manyminds.judging.logistic import fit_logistic
from manyminds.strategies.question import FEATURES, expression_in, features_of, stems_of

__all__ = [
    "REQUESTS",
    "ROUTES",
    "Choice",
    "Route",
    "Router",
    "fit_router",
    "inputs",
    "route_probabilities",
    "shipped_weights",
]

Route = Literal["calculator", "python", "docs", "search", "one_call", "panel", "ask"]
ROUTES: tuple[Route, ...] = get_args(Route)
RouteEffort = Literal["low", "medium", "high", "heavy"]

_TOOLS: Mapping[Route, str] = {
    "calculator": "calculate",
    "python": "python",
    "docs": "search_docs",
    "search": "search_web",
}
"""What a route cannot do without."""
REQUESTS: Mapping[RouteEffort, int] = {"low": 1, "medium": 3, "high": 5, "heavy": 15}
"""About what each effort costs, in model requests of one size."""
WORTH = 20
"""Requests that a right answer is worth. From 1 (never more than one call) upwards."""
_EASIER, _HARDER = 0.2, 0.8
"""Share of panel questions that samples alone do not settle: plain ones; code and proofs."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a router chose."""

    route: Route
    effort: RouteEffort
    confidence: float
    """That this is enough, 0 to 1."""
    why: str


@dataclass(frozen=True, kw_only=True)
class Router:
    """Chooses by the shipped weights; by what past runs taught as well, where they taught."""

    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of each feature and of "bias": log-odds that one member's answer would have stood."""
    runs: int = 0
    """How many runs the weights were learned from."""

    def choose(self, question: str, *, tools: Sequence[str] = ()) -> Choice:
        """Choose for a question, among the tools there are."""
        if "calculate" in tools and expression_in(question) is not None:
            return Choice(
                route="calculator", effort="low", confidence=0.99, why="it is one expression"
            )
        likely = route_probabilities(question, tools)
        panel = likely["panel"]
        more, why = panel, f"by its words {_most(likely)} is likeliest"
        if self.weights:
            more = 1 - self.alone(question)
            why = f"one member stood in {1 - more:.0%} of {self.runs} runs like it"
        shown = dict(zip(FEATURES, features_of(question), strict=True))
        tooled = sum(likely[route] for route in _TOOLS) * (1 - more) / max(1e-9, 1 - panel)
        share = _HARDER if shown["very_hard"] or shown["code"] else _EASIER
        enough: dict[RouteEffort, float] = {
            "low": 1 - more - tooled, "medium": 1 - more, "high": 1 - more * share, "heavy": 1.0,
        }  # fmt: skip
        effort = max(enough, key=lambda e: WORTH * enough[e] - REQUESTS[e])
        if shown["code"] and effort in ("low", "medium"):
            # Programs are easily wrong, and samples of them are cheaply checked.
            effort = "high"
        route = _route_of(effort, likely)
        return Choice(route=route, effort=effort, confidence=min(0.99, enough[effort]), why=why)

    def alone(self, question: str) -> float:
        """Return the probability that one member's answer would have stood."""
        values = (1.0, *features_of(question))
        names = ("bias", *FEATURES)
        z = sum(self.weights.get(n, 0.0) * v for n, v in zip(names, values, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


def route_probabilities(question: str, tools: Sequence[str]) -> dict[Route, float]:
    """Return the probability of each route; 0 where its tool is not there."""
    shipped = shipped_weights()
    values = {name: value for name, value in inputs(question, tools).items() if name in shipped}
    scores: dict[Route, float] = {
        route: sum(shipped[name][place] * value for name, value in values.items())
        for place, route in enumerate(ROUTES)
        if _TOOLS.get(route) is None or _TOOLS[route] in tools
    }
    top = max(scores.values())
    powers = {route: math.exp(score - top) for route, score in scores.items()}
    whole = sum(powers.values())
    return {route: powers.get(route, 0.0) / whole for route in ROUTES}


def inputs(question: str, tools: Sequence[str]) -> dict[str, float]:
    """Return what the softmax model sees: a bias, features, stems, and optional tools by name.

    Stems are scaled so that a long question does not speak louder than a short one.
    """
    stems = stems_of(question)
    scale = 2 / math.sqrt(max(1, len(stems)))
    return {
        "bias": 1.0,
        **dict(zip(FEATURES, features_of(question), strict=True)),
        **{f"~{stem}": scale for stem in stems},
        **{f"@{tool}": 1.0 for tool in ("search_docs", "search_web") if tool in tools},
    }


@cache
def shipped_weights() -> Mapping[str, Sequence[float]]:
    """Return the shipped weights: of each input, for each route."""
    text = files("manyminds.strategies").joinpath("route_weights.json").read_text(encoding="utf-8")
    weights: dict[str, list[float]] = json.loads(text)["weights"]
    return weights


def _most(likely: Mapping[Route, float]) -> Route:
    return max(likely, key=lambda route: likely[route])


def _route_of(effort: RouteEffort, likely: Mapping[Route, float]) -> Route:
    """Return the likeliest route of those that an effort stands for."""
    if effort in ("high", "heavy"):
        return "panel"
    fitting: tuple[Route, ...] = ("one_call", "ask") if effort == "low" else tuple(_TOOLS)
    return _most({route: likely[route] for route in fitting})


def fit_router(
    runs: Sequence[tuple[str, bool]], *, ridge: float = 1.0, least: int = 40
) -> Router | None:
    """Learn from past runs whether one member's answer would have stood.

    Logistic regression with a ridge; its probabilities are calibrated where
    the features tell enough, which `least` guards only roughly.

    Args:
        runs: Each question, and whether the first member's own answer was the one delivered.
        ridge: Pull of the weights to zero.
        least: Runs below which nothing is learned.
    """
    if len(runs) < least or len({stood for _, stood in runs}) < 2:
        return None
    x = np.array([(1.0, *features_of(question)) for question, _ in runs])
    y = np.array([float(stood) for _, stood in runs])
    pull = np.full(x.shape[1], ridge)
    pull[0] = 1e-6  # the base rate is not pulled
    w = fit_logistic(x, y, pull)
    names: tuple[str, ...] = ("bias", *FEATURES)
    weights: dict[str, float] = dict(zip(names, (float(v) for v in w), strict=True))
    return Router(weights=weights, runs=len(runs))
