"""What a list and a card say of a person, and the criteria of the list's filters.

Facts are gathered once for the people of a page; columns read them from there.
"""

from __future__ import annotations

from datetime import date

from flask import g
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, or_, select

from app import auth
from app.admin import choices, words
from app.conflicts import PersonFacts, load_rules, training_state
from app.models import Absence, Person, PersonDuty, Training
from app.terms import Duty, TrainingState
from app.workflows import independence

TRAINING_TONES = {TrainingState.VALID: "good", TrainingState.EXPIRING: "warn", TrainingState.EXPIRED: "bad"}
SEVERITY = (TrainingState.EXPIRED, TrainingState.NONE, TrainingState.EXPIRING, TrainingState.VALID)
FOREVER = date.max


def facts_here() -> dict[int, PersonFacts]:
    kept: dict[int, PersonFacts] = g.setdefault("people_facts", {})
    return kept


def place_of(person: Person) -> str:
    facts = facts_here().get(person.id)
    posts = facts.posts_on(words.today()) if facts else ()
    if not posts:
        return _("место работы не указано")
    titles = [p.title for p in person.posts if p.until is None or p.until >= words.today()]
    place = posts[-1].workplace or words.title(posts[-1].kind)
    return f"{titles[-1]}, {place}" if titles and titles[-1] and titles[-1] != place else place


def duties_of(person: Person) -> str:
    facts = facts_here().get(person.id)
    found = [words.title(e.duty) for e in facts.entries if e.covers(words.today())] if facts else []
    return ", ".join(dict.fromkeys(found)) or "—"


def subjects_of(person: Person) -> str:
    return ", ".join(words.subject_title(code) for code in person.subjects) or "—"


def training_of(person: Person) -> tuple[str, str]:
    """The worst training among the person's duties, with its day, and its tone."""
    facts = facts_here().get(person.id)
    if facts is None:
        return "—", ""
    today, rules = words.today(), load_rules()
    entered = [entry.duty for entry in facts.entries if entry.covers(today)]
    states = {duty: training_state(facts, duty, today, rules) for duty in entered}
    if not states:
        return _("не требуется"), "muted"
    needed = {duty: s for duty, s in states.items() if duty in rules.training or s is not TrainingState.NONE} or states
    duty = min(needed, key=lambda d: SEVERITY.index(needed[d]))
    state, until = needed[duty], facts.trained_until(duty)
    tone = TRAINING_TONES.get(state, "bad" if duty in rules.training else "")
    if until is None:
        return _("нет"), tone
    if until == FOREVER:
        return _("без срока"), tone
    day = words.day(until, "short")
    return (_("истекло %(day)s", day=day) if state is TrainingState.EXPIRED else _("до %(day)s", day=day)), tone


def presence_of(person: Person) -> tuple[str, str]:
    facts = facts_here().get(person.id)
    absence = facts.absence_on(words.today()) if facts else None
    if absence is None:
        return _("на месте"), ""
    return _("нет до %(day)s", day=words.day(absence.until, "short")), "warn"


def load_of(person: Person) -> str:
    """What is at hand by the account, with its limit, and the mentoring pairs, which the limit does not count."""
    facts = facts_here().get(person.id)
    if facts is None:
        return "—"
    parts = []
    if facts.user_id is not None:
        limit = facts.load_limit
        parts.append(str(facts.load) if limit is None else _("%(n)s из %(limit)s", n=facts.load, limit=limit))
    said = ", ".join(parts) + pairs_words(facts.helps)
    return said.removeprefix(", ") or "—"


def pairs_words(n: int) -> str:
    """The mentoring pairs of a person, as they end a line about its load; nothing without any."""
    return ", " + _("наставник в парах: %(n)s", n=n) if n else ""


def municipality_of(person: Person) -> str:
    return person.municipality.name if person.municipality is not None else _("весь регион")


def has_duty(duty: Duty) -> ColumnElement[bool]:
    today = words.today()
    return Person.id.in_(
        select(PersonDuty.person_id).where(
            PersonDuty.duty == duty,
            PersonDuty.since <= today,
            or_(PersonDuty.until.is_(None), PersonDuty.until >= today),
        )
    )


def is_trained(state: TrainingState) -> ColumnElement[bool]:
    """Criterion of the longest training of a person, whatever the duty."""
    today, soon = words.today(), date.fromordinal(words.today().toordinal() + load_rules().expiry_days)
    ends = (
        select(func.max(func.coalesce(Training.valid_until, FOREVER)))
        .where(Training.person_id == Person.id)
        .correlate(Person)
        .scalar_subquery()
    )
    return {
        TrainingState.NONE: ends.is_(None),
        TrainingState.EXPIRED: ends < today,
        TrainingState.EXPIRING: ends.between(today, soon),
        TrainingState.VALID: ends > soon,
    }[state]


def presences() -> choices.Choices:
    return [("here", _("на месте")), ("away", _("отсутствует"))]


def is_away(wanted: bool) -> ColumnElement[bool]:
    today = words.today()
    away = Person.id.in_(
        select(Absence.person_id).where(
            Absence.from_on <= today, Absence.until_on >= today, Absence.cancelled_at.is_(None)
        )
    )
    return away if wanted else ~away


def loads() -> choices.Choices:
    return [("free", _("есть место")), ("full", _("полная"))]


def is_full(wanted: bool) -> ColumnElement[bool]:
    limited = auth.db().execute(
        select(Person.id, Person.user_id, Person.load_limit).where(Person.load_limit.is_not(None))
    )
    rows = limited.all()
    at_hand = independence.loads_of(auth.db(), [row.user_id for row in rows if row.user_id is not None])
    full = Person.id.in_([row.id for row in rows if at_hand.get(row.user_id, 0) >= row.load_limit])
    return full if wanted else ~full
