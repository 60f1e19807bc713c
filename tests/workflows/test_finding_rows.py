import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from app.database import acting
from app.detectors import screen
from app.detectors.simulate import RegionOptions, simulate_region
from app.models import Finding, Municipality, School
from app.policy import SYSTEM
from app.terms import Family
from app.workflows.finding_rows import FindingRows
from app.workflows.freezing import plain
from tests.factories import make_run


@pytest.fixture(scope="module")
def screening():
    region = simulate_region(12, RegionOptions(schools=40, share=0.2, papers=(("ma", 4), ("ru", 4))))
    return screen(region.works, region.papers, schools=region.schools)


def register(session, codes):
    place = Municipality(code="m1", name="Округ")
    session.add(place)
    session.flush()
    schools = [School(code=code, name=f"Школа {code}", municipality_id=place.id) for code in codes]
    session.add_all(schools)
    session.flush()
    return {school.code: (school.id, place.id) for school in schools}


def test_findings_come_back_from_the_database_as_the_detectors_gave_them(context, screening):
    findings = screening.findings
    codes = sorted(set(findings["school"]) - {""})

    with acting(context.sessions, SYSTEM) as session:
        places = register(session, codes)
        run = make_run(session)
        FindingRows(findings, screening.evidence, places).write(session, run.id)
        kept = session.scalars(select(Finding).where(Finding.run_id == run.id)).all()

    names = {number: code for code, (number, _) in places.items()} | {None: ""}
    by_key = {(names[row.school_id], row.year, row.subject, row.grade, row.detector): row for row in kept}
    assert len(kept) == len(by_key) == len(findings)
    for given in findings.to_dict("records"):
        key = tuple(given[name] for name in ("school", "year", "subject", "grade", "detector"))
        row = by_key[key]
        assert row.family is Family(given["family"])
        assert (row.n, row.sentence, row.reason or "") == (given["n"], given["sentence"], given["reason"])
        for name in ("statistic", "effect", "effect_low", "effect_high", "p_value", "q_value"):
            assert getattr(row, name) == (pytest.approx(given[name]) if np.isfinite(given[name]) else None)
        assert row.evidence == plain(screening.evidence.get(key))


def test_charts_with_figures_that_json_does_not_know_are_still_written(context, screening):
    one = screening.findings[screening.findings["school"] != ""].iloc[[0]]
    key = tuple(one.iloc[0][name] for name in ("school", "year", "subject", "grade", "detector"))
    chart = {"kind": "funnel", "n": np.arange(300), "mean": float("nan"), "shared": list(range(300))}

    with acting(context.sessions, SYSTEM) as session:
        places = register(session, [key[0]])
        run = make_run(session)
        FindingRows(one, {key: chart}, places).write(session, run.id)
        (kept,) = session.scalars(select(Finding).where(Finding.run_id == run.id))

    assert kept.evidence == {"kind": "funnel", "n": list(range(300)), "mean": None, "shared": list(range(300))}


def test_a_school_s_rows_carry_the_charts_as_they_are_frozen(screening):
    one = screening.findings[screening.findings["school"] != ""].iloc[[0]]
    key = tuple(one.iloc[0][name] for name in ("school", "year", "subject", "grade", "detector"))
    chart = {"kind": "funnel", "n": np.arange(300), "mean": float("nan"), "pair": (1, 2.5), 7: list(range(300))}

    own = FindingRows(one, {key: chart}, {key[0]: (5, 7)}).of_schools([5, 6])

    assert own[5][0]["evidence"] == plain(chart)
    assert own[6] == []


def test_findings_of_schools_that_are_not_registered_are_left_out(screening):
    rows = FindingRows(screening.findings, screening.evidence, {})

    assert len(rows) == (screening.findings["school"] == "").sum()


def test_rows_of_a_school_carry_members_and_charts(screening):
    codes = sorted(set(screening.findings["school"]) - {""})
    places = {code: (number, 7) for number, code in enumerate(codes, 1)}

    own = FindingRows(screening.findings, screening.evidence, places).of_schools([1, 3])

    assert set(own) == {1, 3}
    assert len(own[3]) == (screening.findings["school"] == codes[2]).sum()
    assert all(isinstance(row["family"], Family) for row in own[3])
    assert all(row["municipality_id"] == 7 for row in own[1])


def test_a_family_that_nobody_knows_is_not_written(screening):
    strange = screening.findings.assign(family="suspicion")

    with pytest.raises(ValueError, match="suspicion"):
        FindingRows(pd.DataFrame(strange), {}, {})
