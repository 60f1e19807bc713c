"""What people are told, once each; the daily letter through a real mail server; the feed in a calendar program."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import vobject
from aiosmtpd.controller import Controller
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app import mail
from app.calendars import Span
from app.calendars.feed import Entry, write_feed
from app.context import AppContext
from app.database import acting
from app.days import first_moment
from app.errors import Misconfigured, NotPermitted, Refused
from app.jobs import run_pending
from app.models import Case, Digest, FeedKey, JournalEntry, Mailbox, Notice, OutboxJob
from app.policy import SYSTEM, Actor
from app.settings import Settings
from app.terms import (
    Addressee,
    AgendaKind,
    ChangeKind,
    DigestStatus,
    EntryKind,
    JobStatus,
    NoticeKind,
    VisitStatus,
)
from app.workflows import calendar_changes, digests, feeds, notices, questions, telling
from app.workflows.agenda import agenda
from app.workflows.calendar_world import Change
from app.workflows.case import TOLD_AT_ONCE
from tests import factories as make
from tests import plans
from tests.people import Cast, make_cast

TODAY = date(2026, 11, 23)  # a Monday
NOON = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Postbox:
    """What a real SMTP server took in; an address that begins with «no» is refused for good, «later» for now."""

    def __init__(self) -> None:
        self.letters: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("no"):
            return "550 no such mailbox"
        if address.startswith("later"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, str]]:
    box = Postbox()
    with socket.socket() as probe:  # the controller wants to be told a free port
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, f"smtp://127.0.0.1:{port}"
    server.stop()


@dataclasses.dataclass
class Town:
    context: AppContext
    cast: Cast
    case_id: int
    visit_id: int

    def actor(self, name: str) -> Actor:
        with acting(self.context.sessions, SYSTEM) as session:
            from app.workflows import people

            return people.actor_for(session, self.cast[name], NOON)

    def notices(self, name: str) -> list[Notice]:
        with acting(self.context.sessions, SYSTEM) as session:
            return list(session.scalars(select(Notice).where(Notice.user_id == self.cast[name].id).order_by(Notice.id)))


def town_of(context: AppContext) -> Town:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        case = make.make_case(session, cast.school, curator_id=cast["kira"].id, due_on=TODAY + timedelta(days=1))
        make.make_case(session, cast.foreign, number="2026-0900", due_on=TODAY)
        visit = make.make_observation(
            session, case, cast["ivan"], status=VisitStatus.SCHEDULED, scheduled_on=TODAY - timedelta(days=3),
            act_number=None, held_on=None,
        )  # fmt: skip
        for name in ("kira", "ivan"):  # a case opens to them once they have declared
            make.make_declaration(session, cast[name], cast.school)
        return Town(context, cast, case.id, visit.id)


@pytest.fixture
def town(context: AppContext) -> Town:
    return town_of(context)


@pytest.fixture
def mailed(sqlite_context: AppContext, postbox: tuple[Postbox, str]) -> tuple[Town, Postbox]:
    box, url = postbox
    settings = dataclasses.replace(
        sqlite_context.settings, smtp_url=url, mail_from="obektiv@example.ru", site_url="https://vpr.example.ru"
    )
    return town_of(dataclasses.replace(sqlite_context, settings=settings)), box


def subscribe(town: Town, name: str, address: str) -> None:
    actor = town.actor(name)
    with acting(town.context.sessions, actor) as session:
        digests.set_mailbox(session, actor, address, is_on=True, at=NOON)


def round_of(town: Town, day: date = TODAY) -> None:
    morning = first_moment(day) + timedelta(hours=9)
    with acting(town.context.sessions, SYSTEM) as session:
        digests.begin_day(session, at=morning)
    run_pending(town.context)


# The agenda


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("kira", {"stage", "visit"}),
        ("marat", {"stage", "visit"}),
        ("ivan", {"visit"}),
        ("sveta", set()),
        ("dina", {"stage"}),
    ],
)
def test_each_has_their_own_dates(town: Town, name: str, keys: set[str]) -> None:
    with acting(town.context.sessions, town.actor(name)) as session:
        items = agenda(session, Span(TODAY - timedelta(days=30), TODAY + timedelta(days=30)))

    assert {item.key.split("-")[0] for item in items} == keys
    foreign = [item for item in items if "КАНАРЕЙКА" in item.ru]
    assert bool(foreign) == (name == "dina")


# Notices


def test_a_sweep_tells_each_thing_once(town: Town) -> None:
    first = notices.sweep(town.context.sessions, at=NOON, today=TODAY)
    second = notices.sweep(town.context.sessions, at=NOON + timedelta(hours=3), today=TODAY)

    assert first > 0
    assert second == 0
    assert {n.kind for n in town.notices("kira")} == {NoticeKind.DUE_SOON, NoticeKind.NOT_HAPPENED}
    assert [n.kind for n in town.notices("ivan")] == [NoticeKind.NOT_HAPPENED]
    assert all("КАНАРЕЙКА" not in n.text_ru for name in ("marat", "kira", "ivan") for n in town.notices(name))


def test_a_date_that_passes_becomes_overdue_and_a_moved_one_is_told_anew(town: Town) -> None:
    notices.sweep(town.context.sessions, at=NOON, today=TODAY)
    notices.sweep(town.context.sessions, at=NOON, today=TODAY + timedelta(days=2))
    overdue = [n for n in town.notices("kira") if n.kind is NoticeKind.OVERDUE]
    with acting(town.context.sessions, SYSTEM) as session:
        session.get(Case, town.case_id).due_on = TODAY + timedelta(days=4)
    notices.sweep(town.context.sessions, at=NOON, today=TODAY + timedelta(days=3))

    assert len(overdue) == 1
    assert "24.11.2026" in overdue[0].text_ru
    assert "27.11.2026" in town.notices("kira")[-1].text_ru


def test_reminders_come_at_five_working_days_and_at_one(town: Town) -> None:
    with acting(town.context.sessions, SYSTEM) as session:
        session.get(Case, town.case_id).due_on = date(2026, 12, 7)
    counts = []
    for day in range(14):
        notices.sweep(town.context.sessions, at=NOON, today=TODAY + timedelta(days=day))
        counts.append(sum(n.kind is NoticeKind.DUE_SOON for n in town.notices("kira")))

    # 7 December is a Monday: five working days before it is 30 November, one working day before it is 4 December.
    assert counts == [0] * 7 + [1] * 4 + [2] * 3


def test_long_delays_reach_the_region_once_a_week_and_only_the_count(town: Town) -> None:
    with acting(town.context.sessions, SYSTEM) as session:
        session.get(Case, town.case_id).due_on = TODAY - timedelta(days=20)
    for day in range(3):
        notices.sweep(town.context.sessions, at=NOON, today=TODAY + timedelta(days=day))

    (told,) = town.notices("rita")
    assert told.kind is NoticeKind.ESCALATED
    assert "Район 1" in told.text_ru
    assert "СОШ" not in told.text_ru


def test_notices_are_nobody_elses_business(town: Town) -> None:
    notices.sweep(town.context.sessions, at=NOON, today=TODAY)
    (of_ivan,) = town.notices("ivan")
    for name in ("rita", "root", "marat"):
        actor = town.actor(name)
        with acting(town.context.sessions, actor) as session:
            assert set(session.scalars(select(Notice.user_id))) <= {actor.user_id}
            assert session.get(Notice, of_ivan.id) is None
            assert notices.mark_read(session, actor, [of_ivan.id], at=NOON) == 0
            theft = update(Notice).where(Notice.id == of_ivan.id).values(read_at=NOON)
            assert session.execute(theft).rowcount == 0
    rita, ivan = town.actor("rita"), town.actor("ivan")
    with acting(town.context.sessions, rita) as session:
        session.add(
            Notice(user_id=ivan.user_id, kind=NoticeKind.MOVED, key="x", text_ru="x", text_en="x", href="/", at=NOON)
        )
        with pytest.raises(NotPermitted):
            session.flush()
        session.rollback()

    with acting(town.context.sessions, ivan) as session:
        assert notices.mark_read(session, ivan, None, at=NOON) == 1
    assert town.notices("ivan")[0].read_at == NOON


# The letter


def test_the_daily_letter_arrives_once_with_what_is_due(mailed: tuple[Town, Postbox]) -> None:
    town, box = mailed
    subscribe(town, "kira", "kira@example.ru")

    round_of(town)
    round_of(town)

    (letter,) = box.letters
    text = letter.get_body(("plain",)).get_content()
    assert letter["To"] == "Kira <kira@example.ru>"
    assert letter["Message-ID"].endswith("@vpr.example.ru>")
    assert "24.11. СОШ № 1: срок этапа" in text
    assert "Просрочено" in text
    assert f"https://vpr.example.ru/cases/{town.case_id}" in text
    assert f'href="https://vpr.example.ru/observations/{town.visit_id}"' in letter.get_body(("html",)).get_content()
    with acting(town.context.sessions, SYSTEM) as session:
        (digest,) = session.scalars(select(Digest))
        assert digest.status is DigestStatus.SENT
        assert digest.sent_at is not None
        assert set(session.scalars(select(Notice.digest_id).where(Notice.user_id == digest.user_id))) == {digest.id}


def test_no_letter_on_a_day_off_nor_without_news_nor_before_its_hour(mailed: tuple[Town, Postbox]) -> None:
    town, box = mailed
    subscribe(town, "sveta", "sveta@example.ru")
    round_of(town)  # the school has nothing due
    subscribe(town, "kira", "kira@example.ru")
    round_of(town, date(2026, 11, 22))  # a Sunday
    with acting(town.context.sessions, SYSTEM) as session:
        early = digests.begin_day(session, at=datetime(2026, 11, 24, 0, tzinfo=UTC))

    assert early is None
    assert box.letters == []
    assert town.notices("kira")  # the application tells all the same


def test_a_refused_letter_is_told_and_not_tried_again(mailed: tuple[Town, Postbox]) -> None:
    town, box = mailed
    subscribe(town, "kira", "no.such@example.ru")
    round_of(town)

    with acting(town.context.sessions, SYSTEM) as session:
        (digest,) = session.scalars(select(Digest))
        (job,) = session.scalars(select(OutboxJob).where(OutboxJob.kind == "send_digest"))
    assert (digest.status, job.status) == (DigestStatus.FAILED, JobStatus.DEAD)
    assert "550" in digest.failure
    assert box.letters == []


def test_a_server_that_asks_to_wait_is_asked_again(mailed: tuple[Town, Postbox]) -> None:
    town, _box = mailed
    subscribe(town, "kira", "later@example.ru")
    round_of(town)

    with acting(town.context.sessions, SYSTEM) as session:
        (job,) = session.scalars(select(OutboxJob).where(OutboxJob.kind == "send_digest"))
        assert (job.status, job.attempts) == (JobStatus.PENDING, 1)
        assert session.scalars(select(Digest.status)).one() is DigestStatus.QUEUED


def test_a_disabled_person_gets_no_letter(mailed: tuple[Town, Postbox]) -> None:
    town, box = mailed
    subscribe(town, "kira", "kira@example.ru")
    with acting(town.context.sessions, SYSTEM) as session:
        session.merge(town.cast["kira"]).is_active = False
    round_of(town)

    assert box.letters == []


@pytest.mark.parametrize("address", ["", "кира@пример.рф", "a@b", "a b@c.ru", "x@y.ru\r\nBcc: all@z.ru", "a@-b.ru"])
def test_an_address_that_cannot_be_one_is_refused(sqlite_context: AppContext, address: str) -> None:
    kira = town_of(sqlite_context).actor("kira")
    with acting(sqlite_context.sessions, kira) as session, pytest.raises(Refused, match="адрес"):
        digests.set_mailbox(session, kira, address, is_on=True, at=NOON)


def test_the_journal_does_not_hold_the_address(sqlite_context: AppContext) -> None:
    town = town_of(sqlite_context)
    subscribe(town, "kira", "kira@example.ru")

    with acting(town.context.sessions, SYSTEM) as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "mailbox:set")).one()
        assert "example" not in str(vars(entry))
        assert session.get(Mailbox, town.cast["kira"].id).address == "kira@example.ru"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.ru", ("mail.ru", 25, False, False, None)),
        ("smtp+starttls://a%40b:c@mail.ru", ("mail.ru", 587, False, True, "a@b")),
        ("smtps://a:c@mail.ru:4465", ("mail.ru", 4465, True, False, "a")),
    ],
)
def test_the_address_of_the_mail_server_is_read(url: str, expected: tuple[Any, ...]) -> None:
    server = mail.MailServer.parse(url)

    assert (server.host, server.port, server.is_tls, server.is_starttls, server.user) == expected


@pytest.mark.parametrize("url", ["mail.ru", "http://mail.ru", "smtp://", "smtp://a:secret@mail.ru", "smtp://h:99999"])
def test_a_bad_mail_server_stops_the_start_without_telling_the_password(url: str, tmp_path: Any) -> None:
    with pytest.raises(Misconfigured, match="OBEKTIV_SMTP_URL") as caught:
        Settings.from_env({"OBEKTIV_HOME": str(tmp_path), "OBEKTIV_SMTP_URL": url, "OBEKTIV_MAIL_FROM": "a@b.ru"})
    assert "secret" not in str(caught.value)
    with pytest.raises(Misconfigured, match="OBEKTIV_MAIL_FROM"):
        Settings.from_env({"OBEKTIV_HOME": str(tmp_path), "OBEKTIV_SMTP_URL": "smtp://mail.ru"})


# The feed


def test_the_feed_is_read_by_a_calendar_program_and_dies_with_its_key(town: Town) -> None:
    kira = town.actor("kira")
    with acting(town.context.sessions, kira) as session:
        key = feeds.make_key(session, kira, at=NOON)

    def feed() -> bytes | None:
        return feeds.feed_for(town.context.sessions, key, "https://vpr.example.ru", at=NOON, today=TODAY)

    content = feed()
    calendar = vobject.readOne(content.decode())
    days = {event.uid.value: event.dtstart.value for event in calendar.vevent_list}
    assert days == {
        f"stage-{town.case_id}@obektiv": TODAY + timedelta(days=1),
        f"visit-{town.visit_id}@obektiv": TODAY - timedelta(days=3),
    }
    assert all(event.url.value.startswith("https://vpr.example.ru/") for event in calendar.vevent_list)
    with acting(town.context.sessions, SYSTEM) as session:
        assert session.scalars(select(FeedKey.used_at)).one() == NOON
        assert key.encode() not in b"".join(session.scalars(select(FeedKey.key_hash)))

    with acting(town.context.sessions, kira) as session:
        second = feeds.make_key(session, kira, at=NOON)
    assert feed() is None
    assert second != key
    with acting(town.context.sessions, SYSTEM) as session:
        session.merge(town.cast["kira"]).is_active = False
    assert feeds.feed_for(town.context.sessions, second, "", at=NOON, today=TODAY) is None


days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
titles = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200).map(str.strip)


@given(st.lists(st.tuples(days, titles.filter(bool)), max_size=8))
def test_every_title_and_day_comes_back_from_the_feed(rows: list[tuple[date, str]]) -> None:
    entries = [Entry(f"k-{i}", on, title, f"https://x.ru/{i}") for i, (on, title) in enumerate(rows)]

    content = write_feed(entries, name="Объектив", today=TODAY)

    calendar = vobject.readOne(content.decode())
    found = [(e.dtstart.value, e.summary.value) for e in getattr(calendar, "vevent_list", [])]
    assert found == rows
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert write_feed(entries, name="Объектив", today=TODAY) == content


def test_a_change_of_the_calendar_is_told_only_when_asked(town: Town) -> None:
    marat = town.actor("marat")
    for n, is_told in enumerate((False, True)):
        day_off = Change(
            ChangeKind.ENTRY_ADD,
            None,
            {
                "kind": EntryKind.DAY_OFF.value,
                "starts_on": f"2026-11-{5 + n:02d}",
                "ends_on": f"2026-11-{5 + n:02d}",
                "title": "День района",
                "source": "постановление № 7",
                "municipality_id": marat.municipality_id,
            },
        )
        with acting(town.context.sessions, marat) as session:
            calendar_changes.ask(session, day_off, reason="праздник", is_told=is_told, actor=marat, at=NOON)
        run_pending(town.context)
        told = [notice for notice in town.notices("kira") if notice.kind is NoticeKind.CHANGED]
        assert len(told) == int(is_told)

    assert "2026-0001" in told[0].text_ru
    assert "→" in told[0].text_ru
    assert town.notices("dina") == []


# What others put into one's calendar, and what is told at once


def test_every_action_told_at_once_has_its_words() -> None:
    assert set(telling.TELLINGS) == TOLD_AT_ONCE


def test_a_question_is_told_to_the_school_and_its_answer_to_who_asked(town: Town) -> None:
    marat, sveta = town.actor("marat"), town.actor("sveta")
    with acting(town.context.sessions, marat) as session:
        version = session.get_one(Case, town.case_id).version
        questions.ask(
            session, town.case_id, Addressee.SCHOOL, "Кто проверял работы 6Б?", TODAY + timedelta(days=4),
            actor=marat, at=NOON, expected_version=version, request_id="ask-1",
        )  # fmt: skip
    run_pending(town.context)

    assert [n.kind for n in town.notices("sveta")] == [NoticeKind.ASKED]
    assert town.notices("oleg") == town.notices("marat") == []
    with acting(town.context.sessions, sveta) as session:
        (item,) = agenda(session, Span(TODAY, TODAY + timedelta(days=7)))
        assert (item.kind, item.on) == (AgendaKind.QUESTION, TODAY + timedelta(days=4))
        questions.answer(session, town.case_id, "Проверяла комиссия из трёх учителей.", actor=sveta, at=NOON)
    run_pending(town.context)

    assert [n.kind for n in town.notices("marat")] == [NoticeKind.ANSWERED]
    with acting(town.context.sessions, sveta) as session:
        assert agenda(session, Span(TODAY, TODAY + timedelta(days=7))) == []


def test_tasks_of_a_programme_stand_in_the_calendar_of_the_department(sqlite_context: AppContext) -> None:
    town = town_of(sqlite_context)
    with acting(town.context.sessions, SYSTEM) as session:
        programme = plans.make_programme(session, town.cast.school, "")
        task = programme.measures[0].tasks[0]
        due = task.due_on
        foreign = plans.make_programme(session, town.cast.foreign, "")
        ids = (task.id, foreign.measures[0].tasks[0].id)
    marat = town.actor("marat")
    with acting(town.context.sessions, marat) as session:
        keys = {item.key for item in agenda(session, Span(due - timedelta(days=1), due + timedelta(days=1)))}

    assert f"task-{ids[0]}" in keys
    assert f"task-{ids[1]}" not in keys
