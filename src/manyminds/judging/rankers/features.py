"""Order by features of an answer, with weights learned from what people preferred.

The features are those asked of a useful answer: truthful, reusable, well-formatted, of the right
length. Each is a number from 0 to 1 that is computed, not asked of a model.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from manyminds.core.values import Candidate, Ranking, Task
from manyminds.judging.logistic import fit_logistic
from manyminds.judging.steps import check_steps

__all__ = ["FEATURES", "FeatureRanker", "features_of", "fit_weights"]


def _truthful(task: Task, candidate: Candidate) -> float:
    """Evidence behind it, and no wrong step in its working."""
    steps = list(check_steps(candidate.working or candidate.text))
    wrong = sum(not step.right for step in steps)
    backed = 1.0 if candidate.evidence else 0.5
    return backed * (1 - wrong / len(steps) if steps else 1.0)


def _reusable(task: Task, candidate: Candidate) -> float:
    """It stands without the conversation around it: no "as above", no open ends."""
    loose = re.findall(
        r"\b(?:as above|see above|as mentioned|as before|etc|\.\.\.|todo|tbd)\b|…",
        candidate.text,
        re.IGNORECASE,
    )
    return 1 / (1 + len(loose))


def _formatted(task: Task, candidate: Candidate) -> float:
    """Fences and brackets are closed, JSON is JSON, paragraphs are not endless."""
    text = candidate.text
    faults = text.count("```") % 2
    faults += any(text.count(a) != text.count(b) for a, b in ("()", "[]", "{}"))
    faults += any(len(line) > 1_000 for line in text.splitlines())
    if text.strip().startswith(("{", "[")):
        try:
            json.loads(text)
        except ValueError:
            faults += 1
    return 1 / (1 + faults)


def _right_length(task: Task, candidate: Candidate) -> float:
    """Near the length that the question's kind wants: a word for a fact, a page for an essay."""
    long = re.search(
        r"\b(?:explain|describe|essay|compare|discuss|write|why|how)\b", task.prompt, re.IGNORECASE
    )
    wanted = 150 if long else 12
    words = max(1, len(candidate.text.split()))
    return math.exp(-(math.log(words / wanted) ** 2) / 8)


FEATURES: Mapping[str, Callable[[Task, Candidate], float]] = {
    "truthful": _truthful,
    "reusable": _reusable,
    "well_formatted": _formatted,
    "right_length": _right_length,
}


def features_of(task: Task, candidate: Candidate) -> tuple[float, ...]:
    """Return all features, in the order of `FEATURES`."""
    return tuple(measure(task, candidate) for measure in FEATURES.values())


@dataclass(frozen=True, kw_only=True)
class FeatureRanker:
    """Orders by the weighted sum of the features."""

    weights: Mapping[str, float]
    """By feature; what is left out counts nothing."""
    name: str = "features"

    async def rank(self, task: Task, candidates: Sequence[Candidate]) -> Ranking:
        """Compute the features of each and add them up."""
        weights = np.array([self.weights.get(name, 0.0) for name in FEATURES])
        found = [np.array(features_of(task, candidate)) @ weights for candidate in candidates]
        scores = tuple(float(score) for score in found)
        order = tuple(sorted(range(len(candidates)), key=lambda i: -scores[i]))
        heaviest = max(self.weights, key=lambda name: abs(self.weights[name]), default="none")
        why = f"by {len(self.weights)} features, {heaviest} first"
        return Ranking(order=order, scores=scores, reason=why, ranker=self.name)


def fit_weights(
    preferred: Sequence[tuple[Sequence[float], Sequence[float]]], *, ridge: float = 0.1
) -> dict[str, float]:
    """Learn weights from pairs of features, the preferred answer's first.

    Logistic regression on differences. Source: Bradley and Terry 1952 with
    features, as in Joachims 2002, Optimizing Search Engines using Clickthrough Data.

    Args:
        preferred: Features of the preferred answer, and of the other one.
        ridge: Strength of the pull to zero; keeps weights finite where the data are separable.
    """
    if not preferred:
        return dict.fromkeys(FEATURES, 0.0)
    x = np.array([np.subtract(a, b) for a, b in preferred], dtype=float)
    w = fit_logistic(x, np.ones(len(preferred)), np.full(len(FEATURES), ridge))
    return dict(zip(FEATURES, (float(v) for v in w), strict=True))
