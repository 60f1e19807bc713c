"""Notices: what a person is told in the application, each thing once, and the sweep that finds what is worth telling.

A key names what a notice is about; telling it again changes nothing, so a sweep may run as often as it likes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from app import datafiles
from app.calendars import Span, WorkingCalendar
from app.database import acting
from app.flows import CLOSED, State
from app.models import Case, CaseEvent, DueMove, Municipality, Notice, User
from app.policy import SYSTEM, Actor
from app.terms import AgendaKind, Following, NoticeKind, Role
from app.workflows import people
from app.workflows.agenda import agenda
from app.workflows.agenda_items import Item
from app.workflows.calendar_world import calendar_of
from app.workflows.recalculation import RECHECKS, owner_of

REMINDED_ROLES = (Role.CURATOR, Role.INSPECTOR, Role.DEPARTMENT, Role.REGION_MANAGER, Role.SCHOOL)
LOOK_BACK = timedelta(days=60)
"""How old an overdue date may be and still be told: older ones have been told long ago."""


@dataclass(frozen=True)
class NoticeRules:
    """Working days before a date, working days of delay, hour of the letter, lines of its section, days of the feed."""

    days_before: tuple[int, ...]
    escalate_after: int
    hour: int
    lines: int
    feed_back: int
    feed_ahead: int


@cache
def load_rules() -> NoticeRules:
    """Rules of ``app/data/notices.toml``."""
    path = datafiles.DATA_DIR / "notices.toml"
    body = datafiles.load(path, keys={"remind", "escalate", "digest", "feed"}).body
    for name, keys in (
        ("remind", {"days_before"}),
        ("escalate", {"after"}),
        ("digest", {"hour", "lines"}),
        ("feed", {"back", "ahead"}),
    ):
        datafiles.require_keys(body[name], keys, where=f"{path.name} [{name}]")
    return NoticeRules(
        tuple(sorted({int(n) for n in body["remind"]["days_before"]}, reverse=True)),
        int(body["escalate"]["after"]),
        int(body["digest"]["hour"]),
        int(body["digest"]["lines"]),
        int(body["feed"]["back"]),
        int(body["feed"]["ahead"]),
    )


def tell(
    session: Session,
    user_ids: Iterable[int],
    kind: NoticeKind,
    key: str,
    ru: str,
    en: str,
    href: str,
    *,
    at: datetime,
) -> int:
    """Tell each of `user_ids` once; return how many had not been told before. The system's to call."""
    wanted = sorted(set(user_ids))
    known = set(session.scalars(select(Notice.user_id).where(Notice.key == key, Notice.user_id.in_(wanted))))
    fresh = [user_id for user_id in wanted if user_id not in known]
    session.add_all(
        Notice(user_id=user_id, kind=kind, key=key, text_ru=ru, text_en=en, href=href, at=at) for user_id in fresh
    )
    session.flush()
    return len(fresh)


def people_of_case(session: Session, case: Case) -> list[int]:
    """Ids of those who follow a case: its curator, the municipality's department, the school."""
    return list(
        session.scalars(
            select(User.id).where(
                User.is_active,
                or_(
                    User.id == case.curator_id,
                    (User.role == Role.DEPARTMENT) & (User.municipality_id == case.municipality_id),
                    (User.role == Role.SCHOOL) & (User.school_id == case.school_id),
                ),
            )
        )
    )


def tell_of_move(session: Session, case: Case, event: CaseEvent, before: State, after: State) -> int:
    """Tell the people of a case that it moved from stage to stage, except who moved it."""
    return tell(
        session,
        [user_id for user_id in people_of_case(session, case) if user_id != event.actor_id],
        NoticeKind.MOVED,
        f"moved-{event.id}",
        f"Дело {case.number}: {before.ru} → {after.ru} ({event.actor_name})",
        f"Case {case.number}: {before.en} → {after.en} ({event.actor_name})",
        f"/cases/{case.id}",
        at=event.at,
    )


def tell_of_changed_dates(session: Session, change_id: int, *, at: datetime) -> int:
    """Tell whom a change of the calendar concerns, one notice a person; only the moves that are to be told."""
    told = 0
    for user_id, own in _by_person(session, change_id, Following.MOVED).items():
        first, more = own[0], len(own) - 1
        days = f"{first.old_on:%d.%m.%Y} → {first.new_on:%d.%m.%Y}" if first.old_on and first.new_on else ""
        told += tell(
            session,
            [user_id],
            NoticeKind.CHANGED,
            f"changed-{change_id}",
            f"Срок перенесён: {first.label} {days}" + (f" и ещё сроков: {more}" if more else ""),
            f"Moved: {first.label} {days}" + (f" and {more} more dates" if more else ""),
            f"/calendar/changes/{change_id}",
            at=at,
        )
    return told


def tell_of_lost_events(session: Session, change_id: int, *, at: datetime) -> int:
    """Tell the owners of deadlines whose event a change took away, one notice a person, whether it asks for it or not:
    nothing else would show them that the day has nothing to stand on.
    """
    told = 0
    for user_id, every in _by_person(session, change_id, Following.ORPHANED).items():
        late = [move for move in every if move.subject == RECHECKS]
        told += _tell_of_late_recheck(session, user_id, change_id, late, at) if late else 0
        own = [move for move in every if move.subject != RECHECKS]
        if not own:
            continue
        first, more = own[0], len(own) - 1
        ru, en = (f" ({first.old_on:%d.%m.%Y})", f" ({first.old_on:%Y-%m-%d})") if first.old_on else ("", "")
        told += tell(
            session,
            [user_id],
            NoticeKind.LOST,
            f"lost-{change_id}",
            f"Событие снято, срок остался без основания: {first.label}{ru}"
            + (f" и ещё сроков: {more}" if more else "")
            + ". Закрепите день или выберите другое событие.",
            f"The event was removed, the date has no ground: {first.label}{en}"
            + (f" and {more} more dates" if more else "")
            + ". Pin a day or choose another event.",
            f"/calendar/changes/{change_id}",
            at=at,
        )
    return told


def _tell_of_late_recheck(session: Session, user_id: int, change_id: int, late: list[DueMove], at: datetime) -> int:
    more = len(late) - 1
    return tell(
        session,
        [user_id],
        NoticeKind.LOST,
        f"late-recheck-{change_id}",
        f"К дню перепроверки работ может уже не быть. {late[0].label}"
        + (f", и ещё перепроверок: {more}" if more else "")
        + ". Попросите школу сохранить работы или назначьте более ранний день.",
        f"The works may be gone by the day of the recheck. {late[0].label}"
        + (f", and {more} more rechecks" if more else "")
        + ". Ask the school to keep them or choose an earlier day.",
        f"/calendar/changes/{change_id}",
        at=at,
    )


def _by_person(session: Session, change_id: int, following: Following) -> dict[int, list[DueMove]]:
    """What a change did to the deadlines of each person, as far as it is to be told."""
    moves = session.scalars(
        select(DueMove)
        .where(DueMove.change_id == change_id, DueMove.is_told, DueMove.following == following)
        .order_by(DueMove.old_on, DueMove.id)
    )
    found: dict[int, list[DueMove]] = {}
    for move in moves:
        for user_id in _owners(session, move):
            found.setdefault(user_id, []).append(move)
    return found


def _owners(session: Session, move: DueMove) -> list[int]:
    """Whose deadline it is: the people of its case, whoever answers for it by name, else those of its place."""
    case_id, user_id = owner_of(session, move.subject, move.subject_id)
    case = session.get(Case, case_id) if case_id is not None else None
    if case is not None:
        return list(dict.fromkeys([*people_of_case(session, case), *([user_id] if user_id is not None else [])]))
    return [user_id] if user_id is not None else _people_of_place(session, move)


def _people_of_place(session: Session, move: DueMove) -> list[int]:
    """Whose deadline it is: the department of the municipality, or the region's managers."""
    if move.municipality_id is None:
        condition = User.role == Role.REGION_MANAGER
    else:
        condition = (User.role == Role.DEPARTMENT) & (User.municipality_id == move.municipality_id)
    return list(session.scalars(select(User.id).where(User.is_active, condition)))


def mark_read(session: Session, actor: Actor, notice_ids: Iterable[int] | None, *, at: datetime) -> int:
    """Mark some of the actor's notices as read, or all of them with None."""
    statement = update(Notice).where(Notice.user_id == actor.user_id, Notice.read_at.is_(None))
    if notice_ids is not None:
        statement = statement.where(Notice.id.in_(list(notice_ids)))
    return session.execute(statement.values(read_at=at)).rowcount  # type: ignore[attr-defined]


def sweep(sessions: sessionmaker[Session], *, at: datetime, today: date) -> int:
    """Remind of dates, tell what is overdue or did not happen, pass long delays on; return the notices made.

    Each person is looked at in their own sight, so nobody hears of a row they may not open.
    """
    rules = load_rules()
    with acting(sessions, SYSTEM) as session:
        users = list(session.scalars(select(User).where(User.is_active, User.role.in_(REMINDED_ROLES))))
        region = calendar_of(session, None)
    told = 0
    for user in users:
        with acting(sessions, SYSTEM) as session:
            actor = people.actor_for(session, user, at)
            calendar = calendar_of(session, user.municipality_id)
        # The furthest reminder is the horizon a person's agenda is asked for.
        horizon = calendar.add_working_days(today, max(rules.days_before, default=0))
        with acting(sessions, actor) as session:
            items = agenda(session, Span(today - LOOK_BACK, horizon))
        with acting(sessions, SYSTEM) as session:
            told += sum(
                _remind(session, user, item, rules, calendar, at=at, today=today) for item in items if item.is_due
            )
    with acting(sessions, SYSTEM) as session:
        told += _pass_on(session, rules, region, at=at, today=today)
    return told


def _remind(
    session: Session,
    user: User,
    item: Item,
    rules: NoticeRules,
    calendar: WorkingCalendar,
    *,
    at: datetime,
    today: date,
) -> int:
    if item.on < today:
        if item.kind in (AgendaKind.VISIT, AgendaKind.RECHECK):
            kind, ru, en = NoticeKind.NOT_HAPPENED, "Не отмечено как состоявшееся", "Not recorded as done"
        else:
            kind, ru, en = NoticeKind.OVERDUE, "Срок прошёл", "Overdue"
        key = f"{kind.value}-{item.key}-{item.on}"
    else:
        left = calendar.working_days_between(today, item.on)
        step = next((days for days in reversed(rules.days_before) if left <= days), None)
        if step is None:
            return 0
        kind, ru, en = NoticeKind.DUE_SOON, "Скоро срок", "Due soon"
        key = f"due_soon-{item.key}-{item.on}-{step}"
    ru, en = f"{ru}, {item.on:%d.%m.%Y}. {item.ru}", f"{en}, {item.on:%Y-%m-%d}. {item.en}"
    return tell(session, [user.id], kind, key, ru, en, item.href, at=at)


def _pass_on(session: Session, rules: NoticeRules, calendar: WorkingCalendar, *, at: datetime, today: date) -> int:
    """One notice a municipality and week to the region's managers about cases long overdue."""
    limit = calendar.add_working_days(today, -rules.escalate_after)
    rows = session.execute(
        select(Municipality.id, Municipality.name, func.count(Case.id), func.min(Case.due_on))
        .join(Case, Case.municipality_id == Municipality.id)
        .where(Case.state != CLOSED, Case.due_on < limit)
        .group_by(Municipality.id, Municipality.name)
    ).all()
    managers = list(session.scalars(select(User.id).where(User.is_active, User.role == Role.REGION_MANAGER)))
    week = today.isocalendar()
    told = 0
    for municipality_id, name, n, oldest in rows:
        told += tell(
            session,
            managers,
            NoticeKind.ESCALATED,
            f"escalated-{municipality_id}-{week.year}-{week.week}",
            f"{name}: дел с просрочкой больше {rules.escalate_after} рабочих дней — {n}, самый давний срок "
            f"{oldest:%d.%m.%Y}.",
            f"{name}: {n} cases are more than {rules.escalate_after} working days late, the oldest since "
            f"{oldest:%Y-%m-%d}.",
            f"/cases/?municipality={municipality_id}",
            at=at,
        )
    return told
