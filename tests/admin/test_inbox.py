"""Pages of notices: read one, read all, set the letter, subscribe and withdraw."""

from __future__ import annotations

import re

import pytest
import vobject
from sqlalchemy import select

from app.database import acting
from app.models import Notice, Observation
from app.policy import SYSTEM
from app.terms import NoticeKind
from app.workflows import notices
from tests.admin.test_data_pages import Browser
from tests.admin.world import CANARY, NOW, World, world

__all__ = ["world"]


@pytest.fixture
def told(world: World) -> World:
    with acting(world.context.sessions, SYSTEM) as session:
        for name in ("ivan", "marat"):
            notices.tell(
                session,
                [world.cast[name].id],
                NoticeKind.NOT_HAPPENED,
                f"not-{name}",
                f"Не отмечено, {name}",
                f"Not recorded, {name}",
                f"/observations/{world.own.observation}",
                at=NOW,
            )
    return world


def test_a_notice_leads_to_its_page_and_is_read_with_that(told: World) -> None:
    ivan = Browser(told, "ivan")
    page = ivan.text("/inbox")
    assert "Не отмечено, ivan" in page
    assert "marat" not in page
    assert "Непрочитанные · 1" in re.sub(r"\s+", " ", page)
    assert re.search(r'href="/inbox"[^>]*><span>Оповещения</span>\s*<span class="nav-count[^"]*">1</span>', page)

    (own,) = told.rows(Notice, user_id=told.cast["ivan"].id)
    (other,) = told.rows(Notice, user_id=told.cast["marat"].id, key="not-marat")
    answer = ivan.send(f"/inbox/{own.id}")

    assert answer.location == f"/observations/{told.own.observation}"
    assert "Новых оповещений нет" in ivan.text("/inbox")
    assert "Не отмечено, ivan" in ivan.text("/inbox?show=all")
    assert ivan.send(f"/inbox/{other.id}").status_code == 404
    assert told.rows(Notice, id=other.id)[0].read_at is None


def test_all_are_read_at_once_and_in_english(told: World) -> None:
    marat = Browser(told, "marat")
    marat.send("/locale", locale="en")
    page = marat.text("/inbox")
    main = page[page.index("<main") : page.index("</main>")]
    assert "Not recorded, marat" in main
    assert not re.search("[а-яА-Я]{3}", main)

    marat.send("/inbox/read")

    assert "No new notices" in marat.text("/inbox")
    assert told.rows(Notice, user_id=told.cast["ivan"].id)[0].read_at is None


def test_the_letter_is_set_and_a_bad_address_is_kept_for_mending(world: World) -> None:
    kira = Browser(world, "kira")

    bad = kira.send("/inbox/settings", address="кира", is_on="on")
    assert bad.status_code == 409
    assert 'value="кира"' in bad.get_data(as_text=True)
    assert kira.send("/inbox/settings", address="kira@example.ru").status_code == 302

    page = kira.text("/inbox/settings")
    assert 'value="kira@example.ru"' in page
    assert "checked" not in page[page.index('name="is_on"') : page.index('name="is_on"') + 40]
    assert "OBEKTIV_SMTP_URL" in page  # nothing is sent yet, and the page says so


def test_a_feed_is_made_shown_once_read_without_signing_in_and_withdrawn(world: World) -> None:
    ivan = Browser(world, "ivan")
    made = ivan.send("/inbox/feed").get_data(as_text=True)
    path = re.search(r'value="https?://[^"/]+(/feeds/[^"]+\.ics)"', made).group(1)  # type: ignore[union-attr]
    assert path not in ivan.text("/inbox/settings")
    stranger = world.app.test_client()

    answer = stranger.get(path)
    with acting(world.context.sessions, SYSTEM) as session:
        own = set(session.scalars(select(Observation.id).where(Observation.observer_id == world.cast["ivan"].id)))

    assert answer.mimetype == "text/calendar"
    events = vobject.readOne(answer.get_data(as_text=True)).vevent_list
    visits = {int(e.uid.value.split("@")[0].split("-")[1]) for e in events if e.uid.value.startswith("visit-")}
    assert visits <= own
    assert CANARY not in answer.get_data(as_text=True)
    assert stranger.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    ivan.send("/inbox/feed/revoke")
    assert stranger.get(path).status_code == 404
    assert stranger.get("/feeds/unknown.ics").status_code == 404
