"""The daily letter, at most one a person and day: what is due and what is new; and the round that asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from html import escape
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import days, mail
from app.calendars import Span
from app.context import AppContext
from app.database import acting
from app.errors import Reason, Refused
from app.models import Digest, Mailbox, Notice, OutboxJob, User
from app.policy import SYSTEM, Actor
from app.settings import Settings
from app.terms import DigestStatus
from app.workflows import journal, notices, outbox, people
from app.workflows.agenda import agenda
from app.workflows.agenda_items import Item
from app.workflows.calendar_world import calendar_of

WEEK = timedelta(days=7)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})+")


@dataclass(frozen=True)
class Section:
    """A heading and its lines: text and address."""

    title: str
    lines: tuple[tuple[str, str], ...]


def begin_day(session: Session, *, at: datetime) -> OutboxJob | None:
    """Ask for the day's round once, when its hour has come in the region."""
    if days.local(at).hour < notices.load_rules().hour:
        return None
    day = days.day_of(at).toordinal()
    known = session.scalar(select(OutboxJob.id).where(OutboxJob.kind == "day_round", OutboxJob.subject_id == day))
    return None if known is not None else outbox.add(session, "day_round", day, at=at)


def day_round(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: tell everybody what their day holds, then ask for the letters. Repeating it tells nothing twice."""
    today = date.fromordinal(job.subject_id)
    notices.sweep(context.sessions, at=job.created_at, today=today)
    with acting(context.sessions, SYSTEM) as session:
        is_silent = not calendar_of(session, None).is_working(today) or not context.settings.smtp_url
        boxes = [] if is_silent else list(session.scalars(select(Mailbox).where(Mailbox.is_on)))
    wanted = [box for box in boxes if _has_news(context, box.user_id, job.created_at, today)]

    def ask(session: Session) -> None:
        for box in wanted:
            request_letter(session, box, at=job.created_at, on=today)

    return ask


def request_letter(session: Session, box: Mailbox, *, at: datetime, on: date) -> Digest | None:
    """Gather a person's new notices into the letter of a day and ask a job to send it; None when it exists."""
    if session.scalar(select(Digest.id).where(Digest.user_id == box.user_id, Digest.on == on)) is not None:
        return None
    digest = Digest(user_id=box.user_id, on=on, address=box.address)
    session.add(digest)
    session.flush()
    session.execute(
        update(Notice)
        .where(Notice.user_id == box.user_id, Notice.read_at.is_(None), Notice.digest_id.is_(None))
        .values(digest_id=digest.id)
    )
    outbox.add(session, "send_digest", digest.id, at=at)
    return digest


def send_digest(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: write and send one letter. A letter whose proof was lost goes again under the same Message-ID."""
    with acting(context.sessions, SYSTEM) as session:
        digest = session.get(Digest, job.subject_id)
        if digest is None or digest.status is DigestStatus.SENT:
            return lambda session: None
        user = session.get(User, digest.user_id)
        assert user is not None
        actor = people.actor_for(session, user, job.created_at)
        new = list(session.scalars(select(Notice).where(Notice.digest_id == digest.id).order_by(Notice.id)))
    if not user.is_active:
        raise Refused(Reason("inactive", "Учётная запись отключена: письмо не нужно.", "The account is disabled."))
    with acting(context.sessions, actor) as session:
        items = agenda(session, Span(digest.on - notices.LOOK_BACK, digest.on + WEEK))
    letter = write_letter(context.settings, digest, user, items, new)
    mail.send(mail.MailServer.parse(context.settings.smtp_url), letter)

    def keep(session: Session) -> None:
        done_at = session.scalar(select(OutboxJob.done_at).where(OutboxJob.id == job.id))
        session.execute(
            update(Digest).where(Digest.id == digest.id).values(status=DigestStatus.SENT, sent_at=done_at, failure=None)
        )

    return keep


def on_dead(session: Session, digest_id: int, error: str) -> None:
    """The letter will not go: say so where the person sees it, in the settings of the letter."""
    session.execute(
        update(Digest).where(Digest.id == digest_id).values(status=DigestStatus.FAILED, failure=error[:1000])
    )


def write_letter(
    settings: Settings, digest: Digest, user: User, items: Sequence[Item], new: Sequence[Notice]
) -> EmailMessage:
    """The letter: plain text and the same as HTML, in the reader's language, every line with its address."""
    english = user.locale == "en"
    sections = [s for s in _sections(digest.on, items, new, user.locale) if s.lines]
    n = sum(len(section.lines) for section in sections)
    subject = f"Obektiv, {digest.on:%d %b}: {n} items" if english else f"Объектив, {digest.on:%d.%m}: дел на день — {n}"
    head = "Your day in Obektiv" if english else "Ваш день в «Объективе»"
    foot = (
        "You get one letter a working day. Switch it off in your settings:"
        if english
        else "Письмо приходит раз в рабочий день. Отключить его можно в настройках:"
    )
    base, own = settings.site_url, f"{settings.site_url}/inbox/settings"
    text, html = [head, ""], [f"<h1>{escape(head)}</h1>"]
    for section in sections:
        shown = section.lines[: notices.load_rules().lines]
        text += [section.title, *(f"- {line}\n  {base}{href}" for line, href in shown)]
        rows = "".join(f'<li><a href="{escape(base + href)}">{escape(line)}</a></li>' for line, href in shown)
        html.append(f"<h2>{escape(section.title)}</h2><ul>{rows}</ul>")
        left = len(section.lines) - len(shown)
        if left:
            more = f"and {left} more" if english else f"и ещё {left}"
            text.append(f"  {more}")
            html.append(f"<p>{escape(more)}</p>")
        text.append("")
    text += [foot, own]
    html.append(f'<p>{escape(foot)} <a href="{escape(own)}">{escape(own)}</a></p>')
    letter = EmailMessage()
    letter["Subject"] = subject
    letter["From"] = settings.mail_from
    letter["To"] = Address(user.name, addr_spec=digest.address)
    letter["Message-ID"] = f"<digest-{digest.id}-{digest.on}@{urlsplit(base).hostname}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content("\n".join(text))
    letter.add_alternative(f'<!doctype html><html lang="{user.locale}"><body>{"".join(html)}</body></html>', "html")
    return letter


def _sections(on: date, items: Sequence[Item], new: Sequence[Notice], locale: str) -> list[Section]:
    english = locale == "en"

    def lines(chosen: list[Item]) -> tuple[tuple[str, str], ...]:
        return tuple((f"{item.on:%d.%m}. {item.text(locale)}", item.href) for item in chosen)

    late = [item for item in items if item.on < on and item.is_due]
    today = [item for item in items if item.lasts_on(on)]
    ahead = [item for item in items if item.on > on]
    # What the agenda shows already is not told a second time.
    shown = {item.href for item in items}
    fresh = tuple((n.text_en if english else n.text_ru, n.href) for n in new if n.href not in shown)
    return [
        Section("Today" if english else "Сегодня", lines(today)),
        Section("Overdue" if english else "Просрочено", lines(late)),
        Section("Next seven days" if english else "Ближайшие семь дней", lines(ahead)),
        Section("New" if english else "Новое", fresh),
    ]


def _has_news(context: AppContext, user_id: int, at: datetime, today: date) -> bool:
    """Whether a letter would say anything: new notices, or something due today."""
    with acting(context.sessions, SYSTEM) as session:
        user = session.get(User, user_id)
        if user is None or not user.is_active:
            return False
        unread = select(Notice.id).where(
            Notice.user_id == user_id, Notice.read_at.is_(None), Notice.digest_id.is_(None)
        )
        if session.scalar(unread.limit(1)) is not None:
            return True
        actor = people.actor_for(session, user, at)
    with acting(context.sessions, actor) as session:
        return any(item.is_due for item in agenda(session, Span(today, today)))


def set_mailbox(session: Session, actor: Actor, address: str, *, is_on: bool, at: datetime) -> Mailbox:
    """Say where the actor's letters go.

    Raises
    ------
    Refused
        The address cannot be one.
    """
    assert actor.user_id is not None  # the system reads no letters
    if not _ADDRESS.fullmatch(address) or len(address) > 254:
        raise Refused(
            Reason(
                "mail_address",
                f"«{address}» не похоже на адрес почты. Нужен вид имя@организация.ru, латинскими буквами.",
                f"“{address}” does not look like a mail address. It should read name@organisation.ru.",
            )
        )
    box = session.get(Mailbox, actor.user_id)
    if box is None:
        box = Mailbox(user_id=actor.user_id, address=address, is_on=is_on, changed_at=at)
        session.add(box)
    box.address, box.is_on, box.changed_at = address, is_on, at
    session.flush()
    # The address itself is personal: the journal only says that it was set.
    journal.append(
        session, actor=actor, at=at, action="mailbox:set", subject="user", subject_id=actor.user_id, facts={"on": is_on}
    )
    return box
