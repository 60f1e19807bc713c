"""What is said of a person, and what does not fit in it; forms and tables are checked by the same functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.errors import Reason
from app.terms import PostKind, Subject


@dataclass(frozen=True)
class Card:
    """What is said of a person beside posts, duties and trainings."""

    name: str
    municipality_id: int | None = None
    email: str = ""
    subjects: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    load_limit: int | None = None
    is_active: bool = True


def period_faults(since: date | None, until: date | None) -> list[Reason]:
    if since is None or until is None or since <= until:
        return []
    return [Reason("period", "Последний день раньше первого.", "The last day is before the first.")]


def post_faults(kind: PostKind, title: str, workplace_id: int | None, organisation: str) -> list[Reason]:
    """What a post lacks: posts of a school need one, others a name of the place or of the post."""
    needs_school = kind in (PostKind.HEAD, PostKind.DEPUTY, PostKind.COORDINATOR, PostKind.TEACHER)
    if workplace_id is not None or (not needs_school and (organisation.strip() or title.strip())):
        return []
    return [
        Reason(
            "no_workplace",
            "Укажите школу, а если место работы не школа — организацию или должность.",
            "Choose the school, or name the organisation or the post where it is none.",
        )
    ]


def training_faults(
    programme: str, issued_on: date, valid_until: date | None, hours: int | None, today: date
) -> list[Reason]:
    """What does not fit in a training."""
    reasons = period_faults(issued_on, valid_until)
    if not programme.strip():
        reasons.append(Reason("no_programme", "Назовите программу обучения.", "Name the programme."))
    if issued_on > today:
        reasons.append(
            Reason("future", "Обучение вносят, когда оно пройдено.", "A training is entered once it is passed.")
        )
    if hours is not None and not 1 <= hours <= 2000:
        reasons.append(Reason("hours", "Укажите часы от 1 до 2000.", "Give hours from 1 to 2000."))
    return reasons


def faults(card: Card) -> list[Reason]:
    """What does not fit in a card."""
    reasons = []
    name, email = " ".join(card.name.split()), card.email.strip()
    if not name:
        reasons.append(Reason("name_empty", "Укажите фамилию, имя и отчество.", "Give the person's name."))
    if email and (email.count("@") != 1 or " " in email or "." not in email.rpartition("@")[2]):
        reasons.append(
            Reason(
                "email",
                f"«{email[:80]}» не похоже на адрес почты.",
                f"“{email[:80]}” does not look like an e-mail address.",
            )
        )
    if unknown := sorted(set(card.subjects) - {subject.value for subject in Subject}):
        reasons.append(
            Reason("subject", f"Неизвестный предмет: {unknown[0][:40]}.", f"Unknown subject: {unknown[0][:40]}.")
        )
    if any(not 1 <= grade <= 11 for grade in card.grades):
        reasons.append(Reason("grade", "Классы — числа от 1 до 11.", "Grades are numbers from 1 to 11."))
    if card.load_limit is not None and not 0 <= card.load_limit <= 1000:
        reasons.append(Reason("load_limit", "Предел нагрузки — число от 0 до 1000.", "The limit is from 0 to 1000."))
    return reasons
