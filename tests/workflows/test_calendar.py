"""The calendar's verbs: a preview changes nothing, a job moves what hangs on the change, pins and done rows stay."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.database import acting
from app.errors import NotPermitted, Refused
from app.jobs import run_pending
from app.models import CalendarChange, CalendarEvent, Case, Deadline, DueMove, InboxNote, JournalEntry, OutboxJob
from app.policy import SYSTEM
from app.terms import ChangeKind, ChangeStatus, EventKind, Following, JobStatus
from app.workflows import calendar_changes, deadlines, journal
from app.workflows.calendar_world import Change, calendar_of, world_of
from app.workflows.engine import fire
from tests import factories as make

WEEK_LATER = {"on": "2026-11-09"}


def holiday(place, day="2026-11-09", **changes):
    values = {"kind": "day_off", "title": "Местный праздник", "starts_on": day, "ends_on": day, "source": "приказ № 3"}
    return Change(ChangeKind.ENTRY_ADD, None, {**values, "municipality_id": place, **changes})


def carry_out(context, change, actor, at, **options):
    with acting(context.sessions, SYSTEM) as session:
        asked = {"reason": "список вышел позже", "is_told": False, **options}
        row = calendar_changes.ask(session, change, actor=actor, at=at, **asked)
        change_id = row.id
    run_pending(context)
    with acting(context.sessions, SYSTEM) as session:
        return session.get(CalendarChange, change_id)


@pytest.fixture
def hanging(context, session, cast):
    """An event and the deadlines of two municipalities that hang on it: open, pinned, done, and a simple day."""
    town, other = cast.municipality.id, cast.other_municipality.id
    event = make.make_event(session)
    rows = {
        "open": make.make_deadline(session, town),
        "pinned": make.make_deadline(session, town, is_pinned=True, pinned_reason="так решил совет"),
        "done": make.make_deadline(session, town, done_at=make.OPENED),
        "foreign": make.make_deadline(session, other),
        "by hand": make.make_deadline(session, town, rule=None),
    }
    session.commit()
    return event, rows


def days(context, rows):
    with acting(context.sessions, SYSTEM) as session:
        return {name: session.get(Deadline, row.id).due_on for name, row in rows.items()}


def test_a_preview_shows_old_and_new_days_and_changes_nothing(context, session, cast, at, hanging) -> None:
    event, rows = hanging
    before = days(context, rows)
    change = Change(ChangeKind.EVENT_MOVE, event.id, WEEK_LATER)

    found = calendar_changes.look(session, change, actor=cast.actor("rita"))

    told = {row.subject_id: (row.following, row.old_on, row.new_on, row.who) for row in found}
    was, becomes = date(2026, 11, 17), date(2026, 11, 23)
    assert told[rows["open"].id] == (Following.MOVED, was, becomes, "Mira")
    assert told[rows["pinned"].id][0] is Following.PINNED
    assert told[rows["done"].id][0] is Following.DONE
    assert rows["by hand"].id not in told
    assert not session.dirty
    session.commit()
    assert days(context, rows) == before
    assert session.scalar(select(func.count()).select_from(OutboxJob)) == 0


def test_a_moved_event_moves_what_hangs_on_it_and_nobody_is_told(context, cast, at, hanging) -> None:
    event, rows = hanging

    change = carry_out(context, Change(ChangeKind.EVENT_MOVE, event.id, WEEK_LATER), cast.actor("rita"), at)

    moved, stays = date(2026, 11, 23), date(2026, 11, 17)
    assert change.status is ChangeStatus.APPLIED
    assert days(context, rows) == {"open": moved, "foreign": moved, "pinned": stays, "done": stays, "by hand": stays}
    assert change.counts == {"moved": 2, "pinned": 1, "done": 1, "orphaned": 0}
    with acting(context.sessions, SYSTEM) as session:
        assert session.get(CalendarEvent, event.id).on == date(2026, 11, 9)
        assert not session.scalars(select(DueMove).where(DueMove.is_told)).all()
        assert not session.scalars(select(InboxNote)).all()
        actions = session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)).all()
        assert actions == ["calendar:ask", "calendar:apply"]
        assert journal.verify(session, session.info["journal_key"]) == []


def test_notices_are_marked_when_the_change_asks_for_them(context, cast, at, hanging) -> None:
    event, rows = hanging

    carry_out(context, Change(ChangeKind.EVENT_MOVE, event.id, WEEK_LATER), cast.actor("rita"), at, is_told=True)

    with acting(context.sessions, SYSTEM) as session:
        told = session.scalars(select(DueMove.subject_id).where(DueMove.is_told)).all()
        assert set(told) == {rows["open"].id, rows["foreign"].id}


def test_a_removed_event_leaves_its_deadlines_where_they_are(context, cast, at, hanging) -> None:
    event, rows = hanging
    before = days(context, rows)

    change = carry_out(context, Change(ChangeKind.EVENT_REMOVE, event.id, {}), cast.actor("rita"), at)

    assert days(context, rows) == before
    assert change.counts == {"moved": 0, "pinned": 1, "done": 1, "orphaned": 2}


def test_a_local_day_off_moves_deadlines_and_stages_of_its_municipality_only(context, session, cast, at, hanging):
    _event, rows = hanging
    own, foreign = make.make_case(session, cast.school), make.make_case(session, cast.foreign)
    for case in (own, foreign):
        case.due_on = date(2026, 11, 11)
    session.commit()

    carry_out(context, holiday(cast.municipality.id), cast.actor("marat"), at)

    with acting(context.sessions, SYSTEM) as fresh:
        assert fresh.get(Case, own.id).due_on == date(2026, 11, 12)
        assert fresh.get(Deadline, rows["open"].id).due_on == date(2026, 11, 18)
        assert fresh.get(Deadline, rows["foreign"].id).due_on == date(2026, 11, 17)
        assert not calendar_of(fresh, cast.municipality.id).is_working(date(2026, 11, 9))
        assert calendar_of(fresh, cast.other_municipality.id).is_working(date(2026, 11, 9))


def test_taking_days_out_brings_everything_back(context, session, cast, at, hanging) -> None:
    _event, rows = hanging
    before = days(context, rows)
    carry_out(context, holiday(None), cast.actor("rita"), at)
    with acting(context.sessions, SYSTEM) as fresh:
        entry = world_of(fresh).entries[0]

    carry_out(context, Change(ChangeKind.ENTRY_REMOVE, entry.id, {}), cast.actor("rita"), at + timedelta(hours=1))

    assert days(context, rows) == before


def test_a_repeated_job_changes_nothing_more(context, cast, at, hanging) -> None:
    change = carry_out(context, holiday(None), cast.actor("rita"), at)

    run_pending(context)

    with acting(context.sessions, SYSTEM) as session:
        assert len(world_of(session).entries) == 1
        moves = session.scalar(select(func.count()).select_from(DueMove).where(DueMove.change_id == change.id))
        assert moves == sum(change.counts.values())


def test_a_change_of_what_is_gone_fails_and_moves_nothing(context, cast, at, hanging) -> None:
    event, _rows = hanging
    gone = Change(ChangeKind.EVENT_REMOVE, event.id, {})
    with acting(context.sessions, SYSTEM) as session:
        for _ in range(2):
            calendar_changes.ask(session, gone, reason="отменили", is_told=False, actor=cast.actor("rita"), at=at)
    run_pending(context)

    with acting(context.sessions, SYSTEM) as session:
        first, second = session.scalars(select(OutboxJob).order_by(OutboxJob.id)).all()
        assert (first.status, second.status) == (JobStatus.DONE, JobStatus.DEAD)
        failed = session.get(CalendarChange, second.subject_id)
        assert (failed.status, failed.applied_at) == (ChangeStatus.FAILED, None)
        assert "уже убрал другой человек" in failed.failure


@pytest.mark.parametrize(("person", "place"), [("marat", None), ("marat", "other"), ("dina", "own")])
def test_nobody_changes_the_calendar_of_others(person, place, session, cast, at) -> None:
    places = {"other": cast.other_municipality.id, "own": cast.municipality.id}

    with pytest.raises(NotPermitted, match="Календарь региона и других муниципалитетов"):
        calendar_changes.ask(
            session, holiday(places.get(place)), reason="просто так", is_told=False, actor=cast.actor(person), at=at
        )


@pytest.mark.parametrize("person", ["anna", "kira", "ivan", "sveta", "root"])
def test_who_does_not_keep_the_calendar_may_not_change_it(person, session, cast) -> None:
    with pytest.raises(NotPermitted):
        calendar_changes.look(session, holiday(cast.municipality.id), actor=cast.actor(person))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (holiday(None, source=" "), "no_source"),
        (holiday(None, title=""), "no_title"),
        (holiday(None, ends_on="2026-11-01"), "period"),
        (holiday(None, ends_on="2027-11-01"), "too_long"),
        (holiday(None, starts_on="вчера"), "no_day"),
        (Change(ChangeKind.EVENT_ADD, None, {"kind": "works_kept", "on": "2027-01-31", "source": "п."}), "no_year"),
    ],
)
def test_a_wrong_change_is_refused_with_its_reason(change, code, session, cast) -> None:
    with pytest.raises(Refused) as refusal:
        calendar_changes.look(session, change, actor=cast.actor("rita"))

    assert [reason.code for reason in refusal.value.reasons] == [code]


def test_a_change_needs_its_reason(session, cast, at) -> None:
    with pytest.raises(Refused, match="почему меняется"):
        calendar_changes.ask(session, holiday(None), reason=" ", is_told=False, actor=cast.actor("rita"), at=at)


def test_a_deadline_is_set_for_every_occurrence_until_the_end_of_the_year(session, cast, at) -> None:
    rows = deadlines.set_deadline(
        session, title="Отчёт", rule={"kind": "monthly", "day": 25}, year=at.date(), actor=cast.actor("marat"), at=at
    )

    assert len(rows) == 10
    assert (rows[0].due_on, rows[0].occurrence) == (date(2026, 11, 25), "2026-11-25")
    assert {row.municipality_id for row in rows} == {cast.municipality.id}


def test_a_deadline_on_an_event_that_is_not_known_is_refused_with_the_way_to_it(session, cast, at) -> None:
    rule = make.make_deadline(session, cast.municipality.id).rule

    with pytest.raises(Refused, match="внесите событие в календарь") as refusal:
        deadlines.set_deadline(
            session, title="Собеседования", rule=rule, year=at.date(), actor=cast.actor("marat"), at=at
        )

    assert refusal.value.reasons[0].href == "/calendar/"


def test_a_pin_holds_and_letting_it_loose_brings_the_day_of_the_rule(session, cast, at) -> None:
    make.make_event(session)
    row = make.make_deadline(session, cast.municipality.id)
    common = {"actor": cast.actor("marat"), "at": at}

    deadlines.pin(
        session, row.id, reason="совет в пятницу", on=date(2026, 11, 20), expected_version=row.version, **common
    )
    assert (row.due_on, row.is_pinned, row.pinned_reason) == (date(2026, 11, 20), True, "совет в пятницу")
    deadlines.unpin(session, row.id, expected_version=row.version, **common)

    assert (row.is_pinned, row.pinned_reason) == (False, None)
    actions = session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)).all()
    assert actions == ["deadline:pin", "deadline:unpin"]


def test_a_noted_occurrence_comes_back_after_a_pin(session, cast, at) -> None:
    event = make.make_event(session)
    row = make.make_deadline(session, cast.municipality.id, occurrence=f"event:{event.id}")
    common = {"actor": cast.actor("marat"), "at": at}
    deadlines.pin(session, row.id, reason="позже", on=date(2026, 12, 1), expected_version=row.version, **common)

    deadlines.unpin(session, row.id, expected_version=row.version, **common)

    assert row.due_on == date(2026, 11, 17)


def test_the_database_refuses_a_pin_without_its_reason(session, cast) -> None:
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError):
        make.make_deadline(session, cast.municipality.id, is_pinned=True)


@given(
    shifts=st.lists(st.integers(-40, 40), min_size=1, max_size=4),
    pinned=st.sets(st.integers(0, 3)),
    done=st.sets(st.integers(0, 3)),
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_moves_pinned_and_done_rows_stay_and_the_rest_fit_their_rule(
    sqlite_context, shifts, pinned, done
) -> None:
    from tests.people import make_cast

    with acting(sqlite_context.sessions, SYSTEM) as session:
        if not session.scalars(select(Deadline)).first():
            make_cast(session)
        for model in (DueMove, CalendarChange, Deadline, CalendarEvent):
            for row in session.scalars(select(model)):
                session.delete(row)
            session.flush()
        event = make.make_event(session)
        rows = [
            make.make_deadline(
                session,
                1,
                occurrence=f"event:{event.id}",
                is_pinned=n in pinned,
                pinned_reason="так надо" if n in pinned else None,
                done_at=make.OPENED if n in done else None,
            )
            for n in range(4)
        ]
        ids, event_id = [row.id for row in rows], event.id
    on = date(2026, 11, 2)
    for number, shift in enumerate(shifts):
        on += timedelta(days=shift)
        move = Change(ChangeKind.EVENT_MOVE, event_id, {"on": on.isoformat()})
        carry_out(sqlite_context, move, SYSTEM, make.OPENED + timedelta(hours=number))

    with acting(sqlite_context.sessions, SYSTEM) as session:
        expected = calendar_of(session, 1).add_working_days(on, 10)
        for n, row_id in enumerate(ids):
            stays = n in pinned or n in done
            assert session.get(Deadline, row_id).due_on == (date(2026, 11, 17) if stays else expected)
        assert session.scalars(select(CalendarEvent)).one().kind is EventKind.PUBLICATION


AFTER_INTERVIEW = {
    "kind": "offset",
    "event": "case_move",
    "detail": "interview",
    "days": 5,
    "unit": "working",
    "direction": "after",
}


def test_a_deadline_on_a_move_of_a_case_waits_for_it_and_then_follows_the_calendar(context, session, cast, at) -> None:
    case = make.make_case(session, cast.school)
    make.make_interview(session, case)
    (row,) = deadlines.set_deadline(
        session,
        title="Дорожная карта школы",
        rule=AFTER_INTERVIEW,
        year=at.date(),
        case_id=case.id,
        actor=cast.actor("marat"),
        at=at,
    )
    assert (row.due_on, row.municipality_id, row.school_id) == (None, cast.municipality.id, cast.school.id)

    fire(session, case.id, "interview", actor=cast.actor("marat"), at=at, expected_version=0, request_id="r-0000003")
    session.commit()
    run_pending(context)
    assert days(context, {"row": row}) == {"row": date(2026, 11, 30)}
    carry_out(context, holiday(cast.municipality.id, "2026-11-26"), cast.actor("marat"), at)

    assert days(context, {"row": row}) == {"row": date(2026, 12, 1)}
    with acting(context.sessions, SYSTEM) as fresh:
        dated = fresh.scalars(select(JournalEntry).where(JournalEntry.action == "case:dates")).one()
        assert (dated.subject_id, dated.facts["dated"]) == (case.id, 1)


def test_another_cases_move_dates_nothing(context, session, cast, at) -> None:
    case, other = make.make_case(session, cast.school), make.make_case(session, cast.neighbour)
    make.make_interview(session, other)
    row = make.make_deadline(
        session, cast.municipality.id, case_id=case.id, rule=AFTER_INTERVIEW, starts_on=None, due_on=None
    )

    fire(session, other.id, "interview", actor=cast.actor("marat"), at=at, expected_version=0, request_id="r-0000004")
    session.commit()
    run_pending(context)

    assert days(context, {"row": row}) == {"row": None}
