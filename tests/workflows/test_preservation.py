"""Until when the works of a case surely exist: the rule, an order, a request; rechecks that come too late."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from app.database import acting
from app.errors import NotPermitted, Refused
from app.jobs import run_pending
from app.models import Case, Document, JournalEntry, OutboxJob
from app.policy import SYSTEM
from app.terms import DocumentKind, EventKind
from app.workflows import preservation, recheck
from tests import factories as make


@pytest.fixture
def case(session, cast):
    case = make.make_case(session, cast.school, state="observed")
    session.commit()
    return case


def ask(session, case, actor, at, **changes):
    values = {
        "number": "15/х",
        "keep_until": date(2027, 5, 1),
        "is_confirmed": True,
        "signatory": "М. П. Соколова",
        "signatory_post": "Начальник управления",
    }
    return preservation.request_keeping(session, case.id, **{**values, **changes}, actor=actor, at=at)


def order(session, place, on, **changes):
    source = f"приказ о хранении до {on:%d.%m.%Y}"
    return make.make_event(session, place, kind=EventKind.WORKS_KEPT, on=on, year=2026, source=source, **changes)


def kept(session, case, **paper):
    return preservation.kept_until(session, case, **{"year": 2026, **paper})


def test_without_an_order_works_are_kept_to_the_end_of_their_academic_year(session, case) -> None:
    found = kept(session, case)

    assert found.until == date(2026, 8, 31)
    assert "приказа о хранении в календаре нет" in found.source()
    assert kept(session, case, year=2021).until == date(2021, 8, 31)


def test_the_order_of_the_municipality_goes_before_the_regions_and_the_papers_before_every_papers(
    session, cast, case
) -> None:
    order(session, None, date(2026, 12, 31))
    assert kept(session, case).until == date(2026, 12, 31)
    order(session, cast.municipality.id, date(2027, 2, 1))
    order(session, cast.other_municipality.id, date(2027, 8, 31))
    order(session, cast.municipality.id, date(2027, 3, 1), subject="ma", grade=5)

    assert kept(session, case).until == date(2027, 2, 1)
    assert kept(session, case, subject="ma", grade=5).until == date(2027, 3, 1)
    assert kept(session, case, subject="ru", grade=5).until == date(2027, 2, 1)
    assert kept(session, case, year=2025).until == date(2025, 8, 31)


def test_a_request_moves_the_day_and_issues_the_letter(context, session, cast, case, at) -> None:
    row = ask(session, case, cast.actor("marat"), at)
    session.commit()
    run_pending(context)

    assert kept(session, case).until == date(2027, 5, 1)
    assert "№ 15/х" in kept(session, case).source()
    document = session.scalars(select(Document)).one()
    assert (document.kind, document.source_key) == (DocumentKind.KEEP_WORKS, f"keep-{row.id}")
    session.refresh(document)
    assert context.store.path(document.sha256).read_bytes().startswith(b"%PDF")
    actions = session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)).all()
    assert actions == ["works:keep", "document:issue"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": " "}, "no_number"),
        ({"signatory": ""}, "no_signatory"),
        ({"keep_until": date(2026, 8, 1)}, "not_later"),
        ({"keep_until": date(2036, 5, 1)}, "too_long"),
        ({"is_confirmed": False}, "maybe_gone"),
    ],
)
def test_a_wrong_request_is_refused_with_its_reason(changes, code, session, cast, case, at) -> None:
    with pytest.raises(Refused) as refusal:
        ask(session, case, cast.actor("marat"), at, **changes)

    assert [reason.code for reason in refusal.value.reasons] == [code]
    assert session.scalars(select(Document)).all() == []


def test_while_the_works_are_surely_there_nobody_has_to_confirm(session, cast, case, at) -> None:
    order(session, None, date(2026, 12, 31))

    assert ask(session, case, cast.actor("marat"), at, is_confirmed=False).keep_until == date(2027, 5, 1)


@pytest.mark.parametrize("person", ["rita", "kira", "sveta", "root"])
def test_only_who_orders_rechecks_asks_for_the_works(person, session, cast, case, at) -> None:
    with pytest.raises(NotPermitted):
        ask(session, case, cast.actor(person, cast.school), at)


def order_recheck(session, cast, case, at, day):
    return recheck.request_recheck(
        session,
        case.id,
        year=2026,
        subject="ma",
        grade=5,
        inspector_id=cast["ivan"].id,
        scheduled_on=day,
        order_number="5",
        actor=cast.actor("marat"),
        at=at,
    )


def test_a_recheck_after_the_works_may_be_gone_is_refused_with_the_way_to_ask(session, cast, case, at) -> None:
    make.make_dataset(session, year=2026, subject="ma", grade=5)
    order(session, None, date(2026, 12, 10))
    assert order_recheck(session, cast, case, at, date(2026, 12, 10)).id
    session.rollback()
    make.make_dataset(session, year=2026, subject="ma", grade=5)
    order(session, None, date(2026, 12, 10))

    with pytest.raises(Refused) as refusal:
        order_recheck(session, cast, case, at, date(2026, 12, 11))

    (reason,) = refusal.value.reasons
    assert (reason.code, reason.href) == ("works_not_kept", "#preservation")
    assert "до 10.12.2026" in reason.ru
    assert session.scalars(select(OutboxJob)).all() == []
    ask(session, case, cast.actor("marat"), at)
    assert order_recheck(session, cast, case, at, date(2026, 12, 11)).id


def test_requests_of_another_case_do_not_help(session, cast, case, at) -> None:
    other = make.make_case(session, cast.neighbour)
    make.make_keeping(session, other)

    assert kept(session, case).until == date(2026, 8, 31)


def test_a_later_request_never_shortens_the_keeping(context, session, cast, case, at) -> None:
    make.make_keeping(session, case, keep_until=date(2028, 1, 31))

    with pytest.raises(Refused, match="назовите более поздний день"):
        ask(session, case, cast.actor("marat"), at)
    session.commit()
    with acting(context.sessions, SYSTEM) as fresh:
        assert kept(fresh, fresh.get(Case, case.id)).until == date(2028, 1, 31)
