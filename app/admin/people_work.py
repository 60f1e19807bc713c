"""What a person has in hand, as lines of a page: what, note, address."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from app import auth
from app.admin import words
from app.models import MentoringPair, Person
from app.policy import Permission
from app.terms import MentoringStatus
from app.workflows import absences
from app.workflows.absences import Touched

Line = tuple[str, str, str]


def all_of(person: Person) -> list[Line]:
    """Everything of a person that is in sight: cases, visits, rechecks, mentoring pairs."""
    if not auth.actor().may(Permission.CASE_READ):
        return []
    return [*lines(absences.touched(auth.db(), person.user_id)), *_pairs(person.id)]


def lines(work: Touched) -> list[Line]:
    """Open cases, visits and rechecks."""
    found = [
        (
            c.school.name if c.school else c.number,
            _("дело %(number)s", number=c.number),
            url_for("cases.case", case_id=c.id),
        )
        for c in work.cases
    ]
    found += [
        (
            words.paper(v.subject, v.grade),
            _("визит %(day)s", day=words.day(v.scheduled_on)),
            url_for("observations.visit", observation_id=v.id),
        )
        for v in work.visits
    ]
    found += [
        (
            words.paper(r.subject, r.grade),
            _("перепроверка %(day)s", day=words.day(r.scheduled_on)),
            url_for("rechecks.recheck", recheck_id=r.id),
        )
        for r in work.rechecks
    ]
    return found


def _pairs(person_id: int) -> list[Line]:
    """Mentoring pairs that the person is in now, on either side."""
    pairs = auth.db().scalars(
        select(MentoringPair)
        .where(
            or_(MentoringPair.mentor_person_id == person_id, MentoringPair.mentee_person_id == person_id),
            MentoringPair.status == MentoringStatus.ACTIVE,
        )
        .options(selectinload(MentoringPair.school))
        .order_by(MentoringPair.id)
    )
    return [
        (
            pair.school.name,
            _("наставник: %(name)s", name=pair.mentee_name)
            if pair.mentor_person_id == person_id
            else _("помогает %(name)s", name=pair.mentor_name),
            url_for("mentoring.pair", pair_id=pair.id),
        )
        for pair in pairs
    ]
