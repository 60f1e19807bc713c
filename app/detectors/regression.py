"""Weighted regression in which every school is judged by what the others say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.detectors.over_dispersion import huber_square


@dataclass(frozen=True)
class DeletedFit:
    """Residuals of schools, each from the fit without it; arrays of length S.

    Attributes
    ----------
    z : ndarray
        Residual over its standard deviation, that of the prediction included.
    residual, deviation, predicted : ndarray
        In the unit of y.
    coefficients : ndarray, shape (p + 1,)
        Constant first, of the fit with all schools kept.
    tau2 : float
        Variance between honest schools beyond sampling error.
    degrees : float
    """

    z: np.ndarray
    residual: np.ndarray
    deviation: np.ndarray
    predicted: np.ndarray
    coefficients: np.ndarray
    tau2: float
    degrees: float


def deleted_residuals(
    y: np.ndarray, design: np.ndarray, weight: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Residual of every observation from the weighted fit without it, and its variance.

    Parameters
    ----------
    y : ndarray, shape (S,)
    design : ndarray, shape (S, p)
        With a constant.
    weight : ndarray, shape (S,)
        Weights of the fit, zero for observations outside it.
    variance : ndarray, shape (S, q)
        Components of the variance of each observation, one a column.

    Returns
    -------
    coefficients : ndarray, shape (p,)
    residual : ndarray, shape (S,)
    spread : ndarray, shape (S, q)
        Variance of the residual by component.

    Notes
    -----
    With :math:`A = (X^T W X)^{-1}`, :math:`g_i = A x_i`, :math:`h_i = w_i x_i^T g_i`,

    .. math:: e_{(i)} = \frac{e_i}{1 - h_i}, \qquad
              \mathrm{Var}\,e_{(i)} = V_i + \frac{g_i^T (\sum_j w_j^2 V_j x_j x_j^T) g_i - h_i^2 V_i}{(1 - h_i)^2},

    which is :math:`V_i/(1 - h_i)` where the weights are the inverse variances.

    References
    ----------
    .. [1] R. D. Cook, S. Weisberg, "Residuals and Influence in Regression", 1982, sec. 2.2 and appendix A.2.
    """
    inverse = np.linalg.inv(design.T @ (design * weight[:, None]))
    coefficients = inverse @ (design.T @ (weight * y))
    g = design @ inverse
    h = np.clip(weight * np.einsum("ij,ij->i", g, design), 0.0, 0.95)
    spread = np.empty_like(variance)
    for k, own in enumerate(variance.T):
        middle = design.T @ (design * (weight**2 * own)[:, None])
        spread[:, k] = own + (np.einsum("ij,jk,ik->i", g, middle, g) - h**2 * own) / (1 - h) ** 2
    return coefficients, (y - design @ coefficients) / (1 - h), spread


def deleted_fit(
    y: np.ndarray,
    X: np.ndarray,
    weight: np.ndarray,
    sampling: np.ndarray,
    noise: np.ndarray,
    fit_on: np.ndarray,
    *,
    shared: np.ndarray | None = None,
    huber: float = 1.345,
    reject: float = np.inf,
) -> DeletedFit:
    r"""Regression with given weights, over-dispersion from the pool, and externally studentised residuals.

    Parameters
    ----------
    y : ndarray, shape (S,)
    X : ndarray, shape (S, p)
        Predictors, without a constant.
    weight : ndarray, shape (S,)
        Weights of the coefficients (works of both years).
    sampling : ndarray, shape (S,)
        Sampling variance of y.
    noise : ndarray, shape (S, p)
        Sampling variance of the predictors.
    fit_on : ndarray of bool, shape (S,)
    shared : ndarray, shape (S,), optional
        Loading of a second variance of unknown size, for schools that honestly change more than others.
    huber : float
        Squares of standardised residuals are bounded at its square when the over-dispersion is estimated.
    reject : float
        Schools with a larger \|z\| leave the fit, which is repeated until none does.

    Returns
    -------
    DeletedFit

    Notes
    -----
    :math:`V_i = \tau^2 + \omega d_i + v_i + \sum_k \beta_k^2 u_{ik}`; :math:`\tau^2` solves
    :math:`\sum_i \min(e_{(i)}^2/\mathrm{Var}\,e_{(i)}, k^2) = S\,E\min(Z^2, k^2)`, and :math:`\omega` the same equation
    multiplied by :math:`d_i - \bar d` (see `dispersion.school_effects`).
    """
    design = np.column_stack((np.ones(len(y)), X))
    loading = np.zeros(len(y)) if shared is None else shared
    kept = fit_on
    coefficients = np.zeros(design.shape[1])
    for _ in range(8):
        used = np.where(kept, weight, 0.0)
        for _ in range(3):
            components = np.column_stack((np.ones(len(y)), loading, sampling + noise @ coefficients[1:] ** 2))
            coefficients, residual, spread = deleted_residuals(y, design, used, components)
        tau2, omega = _over_dispersion(residual[kept] ** 2, spread[kept], loading[kept], huber)
        deviation = np.sqrt(np.maximum(spread @ np.array([tau2, omega, 1.0]), 1e-12))
        z = residual / deviation
        fresh = fit_on & (np.abs(z) <= reject)
        if np.array_equal(fresh, kept) or fresh.sum() < 0.6 * fit_on.sum():
            break
        kept = fresh
    return DeletedFit(
        z,
        residual,
        deviation,
        y - residual,
        coefficients,
        tau2,
        max(3.0, 0.8 * (float(kept.sum()) - design.shape[1])),
    )


def _over_dispersion(squares: np.ndarray, spread: np.ndarray, loading: np.ndarray, huber: float) -> tuple[float, float]:
    """τ² and ω that bring the bounded squares of standardised residuals to their expectation; nested bisection."""
    expected, limit = huber_square(huber), huber**2
    top = 4 * float(squares.max(initial=0.0)) + 1e-9

    def bounded(tau2: float, omega: float) -> np.ndarray:
        return np.minimum(squares / np.maximum(spread @ np.array([tau2, omega, 1.0]), 1e-12), limit)

    def tau2_given(omega: float, steps: int) -> float:
        if bounded(0.0, omega).mean() <= expected:
            return 0.0
        low, high = 0.0, top
        for _ in range(steps):
            middle = (low + high) / 2
            low, high = (middle, high) if bounded(middle, omega).mean() > expected else (low, middle)
        return (low + high) / 2

    tau2 = tau2_given(0.0, 60)
    centred = loading - loading.mean()
    if np.ptp(loading) < 0.05 or bounded(tau2, 0.0) @ centred <= 0:
        return tau2, 0.0
    low, high = 0.0, 4 * (tau2 + float(np.median(spread[:, 2])))
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if bounded(tau2_given(middle, 20), middle) @ centred > 0 else (low, middle)
    omega = (low + high) / 2
    return tau2_given(omega, 60), omega
