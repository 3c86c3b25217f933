"""Logistic regression with a ridge, by Newton's method: what small fits on labels rest on."""

import numpy as np
import numpy.typing as npt

__all__ = ["fit_logistic"]

Floats = npt.NDArray[np.float64]


def fit_logistic(x: Floats, y: Floats, pull: Floats) -> Floats:
    """Return the weights that make the outcomes likeliest, drawn to zero.

    Args:
        x: One row of features a case, n by k; an intercept is a feature that is always 1.
        y: Outcome of each case, 0 to 1; soft targets are allowed.
        pull: Strength of the ridge on each weight, k; above 0, so that weights stay finite where
            the cases are separable.
    """
    w = np.zeros(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-(x @ w)))
        curvature = (x.T * (p * (1 - p))) @ x + np.diag(pull)
        step = np.linalg.solve(curvature, x.T @ (y - p) - pull * w)
        w = w + step
        if np.abs(step).max() < 1e-10:
            break
    return w
