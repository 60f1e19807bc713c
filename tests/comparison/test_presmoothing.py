"""Log-linear presmoothing: another package's values, moments kept, degree by Akaike, thin data refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.comparison.presmoothing import smooth
from app.errors import InsufficientData

KEPT = json.loads((Path(__file__).parent / "reference" / "loglinear.json").read_text())


@pytest.mark.parametrize("degree", [2, 3, 4, 6])
def test_the_fit_equals_that_of_statsmodels(degree: int) -> None:
    """`reference/make_loglinear.py` made the values."""
    found = smooth(np.array(KEPT["counts"]), degree)

    np.testing.assert_allclose(found.shares, KEPT["fits"][str(degree)]["shares"], atol=1e-9)
    assert found.deviance == pytest.approx(KEPT["fits"][str(degree)]["deviance"], abs=1e-7)


@pytest.mark.parametrize("degree", [2, 3, 4, 5, 6])
def test_the_first_moments_are_those_of_the_counts(degree: int) -> None:
    counts = np.random.default_rng(degree).multinomial(800, np.full(31, 1 / 31)).astype(float)
    scores = np.arange(31) / 30

    found = smooth(counts, degree)

    for power in range(1, degree + 1):
        assert found.shares @ scores**power == pytest.approx(counts @ scores**power / counts.sum(), abs=1e-8)
    assert (found.shares > 0).all()


def test_akaikes_criterion_takes_few_moments_for_a_plain_shape_and_more_for_two_humps() -> None:
    rng = np.random.default_rng(3)
    plain = [np.bincount(rng.binomial(20, 0.5, 3000), minlength=21).astype(float) for _ in range(20)]
    hump = np.bincount(np.clip(rng.normal(16, 1.2, 3000).round(), 0, 20).astype(int), minlength=21)

    assert np.median([smooth(counts).degree for counts in plain]) <= 3
    assert min(smooth(counts + hump).degree for counts in plain) >= 4


def test_gaps_between_scores_are_bridged() -> None:
    counts = np.zeros(21)
    counts[[4, 8, 12, 16]] = 50, 120, 90, 30

    found = smooth(counts)

    assert (found.shares[4:17] > 0.001).all()


def test_two_scores_are_too_few() -> None:
    with pytest.raises(InsufficientData, match="меньше трёх"):
        smooth(np.array([0.0, 5.0, 0.0, 7.0]))
