import numpy as np
import pandas as pd
import pytest

from app.detectors import load_params
from app.detectors.contamination import contaminate
from app.detectors.selective_absence import pupils_of, selective_absence
from app.detectors.simulate import Region, RegionOptions, simulate_region
from app.detectors.tables import build_tables
from app.errors import InsufficientData
from tests.detectors.test_boundary_push import rate

PARAMS = load_params().selective_absence


def results(works: pd.DataFrame, region: Region):
    tables = build_tables(works, region.papers, with_items=False)
    for grade in (4, 5):
        own = [table for table in tables if table.spec.grade == grade]
        pupils = pupils_of(works, own)
        for column, table in enumerate(own):
            yield table, selective_absence(table, pupils, column, PARAMS)


@pytest.mark.parametrize(("low", "high"), [(10, 19), (20, 49), (50, 99), (100, 9999)])
def test_honest_attendance_is_rarely_under_one_percent(honest_screenings, low, high):
    share, error = rate(honest_screenings, "selective_absence", low, high)

    assert share < 0.013 + 2 * error


def test_an_epidemic_is_no_sign(honest_regions):
    region = honest_regions[1]
    rng = np.random.default_rng(3)
    codes, schools = pd.factorize(region.works["school"] + region.works["subject"])
    gone = rng.uniform(size=len(codes)) < np.clip(rng.exponential(0.08, len(schools)), 0, 0.5)[codes]
    works = region.works[~gone].reset_index(drop=True)

    p = np.concatenate([result.p_value[result.assessed] for _, result in results(works, region)])

    assert (p < 0.01).mean() < 0.016
    assert (p < 0.1).mean() == pytest.approx(0.095, abs=0.03)


def test_weak_pupils_kept_at_home_are_found():
    region = simulate_region(83, RegionOptions(schools=160, size=(60, 80)))
    guilty = sorted(set(region.works["school"]))[:16]
    rng = np.random.default_rng(5)
    parts = []
    for spec in region.papers:
        own = region.works[(region.works["subject"] == spec.subject) & (region.works["grade"] == spec.grade)]
        own = own.reset_index(drop=True)
        parts.append(contaminate(rng, own, spec, "absent_weak", 0.6, own["school"].isin(guilty).to_numpy()))

    found, honest = [], []
    for table, result in results(pd.concat(parts, ignore_index=True), region):
        own = table.rows_of(np.array(guilty))
        found.append(result.p_value[own])
        honest.append(result.p_value[~own])

    assert (np.concatenate(found) < 0.05).mean() > 0.4
    assert (np.concatenate(honest) < 0.05).mean() < 0.07


def test_the_weak_among_the_missing_are_counted():
    pupils = 40
    rng = np.random.default_rng(2)
    ability = {f"s{i}": np.sort(rng.integers(0, 15, pupils)) for i in range(30)}
    rows = [
        {"year": 2026, "subject": subject, "grade": 4, "school": school, "participant": str(k), "score": int(score)}
        for school, scores in ability.items()
        for subject in ("ma", "ru")
        for k, score in enumerate(scores)
        # One of the weakest three of each school is absent in mathematics; in the first school all ten weakest are.
        if not (subject == "ma" and (k == int(school[1:]) % 3 or (school == "s0" and k < 10)))
    ]
    region = simulate_region(1, RegionOptions(schools=10, papers=(("ma", 4), ("ru", 4))))
    works = pd.DataFrame(rows)
    tables = build_tables(works, list(region.papers), with_items=False)

    result = selective_absence(tables[0], pupils_of(works, tables), 0, PARAMS)

    first = int(np.flatnonzero(tables[0].schools == "s0")[0])
    assert (result.pupils[first], result.absent[first], result.weak_absent[first]) == (40, 10, 10)
    assert result.absent.sum() == 10 + 29
    assert result.z[first] == np.nanmax(result.z)


def test_one_paper_of_a_grade_says_that_there_is_no_other(honest_regions):
    region = honest_regions[0]
    tables = build_tables(region.works, region.papers[:1], with_items=False)

    with pytest.raises(InsufficientData, match="другой работы"):
        selective_absence(tables[0], pupils_of(region.works, tables), 0, PARAMS)


def test_codes_that_do_not_match_are_said(honest_regions):
    region = honest_regions[0]
    works = region.works.copy()
    works["participant"] = works["subject"] + works["participant"]
    tables = build_tables(works, region.papers[:2], with_items=False)

    with pytest.raises(InsufficientData, match="не совпадают"):
        selective_absence(tables[0], pupils_of(works, tables), 0, PARAMS)


def test_journal_marks_beside_other_works_tell_how_a_missing_pupil_stands():
    """The other paper says little of a pupil here, the journal beside it much."""
    region = simulate_region(85, RegionOptions(schools=60, size=(40, 50), papers=(("ma", 4), ("ru", 4))))
    rng = np.random.default_rng(6)
    works = region.works.copy()
    journal = rng.integers(2, 6, len(works))
    is_here = (works["subject"] == "ma").to_numpy()
    code = works["school"] + works["participant"]
    of_pupil = dict(zip(code[~is_here], journal[~is_here], strict=True))
    known = code.map(of_pupil).fillna(3).to_numpy()
    works["score"] = np.where(is_here, np.clip(4 * (known - 2) + rng.integers(0, 5, len(works)), 0, 20), 20)
    works.loc[~is_here, "score"] = rng.integers(14, 40, int((~is_here).sum()))
    works["journal_mark"] = known
    first = works["school"] == works["school"].iloc[0]
    gone = is_here & np.where(first, known == 2, rng.uniform(size=len(works)) < 0.06)
    works = works[~gone].reset_index(drop=True)

    def z(frame: pd.DataFrame) -> float:
        tables = build_tables(frame, list(region.papers), with_items=False)
        column = next(i for i, table in enumerate(tables) if table.spec.subject == "ma")
        result = selective_absence(tables[column], pupils_of(frame, tables), column, PARAMS)
        return float(result.z[0])

    assert z(works) > z(works.drop(columns="journal_mark")) + 1
