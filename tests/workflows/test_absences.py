"""One's own absence: who may state and withdraw it, what is refused, who is told, where it is seen."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendars import Span
from app.context import AppContext
from app.database import acting, bind
from app.errors import Conflict, NotFound, NotPermitted, Refused
from app.jobs import run_pending
from app.models import Absence, JournalEntry, Notice, User
from app.policy import SYSTEM, Actor
from app.terms import AbsenceReason, AgendaKind, NoticeKind, PostKind, Role, VisitStatus
from app.workflows import absences, feeds, notices, people
from app.workflows.agenda import agenda
from tests import factories
from tests.people import Cast, enter, person_of

TODAY = date(2026, 11, 23)


@pytest.fixture
def lena(session: Session, cast: Cast) -> User:
    """Another curator of the municipality."""
    user = User(login="lena", name="Лена", role=Role.CURATOR, password_hash="!", municipality_id=cast.municipality.id)
    session.add(user)
    session.flush()
    enter(session, user, kind=PostKind.METHODIST)
    session.commit()
    return user


def own(session: Session, cast: Cast, name: str, at: datetime) -> Actor:
    """The person acts in a session of its own sight."""
    bind(session, SYSTEM)
    actor = people.actor_for(session, cast[name], at)
    bind(session, actor)
    return actor


def state(session: Session, actor: Actor, at: datetime, first: int = 1, last: int = 5, **more: Any) -> Absence:
    day = at.date()
    return absences.state_absence(
        session, AbsenceReason.VACATION, from_on=day + timedelta(days=first), until_on=day + timedelta(days=last),
        actor=actor, at=at, **more,
    )  # fmt: skip


def codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def told(context: AppContext, at: datetime) -> list[tuple[int, NoticeKind, str, str]]:
    """Every notice, once the jobs that wait are done."""
    run_pending(context)
    with acting(context.sessions, SYSTEM) as session:
        rows = session.scalars(select(Notice).order_by(Notice.id))
        return [(row.user_id, row.kind, row.text_ru, row.href) for row in rows]


@pytest.mark.parametrize("name", ["kira", "ivan"])
def test_everybody_with_a_card_states_an_own_absence(session, cast, at, name) -> None:
    actor = own(session, cast, name, at)

    absence = state(session, actor, at)

    bind(session, SYSTEM)
    assert (absence.stated_by_id, absence.substitute_id) == (cast[name].id, None)
    entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "person:absence")).one()
    assert (entry.actor_id, entry.facts["is_own"]) == (cast[name].id, True)


def test_a_school_s_worker_and_the_department_state_theirs(session, cast, at) -> None:
    for name in ("sveta", "marat"):
        enter(session, cast[name], works_at=cast.school if name == "sveta" else None, kind=PostKind.HEAD)
        session.commit()
        state(session, own(session, cast, name, at), at)
        bind(session, SYSTEM)
        session.commit()

    assert session.scalars(select(Absence.stated_by_id)).all() == [cast["sveta"].id, cast["marat"].id]


@pytest.mark.parametrize("name", ["marat", "anna", "rita"])
def test_one_of_the_staff_without_a_card_is_given_one(session, cast, at, name) -> None:
    state(session, own(session, cast, name, at), at)

    bind(session, SYSTEM)
    person = person_of(session, cast[name])
    assert [absence.person_id for absence in session.scalars(select(Absence))] == [person.id]
    assert (person.name, person.municipality_id) == (cast[name].name, cast[name].municipality_id)


@pytest.mark.parametrize(("name", "whom"), [("sveta", "отдел образования"), ("root", "администратора")])
def test_without_a_card_one_is_told_whom_to_ask(session, cast, at, name, whom) -> None:
    with pytest.raises(Refused, match=whom) as refusal:
        state(session, own(session, cast, name, at), at)

    assert codes(refusal) == ["no_card"]


def test_one_who_left_the_register_states_nothing(session, cast, at) -> None:
    person_of(session, cast["kira"]).is_active = False
    session.commit()

    with pytest.raises(Refused) as refusal:
        state(session, own(session, cast, "kira", at), at)

    assert codes(refusal) == ["no_card"]


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (-1, 3, ["begins_in_the_past"]),
        (-4, -2, ["begins_in_the_past", "past"]),
        (3, 2, ["period"]),
        (-1, -2, ["begins_in_the_past", "period", "past"]),
    ],
)
def test_days_that_do_not_fit_are_refused_at_once_and_nothing_is_kept(session, cast, at, first, last, told) -> None:
    with pytest.raises(Refused) as refusal:
        state(session, own(session, cast, "kira", at), at, first, last)

    bind(session, SYSTEM)
    assert codes(refusal) == told
    assert session.scalars(select(Absence)).all() == []


days = st.integers(0, 40)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(days, st.integers(0, 8)), min_size=2, max_size=6))
def test_stated_days_never_overlap(session, cast, at, spans) -> None:
    actor = own(session, cast, "kira", at)
    kept: list[tuple[int, int]] = []
    for first, length in spans:
        span = (first, first + length)
        is_free = all(span[1] < a or b < span[0] for a, b in kept)
        if is_free:
            state(session, actor, at, *span)
            kept.append(span)
        else:
            with pytest.raises(Refused) as refusal:
                state(session, actor, at, *span)
            assert codes(refusal) == ["overlap"]
    session.rollback()


def test_nobody_states_another_ones_absence_or_appoints_an_own_substitute(session, cast, lena, at) -> None:
    cards = {name: person_of(session, cast[name]).id for name in ("kira", "ivan")}
    substitute = person_of(session, lena).id
    kira = own(session, cast, "kira", at)
    how: dict[str, Any] = {
        "from_on": TODAY, "until_on": TODAY + timedelta(days=3), "actor": kira, "at": at,
    }  # fmt: skip

    with pytest.raises(NotPermitted):
        absences.record_absence(session, cards["ivan"], AbsenceReason.SICK, **how)
    with pytest.raises(NotPermitted):
        absences.record_absence(session, cards["kira"], AbsenceReason.SICK, substitute_id=substitute, **how)

    bind(session, SYSTEM)
    assert session.scalars(select(Absence)).all() == []


def test_a_wish_is_a_colleague_of_the_same_role_and_gives_no_door(session, cast, lena, at) -> None:
    ivan = person_of(session, cast["ivan"]).id
    factories.make_case(session, cast.school, curator_id=cast["kira"].id)
    session.commit()
    actor = own(session, cast, "kira", at)
    assert [(c.id, c.name) for c in absences.colleagues(session, absences.own_card(session, actor))] == [
        (absences.own_card(session, people.actor_for(session, lena, at)).id, "Лена")
    ]
    with pytest.raises(Refused) as refusal:
        state(session, actor, at, wished_id=ivan)
    assert codes(refusal) == ["wished_role"]

    bind(session, SYSTEM)
    wished = person_of(session, lena).id
    absence = state(session, own(session, cast, "kira", at), at, 0, 3, wished_id=wished)

    bind(session, SYSTEM)
    assert (absence.wished_id, absence.substitute_id) == (wished, None)
    assert people.actor_for(session, lena, at).undeclared == frozenset()


def test_an_own_absence_is_withdrawn_until_it_begins(session, cast, at) -> None:
    actor = own(session, cast, "kira", at)
    absence = state(session, actor, at, 1, 3)

    with pytest.raises(Refused) as refusal:
        absences.withdraw_absence(session, absence.id, actor=actor, at=at + timedelta(days=1))
    assert codes(refusal) == ["begun"]
    absences.withdraw_absence(session, absence.id, actor=actor, at=at)
    with pytest.raises(Conflict):
        absences.withdraw_absence(session, absence.id, actor=actor, at=at)

    assert absences.own_absences(session, absences.own_card(session, actor), at.date()) == []
    state(session, actor, at, 1, 3)  # the days are free again


def test_what_others_entered_or_stated_is_not_ones_own_to_withdraw(session, cast, lena, at) -> None:
    entered = absences.record_absence(
        session, person_of(session, cast["kira"]).id, AbsenceReason.TRIP, from_on=TODAY + timedelta(days=1),
        until_on=TODAY + timedelta(days=2), actor=cast.actor("marat"), at=at,
    )  # fmt: skip
    session.commit()

    with pytest.raises(Refused) as refusal:
        absences.withdraw_absence(session, entered.id, actor=own(session, cast, "kira", at), at=at)
    assert codes(refusal) == ["stated_by_other"]
    with pytest.raises(NotFound):
        absences.withdraw_absence(session, entered.id, actor=own(session, cast, "ivan", at), at=at)


def test_the_department_appoints_changes_and_takes_back_a_substitute(session, cast, lena, at) -> None:
    stated = state(session, own(session, cast, "kira", at), at)
    bind(session, SYSTEM)
    absence = session.get_one(Absence, stated.id)
    how: dict[str, Any] = {"actor": cast.actor("marat"), "at": at}
    substitute = person_of(session, lena).id

    with pytest.raises(Refused) as refusal:
        absences.appoint_substitute(session, absence.id, person_of(session, cast["ivan"]).id, **how)
    assert codes(refusal) == ["substitute_role"]
    absences.appoint_substitute(session, absence.id, substitute, **how)
    assert absence.substitute_id == substitute
    absences.appoint_substitute(session, absence.id, substitute, **how)
    absences.appoint_substitute(session, absence.id, None, **how)

    assert absence.substitute_id is None
    entries = session.scalars(select(JournalEntry).where(JournalEntry.action == "person:substitute")).all()
    assert [entry.facts["substitute_id"] for entry in entries] == [substitute, None]
    with pytest.raises(NotPermitted):
        absences.appoint_substitute(session, absence.id, substitute, actor=cast.actor("kira"), at=at)
    with pytest.raises(Refused) as refusal:
        absences.appoint_substitute(
            session, absence.id, substitute, actor=cast.actor("marat"), at=at + timedelta(days=9)
        )
    assert codes(refusal) == ["over"]
    absences.cancel_absence(session, absence.id, **how)
    with pytest.raises(Conflict):
        absences.appoint_substitute(session, absence.id, substitute, **how)


# ---- who is told ----


def test_the_department_is_told_what_is_touched_who_is_wished_and_what_to_do(context, session, cast, lena, at) -> None:
    factories.make_case(session, cast.school, curator_id=cast["kira"].id)
    wished = person_of(session, lena).id
    card = person_of(session, cast["kira"]).id
    session.commit()
    absence = state(session, own(session, cast, "kira", at), at, wished_id=wished)
    session.commit()

    found = told(context, at)

    assert {user_id for user_id, *_ in found} == {cast["marat"].id, cast["mira"].id}
    _who, kind, text, href = found[0]
    assert (kind, href) == (NoticeKind.ABSENCE, f"/people/{card}/absences/{absence.id}")
    assert text == (
        "Kira: отсутствие с 24.11.2026 по 28.11.2026 (отпуск). Касается: открытых дел — 1. Просит заместить: Лена. "
        "Назначьте заместителя."
    )
    assert told(context, at) == found


def test_visits_count_in_their_days_alone(context, session, cast, at) -> None:
    case = factories.make_case(session, cast.school)
    for day in (2, 9):
        factories.make_observation(
            session, case, cast["ivan"], status=VisitStatus.SCHEDULED, scheduled_on=TODAY + timedelta(days=day),
            act_number=None, held_on=None,
        )  # fmt: skip
    session.commit()
    state(session, own(session, cast, "ivan", at), at)
    session.commit()

    text = told(context, at)[0][2]

    assert "визитов — 1." in text
    assert "Перенесите или поручите другому." in text  # there is no other inspector to stand in


def test_a_person_of_the_region_is_told_of_to_its_managers(context, session, cast, at) -> None:
    enter(session, cast["anna"], kind=PostKind.OTHER)
    session.commit()
    state(session, own(session, cast, "anna", at), at)
    session.commit()

    assert [user_id for user_id, *_ in told(context, at)] == [cast["rita"].id]


def test_one_of_the_department_is_told_of_to_the_others(context, session, cast, at) -> None:
    enter(session, cast["marat"], kind=PostKind.DEPARTMENT)
    session.commit()
    state(session, own(session, cast, "marat", at), at)
    session.commit()

    (found,) = told(context, at)

    assert found[0] == cast["mira"].id
    assert "Дел и визитов это не касается." in found[2]


def test_what_the_department_enters_itself_is_no_news_to_it(context, session, cast, at) -> None:
    absences.record_absence(
        session, person_of(session, cast["kira"]).id, AbsenceReason.SICK, from_on=TODAY, until_on=TODAY,
        actor=cast.actor("marat"), at=at,
    )  # fmt: skip
    session.commit()

    assert told(context, at) == []


def test_the_withdrawal_and_the_appointment_are_told(context, session, cast, lena, at) -> None:
    absence = state(session, own(session, cast, "kira", at), at)
    bind(session, SYSTEM)
    absences.appoint_substitute(session, absence.id, person_of(session, lena).id, actor=cast.actor("marat"), at=at)
    session.commit()
    absences.withdraw_absence(session, absence.id, actor=own(session, cast, "kira", at), at=at)
    session.commit()

    found = told(context, at)

    given_to = [(user, text) for user, kind, text, _ in found if kind is NoticeKind.GIVEN]
    assert [user for user, _ in given_to] == [lena.id]
    assert given_to[0][1].startswith("Вы замещаете: Kira")
    assert found[-1][2] == "Kira: отсутствие с 24.11.2026 по 28.11.2026 отозвано. Замещать не нужно: Лена."


# ---- where the absent person sees it ----


@pytest.fixture
def away(session: Session, cast: Cast, at: datetime) -> Absence:
    """Kira is away from tomorrow on."""
    absence = state(session, own(session, cast, "kira", at), at)
    bind(session, SYSTEM)
    session.commit()
    return absence


def items(context: AppContext, session: Session, cast: Cast, name: str, at: datetime, span: Span) -> list[Any]:
    bind(session, SYSTEM)
    actor = people.actor_for(session, cast[name], at)
    session.commit()
    with acting(context.sessions, actor) as seen:
        return [item for item in agenda(seen, span) if item.kind is AgendaKind.ABSENCE]


def test_the_agenda_holds_it_while_it_lasts_and_nobody_elses_does(context, session, cast, away, at) -> None:
    ahead = items(context, session, cast, "kira", at, Span(TODAY, TODAY + timedelta(days=7)))
    during = items(context, session, cast, "kira", at, Span(TODAY + timedelta(days=3), TODAY + timedelta(days=9)))
    later = items(context, session, cast, "kira", at, Span(TODAY + timedelta(days=6), TODAY + timedelta(days=9)))

    assert [(i.on, i.until, i.ru) for i in ahead] == [(away.from_on, away.until_on, "Вас нет по 28.11.2026: отпуск")]
    assert [i.on for i in during] == [TODAY + timedelta(days=3)]
    assert later == []
    assert items(context, session, cast, "marat", at, Span(TODAY, TODAY + timedelta(days=7))) == []


def test_nobody_is_reminded_of_an_absence_or_late_with_it(context, session, cast, away, at) -> None:
    for day in (0, 2, 8):
        notices.sweep(context.sessions, at=at, today=TODAY + timedelta(days=day))
    with acting(context.sessions, SYSTEM) as seen:
        texts = seen.scalars(select(Notice.text_ru).where(Notice.user_id == cast["kira"].id)).all()

    assert not [text for text in texts if "Вас нет" in text]


def test_the_feed_shows_all_of_its_days(context, session, cast, away, at) -> None:
    kira = people.actor_for(session, cast["kira"], at)
    session.commit()
    with acting(context.sessions, kira) as seen:
        key = feeds.make_key(seen, kira, at=at)

    feed = feeds.feed_for(context.sessions, key, "https://example.org", at=at, today=TODAY + timedelta(days=9))

    (event,) = [e for e in Calendar.from_ical(feed).walk("vevent") if "Вас нет" in e["summary"]]
    assert (event["dtstart"].dt, event["dtend"].dt) == (away.from_on, away.until_on + timedelta(days=1))
    assert not event["summary"].startswith("!")
