"""The board of a plan in a browser: a card is dragged to another person, who stays, and the rest is solved again."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page
from werkzeug.serving import make_server

from app.database import acting
from app.models import AssignmentPlan, PlanRow
from app.policy import SYSTEM
from app.supervisor import ROOT
from app.terms import Duty, PlanStatus
from tests.admin.plan_people import INSPECTORS, settle
from tests.admin.world import World, world

__all__ = ["world"]

NUMBERED = re.compile(r"/plans/\d+$")
PICTURES = ROOT / "artefacts" / "journey"


@pytest.fixture
def address(world: World) -> Iterator[str]:
    with acting(world.context.sessions, SYSTEM) as session:
        settle(session, world.cast)
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def _page(browser: Browser, world: World, address: str, *, width: int = 1366, scheme: str = "light") -> Page:
    """A page on which everything is in sight: a page that scrolls between press and move takes up another card."""
    world.client("marat")  # signs in
    opened = browser.new_context(
        viewport={"width": width, "height": 3000},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    opened.add_cookies([{"name": "obektiv", "value": world.keys["marat"], "url": address}])
    page = opened.new_page()
    page.set_default_timeout(20_000)
    return page


def test_a_plan_takes_two_clicks_and_a_card_can_be_dragged(browser: Browser, world: World, address: str):
    page = _page(browser, world, address)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/plans/")
    _picture(page, "plans")

    page.get_by_role("button", name="Предложить план").click()
    page.wait_for_url(NUMBERED)
    _picture(page, "plan")
    visits = world.rows(PlanRow, duty=Duty.OBSERVER)
    seat = min(visits, key=lambda row: row.id)
    away = next(
        person["id"]
        for person in world.rows(AssignmentPlan)[-1].result["people"]
        if person["name"] in INSPECTORS[1:] and person["id"] not in {r.person_id for r in visits if r.need == seat.need}
    )
    card = page.locator(f"#seat-{seat.id}")
    lane = page.locator(f".lane[data-person='{away}']")
    _open_idle(page)
    _drag(page, card, lane)
    page.wait_for_selector("text=Человек закреплён")

    (moved,) = world.rows(PlanRow, id=seat.id)
    assert (moved.person_id, moved.is_pinned) == (away, True)
    _picture(page, "plan-moved")
    page.get_by_label("Номер приказа о комиссии").fill("12-к")
    page.get_by_role("button", name="Принять план").click()
    page.wait_for_selector("text=План принят")
    assert world.rows(AssignmentPlan)[-1].status is PlanStatus.APPLIED
    _picture(page, "plan-applied")
    page.goto(f"{address}/route/")
    page.wait_for_selector("text=Маршрут на")
    _picture(page, "route")
    assert faults == []


def test_whom_the_rules_forbid_is_told_why_while_the_card_is_in_the_air(browser: Browser, world: World, address: str):
    page = _page(browser, world, address)
    page.goto(f"{address}/plans/")
    page.get_by_role("button", name="Предложить план").click()
    page.wait_for_url(NUMBERED)
    seat = next(row for row in world.rows(PlanRow, duty=Duty.OBSERVER) if _school(world, row) == "СОШ № 14")
    blocked = page.locator(f".lane[aria-label='{INSPECTORS[0]}']")
    _open_idle(page)

    page.locator(f"#seat-{seat.id}").hover()
    page.mouse.down()
    box = blocked.bounding_box()
    assert box
    page.mouse.move(box["x"] + 30, box["y"] + 30, steps=6)

    blocked.locator(".lane-why", has_text="работает в этой школе").wait_for()
    _picture(page, "plan-blocked")
    page.mouse.up()
    assert not world.rows(PlanRow, is_pinned=True)


@pytest.mark.parametrize(("width", "scheme"), [(1366, "dark"), (390, "light"), (390, "dark")])
def test_the_board_fits_the_screen(browser: Browser, world: World, address: str, width: int, scheme: str):
    page = _page(browser, world, address, width=width, scheme=scheme)
    page.goto(f"{address}/plans/")
    page.get_by_role("button", name="Предложить план").click()
    page.wait_for_url(NUMBERED)
    _picture(page, f"plan-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_role("link", name="Заменить").first.click()
    page.get_by_role("button", name="Закрепить и пересчитать остальное").wait_for()
    _picture(page, f"plan-seat-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Закрепить и пересчитать остальное").click()
    page.wait_for_selector("text=Человек закреплён")


def _drag(page: Page, card: Locator, lane: Locator) -> None:
    card.locator(".seat-head").hover()
    page.mouse.down()
    for _twice in range(2):  # a browser says where the card is from the second move on
        lane.locator(".lane-head").hover()
    page.mouse.up()


def _school(world: World, row: PlanRow) -> str:
    from app.models import School

    return str(world.rows(School, id=row.school_id)[0].name)


def _open_idle(page: Page) -> None:
    for summary in page.locator("details.idle:not([open]) > summary").all():
        summary.click()


def _picture(page: Page, name: str) -> None:
    Path(PICTURES).mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")
