"""The clock of evidence: until when the paper works of a case surely exist, and the request to keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import datafiles, policy
from app.calendars import Rule, Span, occurrences, parse_rule
from app.days import day_of
from app.documents.context import KeepWorks
from app.errors import Misconfigured, Reason, Refused
from app.models import CalendarEvent, Case, Municipality, PreservationRequest
from app.policy import Actor, Permission
from app.terms import ChangeKind, DocumentKind, EventKind
from app.workflows.calendar_world import Change, world_of
from app.workflows.case import open_case_of, record
from app.workflows.issuing import request_document


@dataclass(frozen=True)
class Preservation:
    """The rules of ``app/data/preservation.toml``."""

    rule: Rule
    longest: timedelta
    source: str


@dataclass(frozen=True)
class Kept:
    """Until which day works surely exist, and why that day."""

    until: date
    source_ru: str
    source_en: str
    is_requested: bool = False

    def source(self, locale: str = "ru") -> str:
        return self.source_en if locale == "en" else self.source_ru


@dataclass(frozen=True)
class Standing:
    """What a page says: the day, its source, and the days left (negative when it has passed)."""

    kept: Kept
    left: int


@cache
def preservation_rules() -> Preservation:
    path = datafiles.DATA_DIR / "preservation.toml"
    file = datafiles.load(path, keys={"default", "request"})
    datafiles.require_keys(file.body["default"], {"rule"}, where=f"{path.name} [default]")
    datafiles.require_keys(file.body["request"], {"longest_days"}, where=f"{path.name} [request]")
    try:
        rule = parse_rule(file.body["default"]["rule"])
    except Refused as refused:
        raise Misconfigured(f"{path.name} [default]: {refused}") from refused
    return Preservation(rule, timedelta(days=int(file.body["request"]["longest_days"])), file.source)


@dataclass(frozen=True)
class Works:
    """The works of one paper in a case; no subject and no grade means all of its papers."""

    case: Case
    year: int
    subject: str = ""
    grade: int | None = None


def kept_until(session: Session, case: Case, *, year: int, subject: str = "", grade: int | None = None) -> Kept:
    """The day until which the works of a paper surely exist.

    The latest of: the order of the municipality or, without one, of the region (event ``works_kept`` of that year and
    paper) or, without either, the rule of the data file; and what the school was asked for.
    """
    return all_kept_until(session, [Works(case, year, subject, grade)])[0]


def all_kept_until(session: Session, works: Sequence[Works], *, change: Change | None = None) -> list[Kept]:
    """`kept_until` for many papers at once, in their order; with `change`, as it will be after a change of an event."""
    asked = {
        row.case_id: row
        for row in session.scalars(
            select(PreservationRequest)
            .where(PreservationRequest.case_id.in_({one.case.id for one in works}))
            .order_by(PreservationRequest.keep_until, PreservationRequest.id.desc())
        )
    }
    bases: dict[tuple[Any, ...], Kept] = {}
    found = []
    for one in works:
        place, paper = one.case.municipality_id, (one.year, one.subject, one.grade)
        if (place, paper) not in bases:
            bases[place, paper] = _by_order(session, place, *paper, change) or _by_rule(session, one.case, one.year)
        base, request = bases[place, paper], asked.get(one.case.id)
        if request is not None and request.keep_until > base.until:
            base = Kept(
                request.keep_until,
                f"просьба сохранить работы № {request.number} от {request.requested_on:%d.%m.%Y}",
                f"request to keep the works No. {request.number} of {request.requested_on:%Y-%m-%d}",
                True,
            )
        found.append(base)
    return found


def standing(session: Session, case: Case, *, today: date) -> Standing:
    """The case's own papers: of the year it was opened for."""
    kept = kept_until(session, case, year=case.year)
    return Standing(kept, (kept.until - today).days)


def objection(
    session: Session, case: Case, scheduled_on: date, *, year: int, subject: str, grade: int
) -> Reason | None:
    """Why a recheck on that day would come too late, or None."""
    kept = kept_until(session, case, year=year, subject=subject, grade=grade)
    return too_late(kept) if scheduled_on > kept.until else None


def too_late(kept: Kept) -> Reason:
    """That a day lies beyond the one until which the works surely exist, and what to do."""
    return Reason(
        "works_not_kept",
        f"В этот день работ может уже не быть: они точно хранятся до {kept.until:%d.%m.%Y} ({kept.source_ru}). "
        "Попросите школу сохранить их или назначьте более ранний день.",
        f"The works may be gone by that day: they are surely kept until {kept.until:%Y-%m-%d} ({kept.source_en}). "
        "Ask the school to keep them or choose an earlier day.",
        "#preservation",
    )


def request_keeping(
    session: Session,
    case_id: int,
    *,
    number: str,
    keep_until: date,
    is_confirmed: bool,
    signatory: str,
    signatory_post: str,
    actor: Actor,
    at: datetime,
) -> PreservationRequest:
    """Ask the school to keep the works of a case; a letter is issued and the day moves.

    `is_confirmed` says that the school has confirmed the works to be there; needed once the sure day has passed.
    """
    policy.require(actor, Permission.CASE_RECHECK)
    case = open_case_of(session, case_id)
    today, rules = day_of(at), preservation_rules()
    kept = kept_until(session, case, year=case.year)
    reasons = []
    if not number.strip():
        reasons.append(Reason("no_number", "Укажите номер письма.", "Give the number of the letter."))
    if not signatory.strip() or not signatory_post.strip():
        reasons.append(Reason("no_signatory", "Укажите, кто подпишет письмо.", "Say who signs the letter."))
    if keep_until <= max(kept.until, today):
        reasons.append(
            Reason(
                "not_later",
                f"Работы и так хранятся до {kept.until:%d.%m.%Y}: назовите более поздний день, не раньше завтрашнего.",
                f"The works are kept until {kept.until:%Y-%m-%d} as it is: name a later day, tomorrow or after.",
            )
        )
    if keep_until > today + rules.longest:
        reasons.append(
            Reason(
                "too_long",
                f"Просить о хранении можно не дольше чем на {rules.longest.days} дней; проверьте год.",
                f"Keeping may be asked for {rules.longest.days} days at most; check the year.",
            )
        )
    if today > kept.until and not is_confirmed:
        reasons.append(
            Reason(
                "maybe_gone",
                f"Срок хранения истёк {kept.until:%d.%m.%Y}. Узнайте у школы, целы ли работы, и отметьте, что она это "
                "подтвердила; иначе просить не о чем.",
                f"The works were to be kept until {kept.until:%Y-%m-%d}. Ask the school whether they still exist and "
                "tick that it has confirmed so.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    row = PreservationRequest(
        case_id=case.id,
        number=number.strip(),
        requested_on=today,
        keep_until=keep_until,
        is_confirmed=is_confirmed,
        requested_by_name=actor.name,
        requested_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(row)
    session.flush()
    letter = _letter(session, case, row, kept, signatory.strip(), signatory_post.strip())
    request_document(session, case, DocumentKind.KEEP_WORKS, f"keep-{row.id}", row.number, letter, at=at)
    record(
        session,
        case,
        "works:keep",
        actor=actor,
        at=at,
        facts={"request_id": row.id, "keep_until": keep_until.isoformat(), "was": kept.until.isoformat()},
    )
    return row


def _by_order(
    session: Session, municipality_id: int | None, year: int, subject: str, grade: int | None, change: Change | None
) -> Kept | None:
    """The order in force: the municipality's goes before the region's, one of the paper before one of every paper."""
    own = CalendarEvent.municipality_id
    rows = session.scalars(
        select(CalendarEvent).where(
            CalendarEvent.kind == EventKind.WORKS_KEPT,
            CalendarEvent.year == year,
            or_(own.is_(None), own == municipality_id),
        )
    ).all()
    changed_id = change.row_id if change is not None else None
    if change is not None and change.kind is ChangeKind.EVENT_REMOVE:
        rows = [row for row in rows if row.id != changed_id]
    fitting = [row for row in rows if row.subject in ("", subject) and row.grade in (None, grade)]
    if not fitting:
        return None

    def rank(row: CalendarEvent) -> tuple[Any, ...]:
        return row.municipality_id is not None, row.subject != "", row.grade is not None, row.id

    best = max(fitting, key=rank)
    is_moved = change is not None and change.kind is ChangeKind.EVENT_MOVE and best.id == changed_id
    on = date.fromisoformat(change.values["on"]) if change is not None and is_moved else best.on
    return Kept(on, best.source, best.source)


def _by_rule(session: Session, case: Case, year: int) -> Kept:
    rule = preservation_rules().rule
    span = Span(date(year - 1, 9, 1), date(year, 8, 31))
    world, place = world_of(session), case.municipality_id
    found = occurrences(rule, world.anchors(place), world.calendar(place), span)
    days = [due.due_on for due in found if due.due_on is not None]
    if not days:
        raise Misconfigured("preservation.toml [default]: правило не называет дня в учебном году")
    return Kept(
        max(days),
        "общее правило: конец учебного года работы, приказа о хранении в календаре нет",
        "general rule: the end of the paper's academic year; the calendar has no order on keeping works",
    )


def _letter(
    session: Session, case: Case, row: PreservationRequest, kept: Kept, signatory: str, signatory_post: str
) -> KeepWorks:
    municipality = session.get(Municipality, case.municipality_id)
    return KeepWorks(
        number=row.number,
        issued_on=row.requested_on,
        department=f"Орган управления образованием, {municipality.name if municipality else ''}",
        signatory=signatory,
        signatory_post=signatory_post,
        school_name=case.school.name,
        school_code=case.school.code,
        year=case.year,
        keep_until=row.keep_until,
        kept_before=kept.until,
        is_confirmed=row.is_confirmed,
        case_number=case.number,
    )
