"""The rules applied: conflicts of a person with a school, and what a duty needs wherever it is done."""

from __future__ import annotations

from datetime import date

from app.conflicts.facts import Paper, PersonFacts, Tie, years_before
from app.conflicts.rules import Rules
from app.errors import Reason
from app.terms import ConflictKind, Duty, Helper, Part, TrainingState

_FORM: dict[Part, str | None] = {
    Duty.CURATOR: "#assignment",
    Duty.OBSERVER: "#observation",
    Duty.EXPERT: "#recheck",
    Helper.MENTOR: None,
}
"""The form of a case that appoints to a duty: there another person is chosen; a mentor is chosen on a page apart."""

_STRANGER = {
    Duty.CURATOR: (
        "not_a_curator",
        "Человек не числится действующим куратором.",
        "The person is not registered as an active curator.",
    ),
    Duty.OBSERVER: (
        "not_an_observer",
        "Человек не числится действующим наблюдателем.",
        "The person is not registered as an active observer.",
    ),
    Duty.EXPERT: (
        "not_an_expert",
        "Человек не числится действующим экспертом.",
        "The person is not registered as an active expert.",
    ),
}


def not_registered(duty: Duty) -> Reason:
    code, ru, en = _STRANGER[duty]
    return Reason(code, ru, en, _FORM[duty])


def is_registered(person: PersonFacts, duty: Duty, on: date) -> bool:
    """Whether the person has an account that can do `duty` and an entry for it in force on that day."""
    return person.is_active and duty in person.account_duties and _is_entered(person, duty, on)


def _is_entered(person: PersonFacts, duty: Duty, on: date) -> bool:
    return any(entry.duty is duty and entry.covers(on) for entry in person.entries)


def conflicts(
    person: PersonFacts, school_id: int, duty: Part, on: date, rules: Rules, paper: Paper | None = None
) -> list[Reason]:
    """Every conflict of interest of `person` with a school, none when it is free of them.

    Parameters
    ----------
    person : PersonFacts
        Who would act.
    school_id : int
        School of the case.
    duty : Duty or Helper
        As what.
    on : date
        The day that counts.
    rules : Rules
        Kinds that stop the duty, and for how long.
    paper : tuple, optional
        The paper to be rechecked; a tie to the works of another paper does not count then.
    """
    return [
        _reason(kind, person, _FORM[duty], rules, until)
        for kind, until in _ties(person, school_id, on, rules, paper)
        if rules.stops(kind, duty)
    ]


def bars(person: PersonFacts, school_id: int, on: date, rules: Rules) -> list[Reason]:
    """Every conflict that keeps `person` from deciding on a school's case by office; none when it is free of them."""
    return [
        _reason(kind, person, None, rules, until)
        for kind, until in _ties(person, school_id, on, rules, None)
        if kind in rules.bars
    ]


def _ties(
    person: PersonFacts, school_id: int, on: date, rules: Rules, paper: Paper | None
) -> list[tuple[ConflictKind, date | None]]:
    """What ties a person to a school on a day, whoever it stops; of former work the last day."""
    if school_id not in person.near_schools:
        return []
    found: list[tuple[ConflictKind, date | None]] = []
    posts = [post for post in person.employments if post.school_id == school_id]
    if person.account_school_id == school_id or any(post.covers(on) for post in posts):
        found.append((ConflictKind.OWN_SCHOOL, None))
    else:
        edge = years_before(on, rules.employment_years)
        ends = [post.until for post in posts if post.until is not None and edge <= post.until < on]
        if ends:
            found.append((ConflictKind.FORMER_SCHOOL, max(ends)))
    if school_id in person.curated_by:
        found.append((ConflictKind.MUTUAL_CURATION, None))
    kinds = {tie.kind for tie in person.ties if _counts(tie, school_id, on, paper)}
    return found + [(kind, None) for kind in ConflictKind if kind in kinds]


def unfitness(
    person: PersonFacts, duty: Duty, on: date, rules: Rules, *, is_new: bool = True, is_counted: bool = True
) -> list[Reason]:
    """What the person lacks for `duty` at whatever school; `is_new` asks about a further appointment.

    A standing appointment is not undone by an absence or a full load, so those are asked only of a new one; a load is
    asked where `is_counted`, because what is at hand already is not counted twice.
    """
    if not is_registered(person, duty, on):
        stranger = not_registered(duty)
        if person.is_active and _is_entered(person, duty, on):
            ru = f"{person.name}: нет учётной записи с ролью, которой поручают эту работу."
            en = f"{person.name}: there is no account with a role for this work."
            return [Reason(stranger.code, ru, en, stranger.href)]
        return [stranger]
    found = []
    if duty in rules.objective_place and not comes_from_objective_place(person, on):
        found.append(_not_objective(person, duty))
    if duty in rules.training:
        until = person.trained_until(duty)
        if until is None or until < on:
            shown = f"{until:%d.%m.%Y}" if until else "—"
            found.append(
                Reason(
                    "training_expired",
                    f"{person.name}: обучение действует до {shown}, а визит назначен на {on:%d.%m.%Y}.",
                    f"{person.name}: training is valid until {shown}, the visit is on {on:%Y-%m-%d}.",
                    _FORM[duty],
                )
            )
    absence = person.absence_on(on)
    if is_new and absence is not None and duty in rules.presence:
        found.append(
            Reason(
                "absent",
                f"{person.name}: отсутствует до {absence.until:%d.%m.%Y} ({absence.reason.ru}).",
                f"{person.name}: away until {absence.until:%Y-%m-%d} ({absence.reason.en}).",
                _FORM[duty],
            )
        )
    if is_new and is_counted and person.load_limit is not None and person.load >= person.load_limit:
        found.append(
            Reason(
                "load_full",
                f"{person.name}: нагрузка полная, в работе {person.load} из {person.load_limit}.",
                f"{person.name}: the load is full, {person.load} of {person.load_limit} at hand.",
                _FORM[duty],
            )
        )
    return found


def mentor_conflicts(person: PersonFacts, school_id: int, on: date, rules: Rules) -> list[Reason]:
    """Everything that stops a person from being a mentor at a school; none when nothing does.

    A mentor is appointed to nothing and needs no account: only the place of work and conflicts of interest count.
    """
    found = [] if person.is_active else [_left(person)]
    if Helper.MENTOR in rules.objective_place and not comes_from_objective_place(person, on):
        found.append(_not_objective(person, Helper.MENTOR))
    return [*conflicts(person, school_id, Helper.MENTOR, on, rules), *found]


def teaches(person: PersonFacts, subject: str) -> bool:
    return subject in person.subjects


def training_state(person: PersonFacts, duty: Duty, on: date, rules: Rules) -> TrainingState:
    """How the training for `duty` stands on a day."""
    until = person.trained_until(duty)
    if until is None:
        return TrainingState.NONE
    if until < on:
        return TrainingState.EXPIRED
    return TrainingState.EXPIRING if (until - on).days <= rules.expiry_days else TrainingState.VALID


def comes_from_objective_place(person: PersonFacts, on: date) -> bool:
    return person.is_methodist(on) or any(post.is_objective for post in person.posts_on(on))


def _not_objective(person: PersonFacts, duty: Part) -> Reason:
    return Reason(
        "school_not_objective",
        f"{person.name}: место работы не методическая служба и не школа из реестра объективных.",
        f"{person.name}: works neither in a methodical service nor in a school of the register of objective ones.",
        _FORM[duty],
    )


def _left(person: PersonFacts) -> Reason:
    return Reason(
        "not_in_register",
        f"{person.name}: больше не состоит в реестре людей.",
        f"{person.name}: is no longer in the register of people.",
    )


def _counts(tie: Tie, school_id: int, on: date, paper: Paper | None) -> bool:
    if tie.school_id != school_id or (tie.until is not None and tie.until < on):
        return False
    return tie.paper is None or tie.paper == paper


def _reason(kind: ConflictKind, person: PersonFacts, form: str | None, rules: Rules, until: date | None) -> Reason:
    ru, en = _SENTENCES[kind]
    facts = {"name": person.name, "until_ru": f"{until:%d.%m.%Y}" if until else "", "years": rules.employment_years}
    facts["until_en"] = f"{until:%Y-%m-%d}" if until else ""
    return Reason(kind.value, ru.format(**facts), en.format(**facts), form)


_SENTENCES = {
    ConflictKind.OWN_SCHOOL: (
        "Конфликт интересов: {name} работает в этой школе.",
        "Conflict of interest: {name} works at this school.",
    ),
    ConflictKind.FORMER_SCHOOL: (
        "Конфликт интересов: {name} работал(а) в этой школе до {until_ru}, прошло меньше {years} лет.",
        "Conflict of interest: {name} worked at this school until {until_en}, less than {years} years ago.",
    ),
    ConflictKind.MUTUAL_CURATION: (
        "Взаимное кураторство: работник этой школы курирует школу, где работает {name}.",
        "Mutual curation: a colleague of this school curates the school where {name} works.",
    ),
    ConflictKind.RELATIVE: (
        "Конфликт интересов: {name} заявил(а), что в школе работает родственник.",
        "Conflict of interest: {name} has declared a relative who works at the school.",
    ),
    ConflictKind.OWN_CHILD: (
        "Конфликт интересов: в школе учится ребёнок ({name}).",
        "Conflict of interest: a child of {name} studies at the school.",
    ),
    ConflictKind.OWN_MARKING: (
        "Конфликт интересов: {name} уже проверял(а) эти работы.",
        "Conflict of interest: {name} has marked these works before.",
    ),
    ConflictKind.MANUAL: (
        "Конфликт интересов: у {name} заявлена личная связь со школой.",
        "Conflict of interest: {name} has declared a personal tie to the school.",
    ),
}
