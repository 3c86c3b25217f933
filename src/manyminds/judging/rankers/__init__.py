"""Rankers: each orders several candidates, best first, with a reason that a person can check."""

from manyminds.judging.rankers.aggregate import borda, bradley_terry
from manyminds.judging.rankers.features import FEATURES, FeatureRanker, fit_weights
from manyminds.judging.rankers.pairwise import Pairwise
from manyminds.judging.rankers.step_scores import StepScores

__all__ = [
    "FEATURES",
    "FeatureRanker",
    "Pairwise",
    "StepScores",
    "borda",
    "bradley_terry",
    "fit_weights",
]
