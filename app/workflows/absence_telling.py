"""Who is told of an absence that somebody stated, withdrew or is to stand in for; the job's part of `absences`."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.context import AppContext
from app.models import Absence, OutboxJob, Person, User
from app.terms import NoticeKind, Role
from app.workflows import notices
from app.workflows.absences import Touched, colleagues, touched


def tell_of_absence(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: tell the department of a stated or withdrawn absence, or the substitute that the work is theirs."""

    def keep(session: Session) -> None:
        absence = session.get_one(Absence, job.subject_id)
        person = session.get_one(Person, absence.person_id)
        if job.payload["what"] == "substitute":
            whom, ru, en, href = _to_substitute(session, absence, person)
        else:
            is_stated = job.payload["what"] == "stated"
            ru, en = _stated(session, absence, person) if is_stated else _withdrawn(absence, person)
            whom = keepers_of(session, person)
            href = f"/people/{person.id}/absences/{absence.id}"
        kind = NoticeKind.GIVEN if job.payload["what"] == "substitute" else NoticeKind.ABSENCE
        others = [user_id for user_id in whom if user_id != job.payload["actor_id"]]
        notices.tell(session, others, kind, f"absence-{job.id}", ru, en, href, at=job.created_at)

    return keep


def keepers_of(session: Session, person: Person) -> list[int]:
    """Accounts of those who record this person's absences: the department of its place, else the region's managers.

    The region's managers and the administrator may record them too; they are told where no department is there to do
    it, so that a region's head does not hear of every leave.
    """
    accounts = select(User.id).where(User.is_active, User.id != (person.user_id or 0))
    if person.municipality_id is not None:
        department = (User.role == Role.DEPARTMENT) & (User.municipality_id == person.municipality_id)
        if found := list(session.scalars(accounts.where(department))):
            return found
    return list(session.scalars(accounts.where(User.role == Role.REGION_MANAGER)))


def _stated(session: Session, absence: Absence, person: Person) -> tuple[str, str]:
    work = touched(session, person.user_id, (absence.from_on, absence.until_on))
    ru, en = _days(absence)
    ru, en = (
        f"{person.name}: отсутствие {ru} ({absence.reason.ru}).",
        f"{person.name}: away {en} ({absence.reason.en}).",
    )
    if not work:
        return f"{ru} Дел и визитов это не касается.", f"{en} No cases or visits are touched."
    said_ru, said_en = _work(work)
    ru, en = f"{ru} Касается: {said_ru}.", f"{en} Touched: {said_en}."
    if not colleagues(session, person):
        return f"{ru} Перенесите или поручите другому.", f"{en} Move the dates or choose another person."
    if absence.wished is not None:
        ru, en = f"{ru} Просит заместить: {absence.wished.name}.", f"{en} Wishes as substitute: {absence.wished.name}."
    return f"{ru} Назначьте заместителя.", f"{en} Appoint a substitute."


def _withdrawn(absence: Absence, person: Person) -> tuple[str, str]:
    ru, en = _days(absence)
    ru, en = f"{person.name}: отсутствие {ru} отозвано.", f"{person.name}: the absence {en} is withdrawn."
    if absence.substitute is not None:
        ru += f" Замещать не нужно: {absence.substitute.name}."
        en += f" Nobody is to stand in: {absence.substitute.name}."
    return ru, en


def _to_substitute(session: Session, absence: Absence, person: Person) -> tuple[list[int], str, str, str]:
    substitute = absence.substitute
    ru, en = _days(absence)
    whom = [substitute.user_id] if substitute is not None and substitute.user_id is not None else []
    return (
        whom,
        f"Вы замещаете: {person.name}, {ru}. Дела откроются в эти дни после декларации о конфликте интересов.",
        f"You stand in for {person.name}, {en}. The cases open on those days once you have declared.",
        "/declarations/",
    )


def _days(absence: Absence) -> tuple[str, str]:
    return (
        f"с {absence.from_on:%d.%m.%Y} по {absence.until_on:%d.%m.%Y}",
        f"from {absence.from_on:%Y-%m-%d} to {absence.until_on:%Y-%m-%d}",
    )


def _work(work: Touched) -> tuple[str, str]:
    parts = [
        ("открытых дел", "open cases", len(work.cases)),
        ("визитов", "visits", len(work.visits)),
        ("перепроверок", "rechecks", len(work.rechecks)),
    ]
    told = [part for part in parts if part[2]]
    return ", ".join(f"{ru} — {n}" for ru, _en, n in told), ", ".join(f"{en}: {n}" for _ru, en, n in told)
