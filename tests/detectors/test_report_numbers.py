"""Numbers of ready reports: whole works from shares, marks from scores, tails checked against something else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.detectors.journal_report import dispersed_tail
from app.detectors.report_tables import marks_from_scores
from app.detectors.report_values import counts_of, numbers, whole_works
from app.detectors.tables import build_tables


@given(st.lists(st.integers(0, 300), min_size=2, max_size=46).filter(any))
def test_percentages_with_two_decimals_give_back_the_very_counts(counts):
    n = float(sum(counts))
    shares = np.round(100 * np.array([counts]) / n, 2)

    found, works, good = counts_of(shares, np.array([n]))

    if abs(shares.sum() - 100) <= 0.2 and n <= 4000:
        assert good.all()
        assert found[0].tolist() == counts
        assert works[0] == n


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=40).filter(lambda row: sum(row) > 0.01),
    st.integers(1, 5000),
)
def test_whole_works_sum_to_the_participants_and_stay_within_one_of_the_shares(shares, n):
    row = np.array([shares])

    found = whole_works(row, np.array([float(n)]))

    assert found.sum() == n
    assert np.abs(found - n * row / row.sum()).max() < 1 + 1e-6


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4).filter(any))
def test_counts_stay_counts_whether_or_not_the_participants_are_told(counts):
    n = float(sum(counts))

    told, _, good = counts_of(np.array([counts], dtype=float), np.array([n]))
    assert good.all()
    assert told[0].tolist() == counts

    guessed, works, good = counts_of(np.array([counts], dtype=float), np.array([np.nan]))
    if good[0]:
        assert (guessed[0].tolist(), works[0]) == (counts, n)
    else:
        assert abs(n - 100) <= 1.5  # may be per cent of an unknown number


@given(st.floats(0, 999, allow_nan=False), st.integers(0, 4))
def test_numbers_read_commas_percent_signs_and_spaces(value, digits):
    text = f"{value:.{digits}f}"

    read = numbers(pd.Series([text, text.replace(".", ","), f" {text} %", text.replace(".", ",") + "\u00a0%", ""]))

    assert read[:4].tolist() == [float(text)] * 4
    assert np.isnan(read[4])


def test_the_tail_without_spread_is_the_binomial_mid_p():
    from scipy import stats

    count, n = np.array([0.0, 3.0, 17.0, 20.0]), np.full(4, 20.0)

    p = dispersed_tail(count, n, np.full(4, np.log(0.3 / 0.7)), np.zeros(4))

    exact = stats.binom.sf(count, n, 0.3) + 0.5 * stats.binom.pmf(count, n, 0.3)
    np.testing.assert_allclose(p, exact, rtol=1e-9)


def test_the_tail_with_spread_is_the_average_over_schools():
    rng = np.random.default_rng(5)
    pi = 1 / (1 + np.exp(-(-1.2 + 0.5 * rng.standard_normal(400_000))))
    drawn = rng.binomial(40, pi)

    p = dispersed_tail(np.array([16.0]), np.array([40.0]), np.array([-1.2]), np.array([0.5]))

    assert p[0] == pytest.approx(np.mean(drawn > 16) + 0.5 * np.mean(drawn == 16), abs=0.002)


def test_marks_made_of_scores_are_the_marks_of_the_works(manipulated):
    table = build_tables(manipulated.works, manipulated.papers)[0]

    marks = marks_from_scores(table)

    own = manipulated.works[
        (manipulated.works["subject"] == table.spec.subject) & (manipulated.works["grade"] == table.spec.grade)
    ]
    mark = np.searchsorted(table.spec.mark_from, own["score"], side="right")
    expected = pd.crosstab(own["school"], mark).reindex(table.schools).to_numpy()
    np.testing.assert_array_equal(marks.counts, expected)
