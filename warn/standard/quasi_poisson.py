"""Quasi-Poisson regression with a log link, weights and an offset, by iteratively re-weighted least squares.

Stops when the deviance does, with the limits of R's `glm`, so that its numbers can be reproduced.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from warn.baseline import Array

MOST_STEPS = 25
ENOUGH = 1e-8


@dataclass(frozen=True)
class Fit:
    """Coefficients, fitted means, leverages, residual degrees of freedom, and the covariance at dispersion 1."""

    beta: Array
    mu: Array
    leverage: Array
    freedom: int
    covariance: Array
    dispersion: float
    converged: bool


def fit(design: Array, y: Array, weights: Array, offset: Array) -> Fit | None:
    """Fit `log E[y] = design @ beta + offset`; None where the deviance leaves the numbers."""
    mu = y + 0.1
    eta = np.log(mu)
    before, converged = _deviance(y, mu, weights), False
    beta: Array = np.zeros(design.shape[1])
    for _ in range(MOST_STEPS):
        root = np.sqrt(weights * mu)
        step = np.linalg.lstsq(design * root[:, None], (eta - offset + (y - mu) / mu) * root, rcond=None)
        beta = np.asarray(step[0], dtype=np.float64)
        eta = design @ beta + offset
        with np.errstate(over="ignore"):
            mu = np.exp(eta)
        after = _deviance(y, mu, weights)
        if not np.isfinite(after):
            return None
        converged = abs(after - before) / (abs(after) + 0.1) < ENOUGH
        if converged:
            break
        before = after
    working = weights * mu
    q, r = np.linalg.qr(design * np.sqrt(working)[:, None])
    freedom = int((weights > 0).sum()) - design.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = float(np.sum(working * ((y - mu) / mu) ** 2) / freedom)
    return Fit(beta, mu, (q**2).sum(1), freedom, np.linalg.pinv(r.T @ r), dispersion, bool(converged))


def _deviance(y: Array, mu: Array, weights: Array) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(2 * np.sum(weights * (xlogy(y, y / mu) - (y - mu))))
