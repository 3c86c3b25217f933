"""The router: what a question needs, from its words; by rules, or by weights learned from runs.

A route is always a proposal to spend little first: whatever it says, `auto` can still answer with
one call, and goes on to more where that call's answer does not hold.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from manyminds.agents.sample import asks_for_code
from manyminds.core.errors import ToolRetry
from manyminds.judging.logistic import fit_logistic
from manyminds.tools.calculator.tool import calculate

__all__ = ["FEATURES", "ROUTES", "Choice", "Route", "Router", "features_of", "fit_router"]

Route = Literal["calculator", "python", "docs", "search", "one_call", "panel"]
ROUTES: tuple[Route, ...] = get_args(Route)
RouteEffort = Literal["low", "medium", "high", "heavy"]

_EXPRESSION = re.compile(
    r"(?:(?:what(?:'s| is| are)|calculate|compute|evaluate|how much is)\s+)?"
    r"(?P<text>.+?)\s*[?.=]*\s*",
    re.IGNORECASE | re.DOTALL,
)
_COUNTING = re.compile(
    r"\bhow (?:many|much|long|far|often|old)\b|\b(?:sum|product|average|mean|total|digits?|prime|"
    r"factorial|remainder|divisible|percent(?:age)?|permutations?|combinations?|probability|"
    r"backwards|reversed?|letters?|convert|days? (?:between|from)|day of the week)\b",
    re.IGNORECASE,
)
_NEWS = re.compile(
    r"\b(?:latest|current(?:ly)?|today|news|price of|this (?:week|month|year)|right now|recent)\b",
    re.IGNORECASE,
)
_DOCS = re.compile(
    r"\b(?:documents?|docs|files?|folder|handbook|manual|report|according to|attached|chapter)\b",
    re.IGNORECASE,
)
_HARD = re.compile(
    r"\b(?:prove|proof|design|strategy|trade-?offs?|root cause|optimi[sz]e|debug|why does"
    r"|analy[sz]e|compare|evaluate|plan|hypothes[ie]s|legal|diagnos[ei]s?|who is (?:right|lying)"
    r"|puzzle|all of the)\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"^\s*(?:hi|hello|hey|thanks?|thank you|good (?:morning|evening)|translate|rewrite|summari[sz]e"
    r"|define|what does .{1,40} mean|spell|say|name (?:a|an|one)|who (?:wrote|was|is)|what is the"
    r" capital|which (?:city|country|language|element|planet))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a router chose."""

    route: Route
    effort: RouteEffort
    confidence: float
    """That this is enough, 0 to 1: stated for rules, fitted where it was learned."""
    why: str


FEATURES = ("counts", "news", "docs", "hard", "plain", "code", "long", "numbers", "multi_part")


def features_of(question: str) -> tuple[float, ...]:
    """Return what a router looks at, in the order of `FEATURES`; each from 0 to 1."""
    numbers = len(re.findall(r"\d+(?:\.\d+)?", question))
    parts = question.count("?") + len(re.findall(r"^\s*(?:\d+[.)]|[-*])\s", question, re.MULTILINE))
    return (
        float(_COUNTING.search(question) is not None),
        float(_NEWS.search(question) is not None),
        float(_DOCS.search(question) is not None),
        float(_HARD.search(question) is not None),
        float(_PLAIN.search(question) is not None),
        float(asks_for_code(question)),
        min(1.0, len(question) / 2_000),
        min(1.0, numbers / 8),
        min(1.0, max(0, parts - 1) / 3),
    )


def expression_in(question: str) -> str | None:
    """Return the expression a question consists of, if it consists of one and can be computed."""
    found = _EXPRESSION.fullmatch(question.strip())
    if found is None or len(question) > 200 or not re.search(r"\d", found["text"]):
        return None
    try:
        result = calculate(found["text"])
    except ToolRetry:
        return None
    return None if result == found["text"] else found["text"]  # a bare number asks nothing


@dataclass(frozen=True, kw_only=True)
class Router:
    """Chooses by rules; by learned weights where there are any."""

    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of each feature and of "bias": log-odds that one member's answer would have stood."""
    runs: int = 0
    """How many runs the weights were learned from."""
    enough: float = 0.85
    """One member suffices where it would have stood with this probability."""

    def choose(self, question: str, *, tools: Sequence[str] = ()) -> Choice:
        """Choose for a question, among the tools there are."""
        ruled = _by_rules(question, tools)
        if not self.weights or ruled.route == "calculator":
            return ruled
        alone = self.alone(question)
        if alone >= self.enough:
            effort: RouteEffort = "medium" if ruled.route != "one_call" else "low"
            why = f"one member stood in {alone:.0%} of {self.runs} like runs"
            return Choice(route=ruled.route, effort=effort, confidence=alone, why=why)
        effort = "high" if alone >= 0.6 else "heavy"
        why = f"one member stood in only {alone:.0%} of {self.runs} like runs"
        return Choice(route="panel", effort=effort, confidence=1 - alone, why=why)

    def alone(self, question: str) -> float:
        """Return the probability that one member's answer would have stood."""
        values = (1.0, *features_of(question))
        names = ("bias", *FEATURES)
        z = sum(self.weights.get(n, 0.0) * v for n, v in zip(names, values, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


def _by_rules(question: str, tools: Sequence[str]) -> Choice:
    """Choose by what the words say; the first rule that fits."""
    if "calculate" in tools and expression_in(question) is not None:
        return _choice("calculator", "low", 0.99, "it is one expression")
    counts, news, docs, hard, plain, code, long, numbers, parts = features_of(question)
    if "search_docs" in tools and (docs or not (counts or code)):
        return _choice("docs", "high" if hard or parts else "medium", 0.7, "documents are there")
    if news and "search" in tools:
        return _choice("search", "medium", 0.7, "it asks for what changes")
    if code or hard or parts >= 1 / 3 or long > 0.5:
        effort: RouteEffort = "heavy" if hard or code else "high"
        return _choice("panel", effort, 0.6, "it has several parts, or one answer is easily wrong")
    if counts and "python" in tools:
        effort = "high" if numbers >= 0.5 else "medium"
        return _choice("python", effort, 0.7, "it counts or computes")
    if plain or len(question.split()) <= 4:
        return _choice("one_call", "low", 0.8, "it is plain and short")
    return _choice("panel", "high", 0.5, "nothing says that it is easy")


def _choice(route: Route, effort: RouteEffort, confidence: float, why: str) -> Choice:
    return Choice(route=route, effort=effort, confidence=confidence, why=why)


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
