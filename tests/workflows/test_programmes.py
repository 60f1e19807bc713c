"""A department's yearly programme, from the template to the report, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.calendars import parse_rule
from app.database import bind
from app.documents import KINDS, render
from app.errors import Conflict, NotFound, NotPermitted, Refused, WrongFormat
from app.models import Document, JournalEntry, Programme, ProgrammeTask
from app.policy import SYSTEM
from app.roadmaps import load_templates
from app.statistics import programmes as figures
from app.storage import ObjectStore
from app.terms import ChangeKind, DocumentKind, MeasureChange, ProgrammeStatus, TaskStatus
from app.workflows import issuing, programme_dates, programme_tasks, programme_updates, programmes, recalculation
from app.workflows.calendar_world import Change, world_of
from app.workflows.execution import Report
from app.workflows.programmes import Adapted, Approval
from tests import factories as make
from tests.people import Cast

PDF = b"%PDF-1.4 order"
APPROVAL = Approval("12-о", "Глава района", date(2026, 11, 20), "Начальник отдела", date(2026, 11, 22))


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def programme(session: Session, cast: Cast, at: datetime) -> Programme:
    """An approved programme of Район 1 from the Amur template; Marat acts."""
    bind(session, cast.actor("marat"))
    made = programmes.draft(session, "amur", 2026, actor=cast.actor("marat"), at=at)
    return programmes.approve(session, made.id, APPROVAL, actor=cast.actor("marat"), at=at, expected_version=1)


def task(session: Session, programme: Programme, number: str) -> ProgrammeTask:
    (found,) = [t for t in figures.tasks_of(session, programme.id) if t.measure.number == number]
    return found


def done(session: Session, store: ObjectStore, row: ProgrammeTask, cast: Cast, at: datetime, **said) -> ProgrammeTask:
    report = Report(**{"done_on": date(2026, 11, 23), "note": "Справка № 5 от 20.11.2026", **said})
    return programme_tasks.complete(
        session, store, row.id, report, actor=cast.actor("marat"), at=at, expected_version=row.version
    )


def test_a_programme_holds_every_measure_of_its_template(session: Session, cast: Cast, at: datetime) -> None:
    for template in load_templates().values():
        made = programmes.draft(session, template.id, 2026, actor=cast.actor("marat"), at=at)

        assert [measure.number for measure in made.measures] == [measure.number for measure in template.measures]
        assert made.status is ProgrammeStatus.DRAFT


def test_a_second_programme_of_the_same_template_and_year_is_refused_with_a_link(
    session: Session, cast: Cast, at: datetime
) -> None:
    first = programmes.draft(session, "amur", 2026, actor=cast.actor("marat"), at=at)

    with pytest.raises(Refused) as refused:
        programmes.draft(session, "amur", 2026, actor=cast.actor("mira"), at=at)

    assert refused.value.reasons[0].href == f"/programmes/{first.id}"


def test_a_school_drafts_no_programme(session: Session, cast: Cast, at: datetime) -> None:
    with pytest.raises(NotPermitted):
        programmes.draft(session, "amur", 2026, actor=cast.actor("sveta"), at=at)


def test_approval_dates_the_tasks_in_working_days(session: Session, programme: Programme) -> None:
    # 31 January 2027 is a Sunday, 28 February too.
    assert task(session, programme, "II.2").due_on == date(2027, 2, 1)
    assert task(session, programme, "III.2").due_on == date(2027, 3, 1)
    assert task(session, programme, "V.1").due_on is None


def test_a_measure_that_waits_for_an_event_has_no_task_before_it(session: Session, cast: Cast, at: datetime) -> None:
    measure = _measure(programmes.draft(session, "amur", 2026, actor=cast.actor("marat"), at=at), "II.11")
    rule = {"kind": "offset", "event": "publication", "days": 10, "unit": "working", "direction": "after"}
    adapted = Adapted(measure.what, measure.result, measure.evidence, rule)
    programmes.adapt(session, measure.id, adapted, actor=cast.actor("marat"), at=at, expected_version=1)
    programme = programmes.approve(
        session, measure.programme_id, APPROVAL, actor=cast.actor("marat"), at=at, expected_version=1
    )
    assert not measure.tasks

    event = make.make_event(session, cast.municipality.id, on=date(2026, 12, 1))
    (shift,) = programme_dates.shifts(session, programme)
    assert (shift.kind, shift.after) == ("made", date(2026, 12, 15))
    programmes.follow_rules(session, programme.id, actor=cast.actor("marat"), at=at, expected_version=programme.version)

    session.refresh(measure, ["tasks"])
    assert [t.due_on for t in measure.tasks] == [date(2026, 12, 15)]
    # The event moves: the job of the calendar sees the task in its preview and moves it with everything else.
    bind(session, SYSTEM)
    before = world_of(session)
    after = before.changed(Change(ChangeKind.EVENT_MOVE, event.id, {"on": "2026-12-03"}))
    (found,) = recalculation.preview(session, before, after)
    assert (found.subject, found.old_on, found.new_on) == ("programme_tasks", date(2026, 12, 15), date(2026, 12, 17))
    recalculation.apply(session, [found])
    assert [t.due_on for t in measure.tasks] == [date(2026, 12, 17)]


def test_approval_needs_two_people_a_number_and_days_in_order(session: Session, cast: Cast, at: datetime) -> None:
    made = programmes.draft(session, "amur", 2026, actor=cast.actor("marat"), at=at)
    wrong = Approval(" ", "Кто-то", date(2026, 11, 25), "Кто-то", date(2026, 11, 24))

    with pytest.raises(Refused) as refused:
        programmes.approve(session, made.id, wrong, actor=cast.actor("marat"), at=at, expected_version=1)

    assert {reason.code for reason in refused.value.reasons} == {"empty", "same_person", "order", "future"}
    assert made.status is ProgrammeStatus.DRAFT


def test_a_measure_left_out_needs_a_reason_and_gets_no_task(session: Session, cast: Cast, at: datetime) -> None:
    made = programmes.draft(session, "amur", 2026, actor=cast.actor("marat"), at=at)
    measure = _measure(made, "II.8")
    adapted = Adapted(measure.what, measure.result, measure.evidence, measure.rule, left_out_reason="нет")
    with pytest.raises(Refused):
        programmes.adapt(session, measure.id, adapted, actor=cast.actor("marat"), at=at, expected_version=1)

    adapted = replace(adapted, left_out_reason="Система уже работает с прошлого года.")
    programmes.adapt(session, measure.id, adapted, actor=cast.actor("marat"), at=at, expected_version=1)
    programme = programmes.approve(session, made.id, APPROVAL, actor=cast.actor("marat"), at=at, expected_version=1)

    assert "II.8" not in {t.measure.number for t in figures.tasks_of(session, programme.id)}
    paper = session.scalars(select(Document).where(Document.kind == DocumentKind.PROGRAMME)).one()
    assert paper.context["left_out"] == [[measure.what, "Система уже работает с прошлого года."]]


def test_done_needs_evidence(
    session: Session, programme: Programme, cast: Cast, store: ObjectStore, at: datetime
) -> None:
    row = task(session, programme, "I.1")

    with pytest.raises(Refused) as refused:
        done(session, store, row, cast, at, note="")
    assert [reason.code for reason in refused.value.reasons] == ["no_evidence"]

    done(session, store, row, cast, at, note="", file=("приказ.exe", PDF))
    assert (row.status, row.file_name) == (TaskStatus.DONE, "приказ.pdf")
    assert store.read(row.file_sha256) == PDF
    entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "programme:done")).one()
    assert entry.facts["measure"] == "I.1"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"note": "", "link": "javascript:alert(1)"}, "bad_link"),
        ({"done_on": date(2026, 12, 1)}, "future"),
        ({"note": "сделано"}, "short_note"),
    ],
)
def test_a_report_that_proves_nothing_is_refused(
    said: dict, code: str, session: Session, programme: Programme, cast: Cast, store: ObjectStore, at: datetime
) -> None:
    row = task(session, programme, "I.1")

    with pytest.raises(Refused) as refused:
        done(session, store, row, cast, at, **said)

    assert code in {reason.code for reason in refused.value.reasons}
    assert row.status is TaskStatus.PLANNED


@pytest.mark.parametrize("content", [b"", b"MZ program", b"PK\x03\x04broken", b"<html>"])
def test_a_file_that_is_no_document_is_refused(
    content: bytes, session: Session, programme: Programme, cast: Cast, store: ObjectStore, at: datetime
) -> None:
    row = task(session, programme, "I.1")

    with pytest.raises(WrongFormat):
        done(session, store, row, cast, at, file=("скан.pdf", content))


def test_an_event_says_how_many_came(
    session: Session, programme: Programme, cast: Cast, store: ObjectStore, at: datetime
) -> None:
    row = task(session, programme, "IV.1")

    with pytest.raises(Refused, match="сколько человек"):
        done(session, store, row, cast, at)
    done(session, store, row, cast, at, n_people=41)

    assert row.n_people == 41


def test_a_pinned_day_stays_and_an_unpinned_one_follows_its_rule(
    session: Session, programme: Programme, cast: Cast, at: datetime
) -> None:
    row = task(session, programme, "II.4")
    who = {"actor": cast.actor("marat"), "at": at}
    programme_tasks.move(
        session, row.id, date(2027, 3, 5), "Совещание перенесли на март.", expected_version=row.version, **who
    )
    programmes.follow_rules(session, programme.id, expected_version=programme.version, **who)
    assert (row.due_on, row.is_pinned) == (date(2027, 3, 5), True)

    programme_tasks.unpin(session, row.id, expected_version=row.version, **who)

    assert (row.due_on, row.is_pinned) == (date(2027, 2, 4), False)


def test_waived_needs_a_reason_and_can_be_taken_up_again(
    session: Session, programme: Programme, cast: Cast, at: datetime
) -> None:
    row = task(session, programme, "II.9")
    who = {"actor": cast.actor("marat"), "at": at}

    with pytest.raises(Refused):
        programme_tasks.waive(session, row.id, "нет", expected_version=row.version, **who)
    programme_tasks.waive(session, row.id, "Сборник издал институт без нас.", expected_version=row.version, **who)
    assert row.status is TaskStatus.WAIVED
    programme_tasks.reopen(session, row.id, "Сборник решили дополнить.", expected_version=row.version, **who)

    assert (row.status, row.waived_reason) == (TaskStatus.PLANNED, None)


def test_the_second_of_two_people_is_told(
    session: Session, programme: Programme, cast: Cast, store: ObjectStore, at: datetime
) -> None:
    row = task(session, programme, "I.1")
    stale = row.version
    done(session, store, row, cast, at)

    with pytest.raises(Conflict):
        programme_tasks.waive(
            session, row.id, "Больше не нужно никому.", actor=cast.actor("mira"), at=at, expected_version=stale
        )


def test_another_department_finds_no_foreign_programme(
    session: Session, programme: Programme, cast: Cast, at: datetime
) -> None:
    row = task(session, programme, "I.1")
    session.commit()
    bind(session, cast.actor("dina"))
    session.expunge_all()

    with pytest.raises(NotFound):
        programme_tasks.waive(
            session, row.id, "Чужое мероприятие.", actor=cast.actor("dina"), at=at, expected_version=1
        )
    with pytest.raises(NotFound):
        programmes.find(session, programme.id)


def test_progress_counts_by_hand(
    session: Session, programme: Programme, cast: Cast, store: ObjectStore, at: datetime
) -> None:
    done(session, store, task(session, programme, "I.1"), cast, at)
    late = datetime(2027, 1, 15, tzinfo=UTC)
    row = task(session, programme, "II.9")
    programme_tasks.waive(
        session, row.id, "Сборник издал институт без нас.", actor=cast.actor("marat"), at=late,
        expected_version=row.version,
    )  # fmt: skip

    tasks = figures.tasks_of(session, programme.id)
    whole = figures.whole(tasks, late.date())
    sections = {p.title: p for p in figures.by_section(programme, tasks, late.date())}

    # 20 measures; II.10 waits for a sitting. I.2 (29 December) and IV.1 (30 November) are late on 15 January.
    assert (whole.n, whole.n_done, whole.n_waived, whole.n_overdue) == (19, 1, 1, 2)
    assert whole.share == 1 / 18
    first = sections["I. Выявление школ с признаками необъективности"]
    assert (first.n, first.n_done, first.n_overdue, first.share) == (2, 1, 1, 0.5)


def test_both_papers_are_printed(
    session: Session, programme: Programme, cast: Cast, store: ObjectStore, at: datetime
) -> None:
    done(session, store, task(session, programme, "I.1"), cast, at)
    programmes.report(session, programme.id, actor=cast.actor("marat"), at=at)
    programmes.report(session, programme.id, actor=cast.actor("marat"), at=at)

    papers = session.scalars(select(Document).where(Document.programme_id == programme.id)).all()

    assert sorted(paper.kind for paper in papers) == [DocumentKind.PROGRAMME, DocumentKind.PROGRAMME_REPORT]
    for paper in papers:
        context = issuing.from_json(KINDS[paper.kind].context, paper.context)
        assert render(paper.kind, context).startswith(b"%PDF")


def test_a_newer_template_comes_as_chosen_and_leaves_what_is_done(
    session: Session, programme: Programme, cast: Cast, store: ObjectStore, at: datetime
) -> None:
    done(session, store, task(session, programme, "I.1"), cast, at)
    amur = load_templates()["amur"]
    reworded = [
        replace(m, what=m.what + " с участием школ") if m.number in ("I.1", "I.2") else m for m in amur.measures[:-1]
    ]
    template = replace(amur, version="2", measures=(*reworded, replace(amur.measures[0], number="VI.1")))
    found = programme_updates.differences(programme, template)
    assert [(c.change, c.number) for c in found] == [
        (MeasureChange.CHANGED, "I.1"), (MeasureChange.CHANGED, "I.2"), (MeasureChange.ADDED, "VI.1"),
        (MeasureChange.REMOVED, "V.2"),
    ]  # fmt: skip

    programme_updates.apply(
        session, programme.id, {"I.1", "VI.1", "V.2"}, template, actor=cast.actor("marat"), at=at,
        expected_version=programme.version,
    )  # fmt: skip

    rows = {row.number: row for row in programme.measures}
    assert rows["I.1"].what.endswith("с участием школ")
    assert [t.status for t in rows["I.1"].tasks] == [TaskStatus.DONE]
    assert rows["I.2"].what == amur.measures[1].what
    assert rows["V.2"].left_out_reason == "Исключено в версии 2 шаблона"
    assert not [t for t in figures.tasks_of(session, programme.id) if t.measure.number == "V.2"]
    assert [t.due_on for t in rows["VI.1"].tasks] == [date(2026, 11, 30)]
    assert programme_updates.differences(programme, template) == []
    entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "programme:update")).one()
    assert entry.facts["kept"] == ["I.2"]


def test_a_new_rule_moves_the_one_task_of_a_measure_and_leaves_it_itself(
    session: Session, programme: Programme, cast: Cast, at: datetime
) -> None:
    amur = load_templates()["amur"]
    later = parse_rule({"kind": "date", "month": 12, "day": 21})
    measures = tuple(replace(m, rule=later) if m.number in ("I.2", "V.2") else m for m in amur.measures)
    template = replace(amur, version="2", measures=measures)
    pinned, plain = task(session, programme, "I.2"), task(session, programme, "V.2")
    programme_tasks.move(
        session, pinned.id, date(2026, 12, 1), "Ждём институт.", actor=cast.actor("marat"), at=at,
        expected_version=pinned.version,
    )  # fmt: skip

    programme_updates.apply(
        session, programme.id, {"I.2", "V.2"}, template, actor=cast.actor("marat"), at=at,
        expected_version=programme.version,
    )  # fmt: skip

    assert [t.id for t in _measure(programme, "V.2").tasks] == [plain.id]
    assert plain.due_on == date(2026, 12, 21)
    assert [(t.id, t.due_on) for t in _measure(programme, "I.2").tasks] == [(pinned.id, date(2026, 12, 1))]
    assert programme_dates.shifts(session, programme) == []
    assert programme_dates.due_of(session, pinned).due_on == date(2026, 12, 21)


def test_what_was_reworded_by_hand_survives_a_change_of_another_field(
    session: Session, programme: Programme, cast: Cast, at: datetime
) -> None:
    measure = _measure(programme, "I.2")
    adapted = Adapted("Найти школы района по мониторингу", measure.result, measure.evidence, measure.rule)
    programmes.adapt(
        session, measure.id, adapted, actor=cast.actor("marat"), at=at, expected_version=1,
        reason="Нужны только школы района.",
    )  # fmt: skip
    amur = load_templates()["amur"]
    changed = replace(amur.measures[1], result="Список согласован с институтом")
    template = replace(amur, version="2", measures=(amur.measures[0], changed, *amur.measures[2:]))

    programme_updates.apply(
        session, programme.id, {"I.2"}, template, actor=cast.actor("marat"), at=at, expected_version=programme.version
    )

    assert (measure.what, measure.result) == ("Найти школы района по мониторингу", "Список согласован с институтом")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE programme_tasks SET status = 'done', done_on = '2026-11-01'",
        "UPDATE programme_tasks SET status = 'waived'",
        "UPDATE programme_tasks SET file_sha256 = 'x'",
        "UPDATE programme_tasks SET pinned_reason = 'x'",
        "UPDATE programmes SET number = NULL",
    ],
)
def test_the_database_refuses_what_cannot_be(session: Session, programme: Programme, statement: str) -> None:
    session.commit()

    with pytest.raises(IntegrityError):
        session.connection().execute(text(statement))


def _measure(programme: Programme, number: str):
    return next(measure for measure in programme.measures if measure.number == number)
