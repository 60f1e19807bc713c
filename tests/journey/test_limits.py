"""Sliders moved by the keyboard, the same without a script, a trial run whose flags are raised: on the demo region."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from app.demo import PASSWORD
from tests.journey.program import Program


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    running = Program(demo=True)
    yield running
    running.stop()


def test_sliders_a_trial_run_and_the_fairness_of_its_signs(program: Program, browser: Browser, visit) -> None:
    analyst = visit("analyst", PASSWORD)
    analyst.open("/screening/1")
    analyst.look("run-beside", narrow=True)
    analyst.follow("Что, если пороги другие")
    analyst.look("what-if", narrow=True)

    a_slider_is_moved_by_the_keyboard(analyst.page)
    without_a_script_the_button_does_it(program, browser, analyst)

    analyst.open("/fairness/")
    analyst.look("fairness", narrow=True)

    analyst.open("/what-if/")
    analyst.press("Проверить без признаков")
    analyst.waits_for("Это пробная проверка: признаки не подняты, дел нет.", seconds=90)
    analyst.look("trial", narrow=True)
    analyst.open("/what-if/")
    analyst.fill("Почему такие пороги", "Пороги согласованы на совещании в октябре.")
    analyst.press("Поднять признаки с этими порогами")
    analyst.press("Да, продолжить")
    analyst.waits_for("Признаки подняты:")
    analyst.look("raised")


def a_slider_is_moved_by_the_keyboard(page) -> None:
    slider = page.get_by_role("slider", name="Дело: доля случайных")
    expect(slider).to_have_attribute("aria-valuetext", "0,05")
    slider.focus()
    with page.expect_response(re.compile("/figures")) as answered:
        for _step in range(5):
            page.keyboard.press("ArrowLeft")
    assert answered.value.status == 200
    expect(slider).to_have_attribute("aria-valuetext", "0,001")
    expect(page.locator("#what-if-case_q")).to_have_value("0,001")
    expect(page.locator("#what-if-said")).to_contain_text("почти наверняка ни одного")
    expect(page).to_have_url(re.compile(r"case_q=0%2C001"))
    page.locator("#what-if-observer_days").fill("4")
    expect(page.locator("#what-if-figures .tile").nth(4)).to_contain_text("по 4 на дело")


def without_a_script_the_button_does_it(program: Program, browser: Browser, analyst) -> None:
    context = browser.new_context(base_url=program.url, java_script_enabled=False)
    context.add_cookies(analyst.context.cookies())
    page = context.new_page()
    page.goto("/what-if/1")
    page.fill("#what-if-case_q", "0,001")
    page.get_by_role("button", name="Пересчитать").click()
    expect(page.locator("#what-if-said")).to_contain_text("почти наверняка ни одного")
    expect(page.locator("input[type=range]")).to_have_count(0)
    context.close()
