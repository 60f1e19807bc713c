"""Help for schools with low results: what is recorded, what is refused; flags and cases of a year."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.detectors.aggregates import Aggregates
from app.detectors.base import PaperSpec
from app.errors import Refused
from app.low_results import find, load_rules
from app.models import Case, JournalEntry, LowResultsFlag
from app.terms import CaseKind, LowCause, MentoringKind, ReviewOutcome, RunStatus, SupportKind
from app.workflows import low_results, mentoring, support
from app.workflows.guards_support import CHECKS
from app.workflows.machine import Question
from app.workflows.mentoring import PairForm
from tests import factories
from tests.people import Cast

TEXT = "Не хватает учителя математики, в пятых классах замены с сентября."


@pytest.fixture
def case(session: Session, cast: Cast) -> Case:
    return factories.make_case(session, cast.school, kind="low_results", workflow="low_results", workflow_version="1")


def pair_form(case: Case, mentor_school_id: int, day: date) -> PairForm:
    until = day + timedelta(days=300)
    return PairForm(MentoringKind.SCHOOLS, mentor_school_id, case.school_id, TEXT, day, until)


def test_each_record_is_kept_and_journalled(session, cast, case, at) -> None:
    kira, day = cast.actor("kira", cast.school), at.date()
    common = {"text": TEXT, "actor": kira, "at": at}
    support.record_diagnosis(session, case.id, held_on=day, causes=[LowCause.STAFF], **common)
    support.record_programme(
        session, case.id, title="Вместе", agreed_on=day, until=day + timedelta(200), agreed_with="Ли А. А., директор",
        **common,
    )  # fmt: skip
    pair = support.record_mentoring(
        session, case.id, pair_form(case, cast.objective.id, day), actor=cast.actor("marat"), at=at
    )
    support.record_review(session, case.id, held_on=day, outcome=ReviewOutcome.IMPROVED, **common)

    assert [row.kind for row in support.records_of(session, case.id)] == list(SupportKind)[::-1]
    assert (pair.case_id, pair.school_id, pair.kind) == (case.id, case.school_id, MentoringKind.SCHOOLS)
    assert [entry.action for entry in session.scalars(select(JournalEntry).order_by(JournalEntry.seq))] == [
        "support:diagnosis", "support:programme", "mentoring:make", "support:mentoring", "support:review",
    ]  # fmt: skip


def test_what_is_missing_is_told_at_once_and_nothing_is_kept(session, cast, case, at) -> None:
    with pytest.raises(Refused) as refusal:
        support.record_diagnosis(
            session, case.id, held_on=date(2030, 1, 1), causes=[], text="мало", actor=cast.actor("kira"), at=at
        )

    assert {reason.code for reason in refusal.value.reasons} == {"future", "no_text", "no_causes"}
    assert support.records_of(session, case.id) == []


def test_a_school_with_an_open_case_is_no_mentor(session, cast, case, at) -> None:
    factories.make_case(session, cast.neighbour)

    names = {school.name for school in support.possible_mentors(session, case)}

    assert cast.objective.name in names
    assert not {cast.neighbour.name, cast.school.name} & names
    with pytest.raises(Refused, match="открыто дело"):
        support.record_mentoring(
            session, case.id, pair_form(case, cast.neighbour.id, at.date()), actor=cast.actor("marat"), at=at
        )


def test_a_pair_made_anywhere_counts_until_it_ends(session, cast, case, at) -> None:
    def told(on: datetime) -> str | None:
        reason = CHECKS["mentor"](Question(session, case, cast.actor("marat"), on), who="pair")
        return reason.code if reason else None

    assert told(at) == "no_mentor"
    pair = mentoring.make_pair(session, pair_form(case, cast.objective.id, at.date()), actor=cast.actor("marat"), at=at)
    assert told(at) is None
    assert told(at + timedelta(days=400)) == "no_mentor"
    mentoring.end(
        session, pair.id, "Учителя работают вместе.", actor=cast.actor("marat"), at=at, expected_version=pair.version
    )
    assert told(at) == "no_mentor"


def test_help_is_not_recorded_on_a_case_of_objectivity(session, cast, at) -> None:
    other = factories.make_case(session, cast.school)

    with pytest.raises(Refused, match="отдельном деле"):
        support.record_diagnosis(
            session, other.id, held_on=at.date(), causes=[LowCause.STAFF], text=TEXT, actor=cast.actor("kira"), at=at
        )


def works(twos: dict[str, float], subject: str, year: int = 2026) -> pd.DataFrame:
    """Forty works a school with the share of 2 given; every other score is in the middle of the scale."""
    rows = []
    for school, share in twos.items():
        n_two = round(40 * share)
        rows += [(school, year, subject, 5, 2 if i < n_two else 10 + i % 4) for i in range(40)]
    return pd.DataFrame(rows, columns=["school", "year", "subject", "grade", "score"])


def inputs_of(frame: pd.DataFrame, marks: pd.DataFrame | None = None):
    from app.workflows.screening_inputs import Inputs

    papers = [PaperSpec(2026, subject, 5, tuple([1] * 20), (7, 12, 16)) for subject in ("ma", "ru")]
    reports = None if marks is None else Aggregates(marks=marks)
    return Inputs(frame, papers, pd.DataFrame({"school": []}), None, reports, None, None, None, None, {})


def test_twos_come_from_the_official_cuts_and_from_mark_reports() -> None:
    frame = works({"990001": 0.5, "990002": 0.0}, "ma")
    marks = pd.DataFrame({"school": ["990900"], "year": 2026, "subject": "ru", "grade": 5, "n": 50,
                          "2": 40.0, "3": 30.0, "4": 20.0, "5": 10.0})  # fmt: skip

    table = low_results.paper_table(inputs_of(frame, marks)).set_index(["school", "subject"])

    assert table.loc[("990001", "ma"), "twos"] == 20
    assert table.loc[("990002", "ma"), "twos"] == 0
    assert table.loc[("990900", "ru"), "twos"] == 20
    assert np.isnan(table.loc[("990900", "ru"), "mean"])


def test_marked_schools_get_a_frozen_flag_and_one_open_case_of_their_kind(session, cast, at: datetime) -> None:
    run = factories.make_run(session, status=RunStatus.DONE)
    factories.make_case(session, cast.school)
    shares = {"990001": 0.7, "990002": 0.05, "990003": 0.05, **{f"9911{i:02d}": 0.05 for i in range(8)}}
    frame = pd.concat([works(shares, "ma"), works(shares, "ru")])
    rules = load_rules()
    marked = find(low_results.paper_table(inputs_of(frame)), rules, year=2026)

    low_results._raise(session, run.id, marked, rules.as_plain(), by="Анна", at=at)
    again = factories.make_run(session, status=RunStatus.DONE)
    low_results._raise(session, again.id, marked, rules.as_plain(), by="Анна", at=at)

    flags = session.scalars(select(LowResultsFlag).order_by(LowResultsFlag.id)).all()
    assert [flag.school_id for flag in flags] == [cast.school.id] * 2
    assert {sign["indicator"] for sign in flags[0].frozen["signs"]} == {"many_twos", "low_mean"}
    found = session.scalars(select(Case).where(Case.kind == CaseKind.LOW_RESULTS)).all()
    assert [(c.workflow, c.state, c.evidence) for c in found] == [("low_results", "flagged", flags[0].strength)]
    assert {flag.case_id for flag in flags} == {found[0].id}


def test_low_results_are_asked_for_once_and_only_on_a_finished_ordinary_run(session, cast, at) -> None:
    anna = cast.actor("anna")
    trial = factories.make_run(session, is_trial=True)
    done = factories.make_run(session)

    with pytest.raises(Refused, match="законченной обычной"):
        low_results.request_low_results(session, trial.id, actor=anna, at=at)
    low_results.request_low_results(session, done.id, actor=anna, at=at)
    with pytest.raises(Refused, match="уже"):
        low_results.request_low_results(session, done.id, actor=anna, at=at)
