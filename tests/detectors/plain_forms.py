"""The same sums as the fast forms, written as one would write them first; the fast ones must equal them."""

from __future__ import annotations

import numpy as np

from app.detectors.tables import Answers


def points_by_score(answers: Answers, schools: int, top: int) -> np.ndarray:
    """Points earned on each item by the works of each school at each score, (S, M + 1, K)."""
    table = np.zeros((schools, top + 1, answers.points.shape[1]))
    np.add.at(table, (answers.school, answers.score), answers.points.astype(float))
    return table


def tilted(counts, shapes, spread_prior, rounds=2000):
    """Tilts by plain Newton steps, the typical spread following them, until nothing moves; (S, M + 1) and (S, 2)."""
    shapes = np.broadcast_to(shapes, counts.shape)
    base = shapes.sum(axis=0) / shapes.sum()
    score = np.arange(counts.shape[1])
    scale = max(np.sqrt(base @ (score - base @ score) ** 2), 0.5)
    x = (score - base @ score) / scale
    basis = np.column_stack((x, x**2 - 1))
    ridge = np.diag([0.02, 1 / spread_prior**2])
    theta, typical = np.zeros((len(counts), 2)), np.zeros(2)
    for _ in range(rounds):
        before = theta.copy()
        for i, n in enumerate(counts.sum(axis=1)):
            p = shapes[i] * np.exp(basis @ theta[i])
            p /= p.sum()
            mean = p @ basis
            hessian = n * ((basis * p[:, None]).T @ basis - np.outer(mean, mean)) + ridge
            step = np.linalg.solve(hessian, counts[i] @ basis - n * mean - ridge @ (theta[i] - typical))
            theta[i] += np.clip(step, -0.6, 0.6)
        typical = np.array([0.0, counts.sum(axis=1) @ theta[:, 1] / counts.sum()])
        if np.abs(theta - before).max() < 1e-13:
            break
    p = shapes * np.exp(theta @ basis.T)
    return p / p.sum(axis=1, keepdims=True), theta


def exchanged(answers, rng, block):
    """Works that change places, by sorting three columns."""
    n = len(answers.score)
    sorted_by = np.lexsort((rng.uniform(size=n), answers.score, answers.variant))
    mixed = sorted_by[np.lexsort((rng.uniform(size=n), np.arange(n) // block))]
    order = np.empty(n, dtype=np.int64)
    order[sorted_by] = mixed
    return order


def residuals(answers, mean, covariance):
    """Standardised residuals of length one, work by work."""
    rows = np.zeros(answers.points.shape)
    for i, (points, score) in enumerate(zip(answers.points, answers.score, strict=True)):
        deviation = np.sqrt(np.diag(covariance[score]))
        row = np.where(deviation > 0.05, (points - mean[score]) / np.maximum(deviation, 0.15), 0.0)
        length = np.sqrt(row @ row)
        rows[i] = row / length if length > 1e-6 else 0.0
    return rows
