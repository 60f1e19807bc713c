"""A department's yearly programme: drafted from a template, adapted, approved, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.calendars import parse_rule
from app.days import day_of
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import Municipality, Programme, ProgrammeMeasure, User
from app.policy import Actor, Permission
from app.roadmaps import Measure, Template, load_templates
from app.terms import DocumentKind, ProgrammeStatus
from app.workflows import execution, journal, plan_events, programme_dates, programme_papers

FIRST_YEARS = range(2019, 2041)


@dataclass(frozen=True)
class Adapted:
    """A measure as a person wants it in the programme."""

    what: str
    result: str
    evidence: str
    rule: Mapping[str, Any]
    responsible_id: int | None = None
    responsible_name: str = ""
    left_out_reason: str = ""


@dataclass(frozen=True)
class Approval:
    number: str
    agreed_by: str
    agreed_on: date
    approved_by: str
    approved_on: date


def draft(
    session: Session, template_id: str, first_year: int, *, title: str = "", actor: Actor, at: datetime
) -> Programme:
    """Begin a programme of the actor's territory for an academic year.

    Raises
    ------
    NotPermitted, NotFound, Refused
        Refused: the year is out of range, or the territory has a programme from this template for this year.
    """
    policy.require(actor, Permission.PROGRAMME_KEEP)
    template = load_templates().get(template_id)
    if template is None:
        raise NotFound("Такого шаблона нет. Выберите шаблон из списка.")
    if first_year not in FIRST_YEARS:
        raise Refused(
            Reason(
                "year",
                f"Учебный год начинается с {FIRST_YEARS.start} по {FIRST_YEARS.stop - 1}.",
                f"The academic year begins in {FIRST_YEARS.start} to {FIRST_YEARS.stop - 1}.",
            )
        )
    twin = session.scalars(
        select(Programme).where(
            Programme.template_id == template_id,
            Programme.first_year == first_year,
            Programme.municipality_id.is_(None)
            if actor.municipality_id is None
            else Programme.municipality_id == actor.municipality_id,
        )
    ).first()
    if twin is not None:
        raise Refused(
            Reason(
                "twin",
                f"Программа по этому шаблону на {year_title(first_year)} уже есть: «{twin.title}».",
                f"There is a programme from this template for {year_title(first_year)} already.",
                f"/programmes/{twin.id}",
            )
        )
    programme = Programme(
        title=title.strip()[:300] or f"{template.title}: {year_title(first_year)}"[:300],
        first_year=first_year,
        template_id=template.id,
        template_version=template.version,
        template_sha256=template.sha256,
        source=template.source,
        sections=[vars(section) for section in template.sections],
        drafted_by_id=actor.user_id,
        drafted_by_name=actor.name,
        drafted_at=at,
        municipality_id=actor.municipality_id,
    )
    session.add(programme)
    session.flush()
    for position, measure in enumerate(template.measures):
        session.add(measure_row(programme, measure, position))
    session.flush()
    facts = {"template": template.id, "version": template.version}
    record(session, programme, "programme:draft", actor=actor, at=at, facts=facts)
    return programme


def measure_row(programme: Programme, measure: Measure, position: int) -> ProgrammeMeasure:
    """A measure of a template as a row of a programme."""
    return ProgrammeMeasure(
        programme_id=programme.id,
        position=position,
        of_template=measure.to_json(),
        municipality_id=programme.municipality_id,
        **template_fields(measure),
    )


def template_fields(measure: Measure) -> dict[str, Any]:
    values = measure.to_json()
    values.pop("en")
    return {**values, "kind": measure.kind}


def adapt(
    session: Session,
    measure_id: int,
    adapted: Adapted,
    *,
    actor: Actor,
    at: datetime,
    expected_version: int,
    reason: str = "",
) -> ProgrammeMeasure:
    """Change a measure: reword it, give it another term, a person, or leave it out with a reason.

    In an approved programme the change needs a reason of its own, and its tasks follow: planned ones are dated anew,
    those done, waived or pinned stay.
    """
    policy.require(actor, Permission.PROGRAMME_KEEP)
    measure = _measure(session, measure_id, expected_version)
    programme = own(measure.programme, actor)
    is_running = programme.status is not ProgrammeStatus.DRAFT
    reasons = [
        Reason("empty", f"Заполните поле «{name}».", f"Fill in “{name_en}”.")
        for name, name_en, value in (
            ("Мероприятие", "Measure", adapted.what),
            ("Ожидаемый результат", "Expected result", adapted.result),
            ("Чем подтверждается", "Evidence", adapted.evidence),
        )
        if len(value.strip()) < 3
    ]
    if adapted.left_out_reason and len(adapted.left_out_reason.strip()) < execution.SHORTEST_REASON:
        reasons.append(
            Reason(
                "no_reason",
                "Объясните, почему мероприятие не входит в программу, хотя бы одним предложением.",
                "Say in at least one sentence why the measure is left out.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    rule = parse_rule(adapted.rule)
    name = adapted.responsible_name.strip()[:300]
    if adapted.responsible_id is not None:
        person = session.get(User, adapted.responsible_id)
        if person is None or not person.is_active:
            raise Refused(
                Reason("nobody", "Выберите действующего сотрудника из списка.", "Choose an active person of the list.")
            )
        name = name or person.name
    why = execution.said(reason) if is_running else reason.strip()
    before = {"what": measure.what, "rule": measure.rule, "responsible": measure.responsible_name}
    measure.what, measure.result, measure.evidence = (
        adapted.what.strip(),
        adapted.result.strip(),
        adapted.evidence.strip(),
    )
    if rule.to_json() != measure.rule:
        measure.rule, measure.when_note = rule.to_json(), ""
    measure.left_out_reason = adapted.left_out_reason.strip() or None
    measure.responsible_id, measure.responsible_name = adapted.responsible_id, name
    session.flush()
    moved = programme_dates.follow(session, programme, only=measure.id) if is_running else []
    record(
        session,
        programme,
        "programme:leave_out" if measure.left_out_reason else "programme:adapt",
        actor=actor,
        at=at,
        reason=measure.left_out_reason or why,
        facts={"measure": measure.number, "before": before, "tasks": len(moved)},
    )
    return measure


def approve(
    session: Session, programme_id: int, approval: Approval, *, actor: Actor, at: datetime, expected_version: int
) -> Programme:
    """Approve a draft: who agreed, who approved, when, by which number; tasks are made and the PDF asked for."""
    policy.require(actor, Permission.PROGRAMME_APPROVE)
    programme = own(find(session, programme_id, expected_version), actor)
    reasons = []
    if programme.status is not ProgrammeStatus.DRAFT:
        reasons.append(Reason("approved", "Программа уже утверждена.", "The programme is approved already."))
    for value, ru, en in (
        (approval.number, "номер утверждения", "the number"),
        (approval.agreed_by, "кто согласовал", "who agreed"),
        (approval.approved_by, "кто утвердил", "who approved"),
    ):
        if not value.strip():
            reasons.append(Reason("empty", f"Укажите {ru}.", f"State {en}."))
    if approval.agreed_by.strip() and approval.agreed_by.strip() == approval.approved_by.strip():
        reasons.append(
            Reason(
                "same_person",
                "Согласует и утверждает не один и тот же человек.",
                "The one who agrees and the one who approves are two people.",
            )
        )
    if approval.approved_on < approval.agreed_on:
        reasons.append(
            Reason("order", "Утверждают не раньше, чем согласовали.", "Approval does not come before agreement.")
        )
    if approval.approved_on > day_of(at):
        reasons.append(Reason("future", "День утверждения ещё не наступил.", "The day of approval is still ahead."))
    if not any(measure.left_out_reason is None for measure in programme.measures):
        reasons.append(
            Reason("nothing_left", "В программе не осталось мероприятий.", "No measure is left in the programme.")
        )
    if reasons:
        raise Refused(*reasons)
    programme.status, programme.number = ProgrammeStatus.APPROVED, approval.number.strip()[:60]
    programme.agreed_by, programme.agreed_on = approval.agreed_by.strip()[:300], approval.agreed_on
    programme.approved_by, programme.approved_on = approval.approved_by.strip()[:300], approval.approved_on
    session.flush()
    made = programme_dates.follow(session, programme)
    programme_papers.request(
        session,
        programme,
        DocumentKind.PROGRAMME,
        f"programme:{programme.id}",
        programme_papers.programme_paper(session, programme, place_of(session, programme)),
        at=at,
    )
    record(
        session,
        programme,
        "programme:approve",
        actor=actor,
        at=at,
        facts={"number": programme.number, "approved_on": approval.approved_on.isoformat(), "tasks": len(made)},
    )
    return programme


def follow_rules(
    session: Session, programme_id: int, *, actor: Actor, at: datetime, expected_version: int
) -> list[programme_dates.Shift]:
    """Date the tasks of a running programme anew; what is done, waived or pinned stays."""
    policy.require(actor, Permission.PROGRAMME_KEEP)
    programme = own(find(session, programme_id, expected_version), actor)
    _running(programme)
    shifts = programme_dates.follow(session, programme)
    if shifts:
        record(
            session,
            programme,
            "programme:follow_rules",
            actor=actor,
            at=at,
            facts={"tasks": [shift.plain() for shift in shifts][:500]},
        )
    return shifts


def report(session: Session, programme_id: int, *, actor: Actor, at: datetime) -> None:
    """Ask for the report on execution as it stands today; one a day."""
    policy.require(actor, Permission.PROGRAMME_KEEP)
    programme = own(find(session, programme_id), actor)
    _running(programme)
    paper = programme_papers.report_paper(session, programme, place_of(session, programme), on=day_of(at))
    key = f"programme:{programme.id}:{day_of(at)}:{programme_papers.digest(paper)}"
    programme_papers.request(session, programme, DocumentKind.PROGRAMME_REPORT, key, paper, at=at)
    record(session, programme, "programme:report", actor=actor, at=at)


def find(session: Session, programme_id: int, expected_version: int | None = None) -> Programme:
    """A programme in sight.

    Raises
    ------
    NotFound, Conflict
    """
    programme = session.scalars(select(Programme).where(Programme.id == programme_id)).first()
    if programme is None:
        raise NotFound("Программы нет, или она относится к другой территории.")
    if expected_version is not None and programme.version != expected_version:
        raise Conflict("Программу уже изменил другой человек. Проверьте введённое и отправьте ещё раз.")
    return programme


def own(programme: Programme, actor: Actor) -> Programme:
    """The programme, if the actor's territory keeps it: the region's is read by all and changed by the region.

    Raises
    ------
    Refused
    """
    if not policy.holds(actor, programme):
        raise Refused(
            Reason(
                "regions_programme",
                "Это программа региона: её меняет региональный руководитель, отдел читает. Свою начните по шаблону.",
                "This is the region's programme: the region changes it, a department reads it. Draft your own from a "
                "template.",
                "/programmes/templates",
            )
        )
    return programme


def place_of(session: Session, programme: Programme) -> str:
    """Name of the territory; empty for the region as a whole."""
    if programme.municipality_id is None:
        return ""
    place = session.get(Municipality, programme.municipality_id)
    return place.name if place else ""


def year_title(first_year: int) -> str:
    return f"{first_year}/{first_year + 1} учебный год"


def preview(template: Template, first_year: int, session: Session, municipality_id: int | None) -> list[Any]:
    """Every measure with the days it would fall due on in an academic year."""
    calendar = plan_events.calendar_of(session, municipality_id)
    anchors = plan_events.events_of(session, municipality_id)
    return [
        (measure, list(plan_events.dues(measure.rule, anchors, calendar, first_year + measure.year_shift).values()))
        for measure in template.measures
    ]


def record(
    session: Session,
    programme: Programme,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """Journal what was done on a programme."""
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="programme",
        subject_id=programme.id,
        reason=reason,
        facts=facts,
        municipality_id=programme.municipality_id,
    )


def _measure(session: Session, measure_id: int, expected_version: int) -> ProgrammeMeasure:
    measure = session.scalars(select(ProgrammeMeasure).where(ProgrammeMeasure.id == measure_id)).first()
    if measure is None:
        raise NotFound("Мероприятия нет, или оно относится к другой территории.")
    if measure.version != expected_version:
        raise Conflict("Мероприятие уже изменил другой человек. Проверьте введённое и отправьте ещё раз.")
    return measure


def _running(programme: Programme) -> None:
    if programme.status is ProgrammeStatus.DRAFT:
        raise Refused(
            Reason(
                "draft",
                "Программа ещё не утверждена: сначала утвердите её.",
                "The programme is not approved yet: approve it first.",
                f"/programmes/{programme.id}/approve",
            )
        )
