"""An event is taken out of the calendar: what hung on it keeps its day, is marked, and its owner is told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendars import Span
from app.context import AppContext
from app.database import acting
from app.errors import Refused
from app.jobs import run_pending
from app.models import CalendarChange, CalendarEvent, Case, Deadline, JournalEntry, Notice, Recheck
from app.policy import SYSTEM
from app.terms import ChangeKind, EventKind, Following, NoticeKind, RecheckOutcome, RecheckStatus
from app.workflows import agenda, calendar_changes, deadlines, lost_events, pinning, recalculation
from app.workflows.calendar_world import Change
from tests import factories as make
from tests.people import Cast, make_cast

STAYS = date(2026, 11, 17)


def carry_out(context: AppContext, change: Change, at) -> CalendarChange:
    with acting(context.sessions, SYSTEM) as session:
        row = calendar_changes.ask(session, change, reason="приказ отменён", is_told=False, actor=SYSTEM, at=at)
        change_id = row.id
    run_pending(context)
    with acting(context.sessions, SYSTEM) as session:
        return session.get_one(CalendarChange, change_id)


def remove(event: CalendarEvent) -> Change:
    return Change(ChangeKind.EVENT_REMOVE, event.id, {})


def read(context: AppContext, row: Deadline) -> Deadline:
    with acting(context.sessions, SYSTEM) as session:
        return session.get_one(Deadline, row.id)


def told(context: AppContext, cast: Cast, name: str) -> list[Notice]:
    with acting(context.sessions, SYSTEM) as session:
        return list(session.scalars(select(Notice).where(Notice.user_id == cast[name].id).order_by(Notice.id)))


@pytest.fixture
def event(session: Session, cast: Cast) -> CalendarEvent:
    row = make.make_event(session)
    session.commit()
    return row


@pytest.fixture
def lost(context: AppContext, session: Session, cast: Cast, event: CalendarEvent, at) -> Deadline:
    """A deadline of Район 1 whose event has been taken out of the calendar."""
    row = make.make_deadline(session, cast.municipality.id, occurrence=f"event:{event.id}")
    session.commit()
    carry_out(context, remove(event), at)
    return read(context, row)


def test_the_preview_says_what_loses_its_event_and_whose_it_is(session, cast, event) -> None:
    own, other = cast.municipality, cast.other_municipality
    row = make.make_deadline(session, own.id)
    make.make_deadline(session, own.id)
    make.make_deadline(session, other.id, responsible="")
    make.make_deadline(session, None, responsible="")
    make.make_deadline(session, own.id, is_pinned=True, pinned_reason="так решил совет")
    session.commit()

    found = calendar_changes.look(session, remove(event), actor=cast.actor("rita"))

    assert [one.following for one in found] == [Following.ORPHANED] * 4 + [Following.PINNED]
    names = {own.id: own.name, other.id: other.name}
    assert recalculation.owners(found, names) == [(f"{own.name}, Mira", 2), ("", 1), (other.name, 1)]
    assert session.get_one(Deadline, row.id).lost_change_id is None


def test_a_lost_event_leaves_the_day_and_a_mark_of_the_change(context, cast, lost, at) -> None:
    assert (lost.due_on, lost.is_groundless) == (STAYS, True)
    with acting(context.sessions, SYSTEM) as session:
        change = session.get_one(CalendarChange, lost.lost_change_id)
        assert (change.kind, change.values["was"]["kind"]) == (ChangeKind.EVENT_REMOVE, "publication")
    with acting(context.sessions, cast.actor("marat")) as session:
        (item,) = [item for item in agenda.agenda(session, Span(STAYS, STAYS)) if item.key == f"deadline-{lost.id}"]
        assert "без основания" in item.ru


def test_the_page_that_was_open_before_is_stale(context, cast, session, event, at) -> None:
    row = make.make_deadline(session, cast.municipality.id)
    session.commit()
    carry_out(context, remove(event), at)

    assert read(context, row).version == row.version + 1


def test_owners_are_told_once_though_the_change_asks_for_silence(context, session, cast, event, at) -> None:
    case = make.make_case(session, cast.school, curator_id=cast["kira"].id)
    for n in range(2):
        make.make_deadline(session, cast.municipality.id, title=f"Задача {n}")
    make.make_deadline(session, cast.municipality.id, title="По делу", case_id=case.id, school_id=case.school_id)
    make.make_deadline(session, None, title="Региона")
    make.make_deadline(session, cast.municipality.id, title="Сделано", done_at=make.OPENED)
    session.commit()

    change = carry_out(context, remove(event), at)

    (marat,) = told(context, cast, "marat")
    assert (marat.kind, marat.href) == (NoticeKind.LOST, f"/calendar/changes/{change.id}")
    assert marat.text_ru.startswith("Событие снято, срок остался без основания: Задача 0 (17.11.2026) и ещё сроков: 2.")
    assert "and 2 more dates" in marat.text_en
    assert [one.kind for one in told(context, cast, "kira")] == [NoticeKind.LOST]
    assert "По делу" in told(context, cast, "kira")[0].text_ru
    assert "Региона" in told(context, cast, "rita")[0].text_ru
    assert told(context, cast, "dina") == []


def test_nobody_is_told_of_what_is_pinned_or_moves_silently(context, session, cast, event, at) -> None:
    make.make_deadline(session, cast.municipality.id, is_pinned=True, pinned_reason="так решил совет")
    session.commit()

    carry_out(context, remove(event), at)

    assert told(context, cast, "marat") == []


def test_a_pin_gives_the_day_a_ground_and_unpinned_it_has_none_again(context, cast, lost, at) -> None:
    common = {"actor": cast.actor("marat"), "at": at}
    with acting(context.sessions, common["actor"]) as session:
        row = deadlines.pin(session, lost.id, reason="оставляем", on=None, expected_version=lost.version, **common)
        assert (row.is_groundless, row.due_on) == (False, STAYS)
        row = deadlines.unpin(session, lost.id, expected_version=row.version, **common)
        assert (row.is_groundless, row.due_on) == (True, STAYS)


def test_another_event_gives_the_day_and_the_deadline_follows_it(context, cast, lost, at) -> None:
    with acting(context.sessions, SYSTEM) as session:
        new = make.make_event(session, on=date(2026, 11, 9))
        make.make_event(session, kind=EventKind.SITTING)
        make.make_event(session, cast.other_municipality.id, on=date(2026, 11, 10))
    with acting(context.sessions, cast.actor("marat")) as session:
        offered = pinning.other_events(session, session.get_one(Deadline, lost.id))
        assert [due.key for due in offered] == [f"event:{new.id}"]
        row = deadlines.take_event(
            session, lost.id, key=offered[0].key, actor=cast.actor("marat"), at=at, expected_version=lost.version
        )
        assert (row.due_on, row.is_groundless, row.occurrence) == (date(2026, 11, 23), False, f"event:{new.id}")
    with acting(context.sessions, SYSTEM) as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "deadline:take_event")).one()
        assert (entry.facts["was"], entry.facts["due_on"]) == ("2026-11-17", "2026-11-23")

    carry_out(context, Change(ChangeKind.EVENT_MOVE, new.id, {"on": "2026-11-10"}), at)
    assert read(context, lost).due_on == date(2026, 11, 24)


def test_an_event_that_is_not_offered_is_refused_with_the_way_to_the_calendar(context, cast, lost, at) -> None:
    with acting(context.sessions, cast.actor("marat")) as session, pytest.raises(Refused) as refusal:
        deadlines.take_event(
            session, lost.id, key="event:99", actor=cast.actor("marat"), at=at, expected_version=lost.version
        )

    assert (refusal.value.reasons[0].code, refusal.value.reasons[0].href) == ("no_such_event", "/calendar/")


def test_a_new_event_is_not_taken_for_the_lost_one_by_itself(context, cast, lost, at) -> None:
    """SQLite gives the id of the last row that was deleted to the next one: the key alone would fit it."""
    values = {"kind": "publication", "on": "2026-12-01", "title": "", "subject": "", "grade": None, "year": None,
              "source": "письмо № 9", "municipality_id": None}  # fmt: skip
    carry_out(context, Change(ChangeKind.EVENT_ADD, None, values), at)

    row = read(context, lost)
    assert (row.due_on, row.is_groundless) == (STAYS, True)
    with acting(context.sessions, SYSTEM) as session:
        assert len(pinning.other_events(session, session.get_one(Deadline, lost.id))) == 1


def test_a_repeated_removal_tells_nobody_twice(context, cast, lost, at) -> None:
    run_pending(context)

    assert len(told(context, cast, "marat")) == 1


@pytest.fixture
def kept(session: Session, cast: Cast) -> CalendarEvent:
    """An order of the municipality that keeps the works of 2026 until the end of the year; without it: 31 August."""
    row = make.make_event(session, cast.municipality.id, kind=EventKind.WORKS_KEPT, on=date(2026, 12, 31), year=2026)
    session.commit()
    return row


def make_recheck(session: Session, cast: Cast, **changes) -> Recheck:
    case = make.make_case(session, changes.pop("school", cast.school), curator_id=cast["kira"].id)
    values = {"status": RecheckStatus.DRAWN, "scheduled_on": date(2026, 12, 10), "marked_at": None, "outcome": None}
    row = make.make_recheck(session, case, cast["ivan"], make.make_dataset(session), **{**values, **changes})
    session.commit()
    return row


@pytest.mark.parametrize("change", ["remove", "move"])
def test_an_order_on_keeping_works_that_goes_puts_rechecks_at_risk(context, session, cast, kept, at, change) -> None:
    row = make_recheck(session, cast)
    what = remove(kept) if change == "remove" else Change(ChangeKind.EVENT_MOVE, kept.id, {"on": "2026-12-01"})

    (found,) = calendar_changes.look(session, what, actor=cast.actor("marat"))
    assert (found.subject, found.subject_id, found.following) == ("rechecks", row.id, Following.ORPHANED)
    assert ("31.08.2026" if change == "remove" else "01.12.2026") in found.label
    session.commit()
    applied = carry_out(context, what, at)

    assert applied.counts["orphaned"] == 1
    for name in ("ivan", "kira", "marat"):
        (notice,) = told(context, cast, name)
        assert notice.kind is NoticeKind.LOST
        assert "Попросите школу сохранить работы или назначьте более ранний день." in notice.text_ru
    with acting(context.sessions, SYSTEM) as fresh:
        assert fresh.get_one(Recheck, row.id).scheduled_on == date(2026, 12, 10)


@pytest.mark.parametrize(
    "changes",
    [
        {"scheduled_on": date(2026, 8, 20)},  # in time by the general rule as well
        {"scheduled_on": date(2027, 1, 15)},  # too late already
        {"status": RecheckStatus.MARKED, "outcome": RecheckOutcome.NOT_CONFIRMED, "marked_at": make.OPENED},
        {"year": 2025},
    ],
)
def test_rechecks_that_the_order_does_not_decide_on_are_not_named(session, cast, kept, changes) -> None:
    make_recheck(session, cast, **changes)

    assert calendar_changes.look(session, remove(kept), actor=cast.actor("marat")) == []


def test_a_request_to_keep_the_works_holds_the_recheck(session, cast, kept) -> None:
    row = make_recheck(session, cast)
    make.make_keeping(session, session.get_one(Case, row.case_id))

    assert calendar_changes.look(session, remove(kept), actor=cast.actor("marat")) == []


@given(
    pinned=st.sets(st.integers(0, 3)),
    done=st.sets(st.integers(0, 3)),
    moves=st.lists(st.integers(-20, 20), max_size=2),
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_came_before_a_removal_each_open_row_is_marked_and_keeps_its_last_day(
    sqlite_context, pinned, done, moves
) -> None:
    context = sqlite_context
    with acting(context.sessions, SYSTEM) as session:
        if not session.scalars(select(Deadline)).first():
            make_cast(session)
        event = make.make_event(session)
        rows = [
            make.make_deadline(
                session, 1, occurrence=f"event:{event.id}", is_pinned=n in pinned,
                pinned_reason="так надо" if n in pinned else None, done_at=make.OPENED if n in done else None,
            )
            for n in range(4)
        ]  # fmt: skip
    on = date(2026, 11, 2)
    for number, days in enumerate(moves):
        on += timedelta(days=days)
        moved = Change(ChangeKind.EVENT_MOVE, event.id, {"on": on.isoformat()})
        carry_out(context, moved, make.OPENED + timedelta(hours=number))
    before = [read(context, row).due_on for row in rows]

    change = carry_out(context, remove(event), make.OPENED + timedelta(days=1))

    after = [read(context, row) for row in rows]
    assert [row.due_on for row in after] == before
    assert [row.lost_change_id for row in after] == [None if n in done else change.id for n in range(4)]
    assert [row.is_groundless for row in after] == [n not in done | pinned for n in range(4)]
    assert change.counts["orphaned"] == len({0, 1, 2, 3} - done - pinned)


# All at once


@pytest.fixture
def many(context: AppContext, session: Session, cast: Cast, event: CalendarEvent, at) -> CalendarChange:
    """Three deadlines of Район 1 that have lost one event, beside those of others, pinned ones and done ones."""
    own = cast.municipality.id
    for n in range(3):
        make.make_deadline(session, own, title=f"Срок {n}", occurrence=f"event:{event.id}")
    make.make_deadline(session, own, title="Сделан", done_at=make.OPENED)
    make.make_deadline(session, own, title="Закреплён", is_pinned=True, pinned_reason="так решил совет")
    make.make_deadline(session, cast.other_municipality.id, title="Чужой")
    make.make_deadline(session, None, title="Региона")
    session.commit()
    return carry_out(context, remove(event), at)


def groundless(context: AppContext) -> list[str]:
    with acting(context.sessions, SYSTEM) as session:
        rows = session.scalars(select(Deadline).where(Deadline.done_at.is_(None)).order_by(Deadline.id))
        return [row.title for row in rows if row.is_groundless]


def test_all_dates_of_a_change_are_pinned_for_one_reason_and_only_ones_own(context, cast, many, at) -> None:
    marat = cast.actor("marat")
    with acting(context.sessions, marat) as session:
        mended = lost_events.pin_all(session, many.id, "Дни согласованы со школами.", actor=marat, at=at)

    assert (mended.done, mended.left, mended.refusal) == (3, 0, None)
    assert groundless(context) == ["Чужой", "Региона"]
    with acting(context.sessions, SYSTEM) as session:
        entries = session.scalars(select(JournalEntry).where(JournalEntry.action == "deadline:pin")).all()
        assert [entry.reason for entry in entries] == ["Дни согласованы со школами."] * 3
        assert {row.due_on for row in session.scalars(select(Deadline))} == {STAYS}


def test_without_a_reason_nothing_is_pinned(context, cast, many, at) -> None:
    marat = cast.actor("marat")
    with pytest.raises(Refused), acting(context.sessions, marat) as session:
        lost_events.pin_all(session, many.id, " ", actor=marat, at=at)

    assert len(groundless(context)) == 5


def test_all_deadlines_follow_another_event_and_go_on_following_it(context, cast, many, at) -> None:
    marat = cast.actor("marat")
    with acting(context.sessions, SYSTEM) as session:
        new = make.make_event(session, on=date(2026, 11, 9))
    with acting(context.sessions, marat) as session:
        (offered,) = lost_events.events_for(session, lost_events.lost_by(session, many.id, marat))
        mended = lost_events.follow_all(session, many.id, offered.key, actor=marat, at=at)
    assert (mended.done, mended.left, offered.key) == (3, 0, f"event:{new.id}")
    assert groundless(context) == ["Чужой", "Региона"]

    carry_out(context, Change(ChangeKind.EVENT_MOVE, new.id, {"on": "2026-11-10"}), at)
    with acting(context.sessions, SYSTEM) as session:
        rows = session.scalars(select(Deadline).where(Deadline.title.like("Срок%")))
        assert {row.due_on for row in rows} == {date(2026, 11, 24)}


def test_an_event_that_fits_no_deadline_is_refused_and_changes_nothing(context, cast, many, at) -> None:
    marat = cast.actor("marat")
    with pytest.raises(Refused, match="Выберите событие из списка"), acting(context.sessions, marat) as session:
        lost_events.follow_all(session, many.id, "event:0", actor=marat, at=at)

    assert len(groundless(context)) == 5


def test_one_press_mends_so_many_and_the_next_takes_the_rest(context, cast, many, at, monkeypatch) -> None:
    monkeypatch.setattr(lost_events, "AT_ONCE", 2)
    marat, left = cast.actor("marat"), []
    for _press in range(2):
        with acting(context.sessions, marat) as session:
            left.append(lost_events.pin_all(session, many.id, "Дни согласованы.", actor=marat, at=at).left)

    assert left == [1, 0]


def test_dates_that_are_refused_do_not_keep_the_others_from_their_turn(context, session, cast, event, at, monkeypatch):
    """Rules that fit another kind of event only stand first, and stay first."""
    own = cast.municipality.id
    sitting = make.make_event(session, kind=EventKind.SITTING)
    rule = {"kind": "offset", "event": "sitting", "days": 3, "unit": "working", "direction": "after"}
    for n in range(3):
        make.make_deadline(session, own, title=f"После работы {n}", rule=rule, occurrence=f"event:{sitting.id}")
    for n in range(2):
        make.make_deadline(session, own, title=f"После списка {n}", occurrence=f"event:{event.id}")
    new = make.make_event(session, on=date(2026, 11, 9))
    session.commit()
    changes = [carry_out(context, remove(row), at) for row in (sitting, event)]
    with acting(context.sessions, SYSTEM) as session:
        for row in session.scalars(select(Deadline)):
            row.lost_change_id = changes[0].id
    monkeypatch.setattr(lost_events, "AT_ONCE", 2)
    marat = cast.actor("marat")

    with acting(context.sessions, marat) as session:
        mended = lost_events.follow_all(session, changes[0].id, f"event:{new.id}", actor=marat, at=at)

    assert (mended.done, mended.left) == (2, 3)
    assert groundless(context) == [f"После работы {n}" for n in range(3)]
