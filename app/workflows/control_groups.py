"""Control groups of schools: drawn from a published seed, adjusted by hand with reasons, fixed by an order."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of
from app.errors import Conflict, InsufficientData, NotFound, Reason, Refused
from app.models import ControlGroup, ControlMember, School
from app.policy import Actor, Permission
from app.terms import ControlGroupStatus, MemberOrigin
from app.workflows import control_frame, journal

SHORTEST_REASON = 10


def draw_group(
    session: Session,
    *,
    title: str,
    year: int,
    size: int,
    per_municipality: int,
    seed: str = "",
    actor: Actor,
    at: datetime,
) -> ControlGroup:
    """Propose a balanced group of `size` schools; without a seed one is made and published with the group.

    A regional analyst draws from the whole region, a municipal one from the municipality, where its limit says nothing.
    """
    from app.comparison.control_sample import SampleRule, draw_control

    policy.require(actor, Permission.GROUP_PROPOSE)
    rules = control_frame.load_rules()
    reasons = []
    if len(title.strip()) < 3:
        reasons.append(Reason("no_title", "Назовите группу.", "Name the group."))
    if not 2000 <= year <= 2100:
        reasons.append(Reason("year", "Назовите год процедуры.", "Name the year of the procedure."))
    if size < rules.smallest or per_municipality < 1:
        reasons.append(
            Reason(
                "size",
                f"В группе нужно не меньше {rules.smallest} школ и не меньше одной от муниципалитета.",
                f"A group needs {rules.smallest} schools at least, and one of a municipality.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    if not actor.is_regional:
        per_municipality = size  # all schools in sight are of one municipality
    seed = seed.strip() or secrets.token_hex(8)
    frame = control_frame.build_frame(session, at=at)
    try:
        sample = draw_control(control_frame.frame_schools(frame), SampleRule(size, per_municipality, rules.draws), seed)
    except InsufficientData as error:
        raise Refused(
            Reason(
                "too_few_schools",
                f"{str(error)[:1].upper()}{str(error)[1:]}. Уменьшите группу или поднимите предел.",
                "The limits leave too few schools. Make the group smaller or raise the limit.",
            )
        ) from error
    group = ControlGroup(
        title=title.strip()[:200],
        year=year,
        seed=seed[:64],
        rule={
            "version": rules.version,
            "size": size,
            "per_municipality": per_municipality,
            "draws": rules.draws,
            "draw": sample.draw,
            "first": list(sample.first),
            "drawn": list(sample.codes),
            "excluded": sum(1 for row in frame["schools"] if row["against"]),
        },
        frame=frame,
        frame_sha256=control_frame.digest(frame),
        balance=control_frame.balance_of(session, frame, first=sample.first, drawn=sample.codes, now=sample.codes),
        n_eligible=sum(1 for row in frame["schools"] if row["against"] is None),
        n_members=len(sample.codes),
        drawn_by_id=actor.user_id,
        drawn_by_name=actor.name,
        drawn_at=at,
        municipality_id=None if actor.is_regional else actor.municipality_id,
    )
    session.add(group)
    session.flush()
    strata = {row["code"]: row["stratum"] for row in frame["schools"]}
    for school in session.scalars(select(School).where(School.code.in_(sample.codes)).order_by(School.code)):
        session.add(_member(group, school, strata[school.code], MemberOrigin.DRAWN, "", actor))
    session.flush()
    _journal(session, group, "control:draw", actor, at, {"seed": group.seed, "frame": group.frame_sha256, "size": size})
    return group


def redraw(group: ControlGroup) -> bool:
    """Draw again from the stored frame and the seed; whether the same schools come out."""
    from app.comparison.control_sample import SampleRule, draw_control

    rule = SampleRule(group.rule["size"], group.rule["per_municipality"], group.rule["draws"])
    again = draw_control(control_frame.frame_schools(group.frame), rule, group.seed)
    return list(again.codes) == group.rule["drawn"] and control_frame.digest(group.frame) == group.frame_sha256


def add_school(
    session: Session, group_id: int, school_id: int, *, reason: str, actor: Actor, at: datetime, expected_version: int
) -> ControlGroup:
    """Add a school of the frame by hand; the balance is computed anew."""
    policy.require(actor, Permission.GROUP_PROPOSE)
    group = _draft(session, group_id, expected_version)
    school = session.get(School, school_id)
    if school is None:
        raise NotFound("Такой школы нет, или она относится к другой территории.")
    row = next((row for row in group.frame["schools"] if row["code"] == school.code), None)
    against = control_frame.objections(session, at=at).get(school.id)
    reasons = _reason_faults(reason)
    known = next((member for member in group.members if member.school_id == school.id), None)
    if known is not None and known.removed_at is None:
        reasons.append(Reason("there_already", "Школа уже в группе.", "The school is in the group already."))
    if row is None:
        reasons.append(
            Reason(
                "not_in_frame",
                f"{school.name}: школы этого вида в контрольную группу не входят, или она появилась после жребия.",
                f"{school.name}: schools of this kind do not join a control group, or it appeared after the draw.",
            )
        )
    elif against is not None:
        reasons.append(_objection(school, against))
    if reasons:
        raise Refused(*reasons)
    assert row is not None
    if known is None:
        group.members.append(_member(group, school, row["stratum"], MemberOrigin.ADDED, reason.strip(), actor))
    else:
        known.removed_at = known.removed_by_name = known.removal_reason = None
        known.origin, known.reason, known.added_by_name = MemberOrigin.ADDED, reason.strip(), actor.name
    _recount(session, group)
    _journal(session, group, "control:add", actor, at, {"school": school.code}, reason, school)
    return group


def remove_school(
    session: Session, group_id: int, school_id: int, *, reason: str, actor: Actor, at: datetime, expected_version: int
) -> ControlGroup:
    """Take a school out by hand; it stays in the list of the group with the reason."""
    policy.require(actor, Permission.GROUP_PROPOSE)
    group = _draft(session, group_id, expected_version)
    member = next((m for m in group.members if m.school_id == school_id and m.removed_at is None), None)
    if member is None:
        raise NotFound("Такой школы в группе нет.")
    reasons = _reason_faults(reason)
    if reasons:
        raise Refused(*reasons)
    member.removed_at, member.removed_by_name, member.removal_reason = at, actor.name, reason.strip()
    _recount(session, group)
    _journal(session, group, "control:remove", actor, at, {"school": member.school.code}, reason, member.school)
    return group


def fix_group(
    session: Session,
    group_id: int,
    *,
    order_number: str,
    order_date: date,
    markers: str,
    staff: str,
    actor: Actor,
    at: datetime,
    expected_version: int,
) -> ControlGroup:
    """Fix the group by an order: who marks from outside, who of the municipality is present. Its list is hashed."""
    from app.comparison.control_sample import members_digest

    policy.require(actor, Permission.GROUP_APPROVE)
    group = _draft(session, group_id, expected_version)
    codes = codes_of(group)
    reasons = []
    if not order_number.strip():
        reasons.append(Reason("no_number", "Укажите номер приказа.", "Give the order's number."))
    if order_date > day_of(at):
        reasons.append(Reason("future", "Дата приказа ещё не наступила.", "The day of the order is still ahead."))
    if len(markers.strip()) < SHORTEST_REASON:
        reasons.append(
            Reason("no_markers", "Напишите, кто проверяет работы: внешние эксперты.", "Say who marks from outside.")
        )
    if len(staff.strip()) < SHORTEST_REASON:
        reasons.append(
            Reason("no_staff", "Напишите, кто присутствует от муниципалитета.", "Say who of the staff is present.")
        )
    if len(codes) < control_frame.load_rules().smallest:
        reasons.append(Reason("size", "В группе слишком мало школ.", "The group has too few schools."))
    against = control_frame.objections(session, at=at)
    reasons += [
        _objection(member.school, against[member.school_id])
        for member in group.members
        if member.removed_at is None and member.school_id in against
    ]
    if reasons:
        raise Refused(*reasons)
    group.order_number, group.order_date = order_number.strip()[:40], order_date
    group.markers, group.staff = markers.strip(), staff.strip()
    group.fixed_by_id, group.fixed_by_name, group.fixed_at = actor.user_id, actor.name, at
    group.members_sha256 = members_digest(group.year, codes)
    group.status = ControlGroupStatus.FIXED
    session.flush()
    _journal(
        session, group, "control:fix", actor, at, {"order": group.order_number, "members_sha256": group.members_sha256}
    )
    return group


def withdraw_group(
    session: Session, group_id: int, *, reason: str, actor: Actor, at: datetime, expected_version: int
) -> ControlGroup:
    """Give a group up; runs that used it keep its list. Who proposes groups may give up one that is not fixed yet."""
    group = _group(session, group_id, expected_version)
    is_draft = group.status is ControlGroupStatus.DRAFT
    if not (is_draft and actor.may(Permission.GROUP_PROPOSE)):
        policy.require(actor, Permission.GROUP_APPROVE)
    reasons = _reason_faults(reason)
    if group.status is ControlGroupStatus.WITHDRAWN:
        reasons.append(Reason("over", "Группа уже отменена.", "The group is withdrawn already."))
    if reasons:
        raise Refused(*reasons)
    group.status, group.withdrawal_reason = ControlGroupStatus.WITHDRAWN, reason.strip()
    session.flush()
    _journal(session, group, "control:withdraw", actor, at, {}, reason)
    return group


def codes_of(group: ControlGroup) -> list[str]:
    """Codes of the schools in the group now, in their order."""
    return sorted(member.school.code for member in group.members if member.removed_at is None)


def fixed_groups(session: Session) -> list[ControlGroup]:
    """Groups that a run may take as its reference, newest first."""
    return list(
        session.scalars(
            select(ControlGroup)
            .where(ControlGroup.status == ControlGroupStatus.FIXED)
            .order_by(ControlGroup.year.desc(), ControlGroup.id.desc())
        )
    )


def reference_of(session: Session, group_id: int) -> dict[str, Any]:
    """What a run keeps of the group it compares with: its list and its hash.

    Raises
    ------
    Refused
        The group is not fixed.
    """
    group = session.get(ControlGroup, group_id)
    if group is None:
        raise NotFound("Такой контрольной группы нет, или она относится к другой территории.")
    if group.status is not ControlGroupStatus.FIXED:
        raise Refused(
            Reason(
                "not_fixed",
                f"Контрольная группа «{group.title}» не утверждена: утвердите её приказом.",
                f"The control group “{group.title}” is not fixed: fix it by an order.",
                f"/control/{group.id}",
            )
        )
    return {
        "id": group.id,
        "title": group.title,
        "year": group.year,
        "sha256": group.members_sha256,
        "schools": codes_of(group),
    }


def _draft(session: Session, group_id: int, expected_version: int) -> ControlGroup:
    group = _group(session, group_id, expected_version)
    if group.status is not ControlGroupStatus.DRAFT:
        raise Refused(
            Reason(
                "not_a_draft",
                f"Группа {group.status.ru}: состав больше не меняется. Составьте новую.",
                f"The group is {group.status.en}: its schools change no more. Draw a new one.",
                f"/control/{group.id}",
            )
        )
    return group


def _group(session: Session, group_id: int, expected_version: int) -> ControlGroup:
    group = session.scalars(
        select(ControlGroup).where(ControlGroup.id == group_id).with_for_update(of=ControlGroup)
    ).first()
    if group is None or not policy.holds(session.info.get("actor"), group):
        raise NotFound("Такой контрольной группы нет, или её ведёт регион.")
    if group.version != expected_version:
        raise Conflict("Группу изменили, пока страница была открыта. Посмотрите, какая она теперь.")
    return group


def _member(
    group: ControlGroup, school: School, stratum: str, origin: MemberOrigin, reason: str, actor: Actor
) -> ControlMember:
    return ControlMember(
        group_id=group.id,
        school_id=school.id,
        municipality_id=school.municipality_id,
        school=school,
        stratum=stratum[:200],
        origin=origin,
        reason=reason,
        added_by_name=actor.name,
    )


def _recount(session: Session, group: ControlGroup) -> None:
    codes = codes_of(group)
    balance = control_frame.balance_of(
        session, group.frame, first=group.rule["first"], drawn=group.rule["drawn"], now=codes
    )
    group.n_members, group.balance = len(codes), balance
    session.flush()


def _reason_faults(reason: str) -> list[Reason]:
    if len(reason.strip()) >= SHORTEST_REASON:
        return []
    return [Reason("no_reason", "Напишите причину одним предложением.", "Give the reason in a sentence.")]


def _objection(school: School, against: tuple[str, str]) -> Reason:
    return Reason(
        "against",
        f"{school.name} не может быть в контрольной группе: {against[0]}.",
        f"{school.name} cannot be in a control group: {against[1]}.",
    )


def _journal(
    session: Session,
    group: ControlGroup,
    action: str,
    actor: Actor,
    at: datetime,
    facts: dict[str, Any],
    reason: str = "",
    school: School | None = None,
) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="control_group",
        subject_id=group.id,
        reason=reason.strip(),
        facts=facts,
        municipality_id=school.municipality_id if school else group.municipality_id,
        school_id=school.id if school else None,
    )
