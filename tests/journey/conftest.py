"""A browser, a running program, and the people who sign in to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from app.supervisor import ROOT
from tests.journey.program import Program
from tests.journey.region import SmallRegion, small_region
from tests.journey.visitor import SWITCHES, Visitor


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Without one the story is skipped; in CI it fails, so that it is never skipped unseen."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        reason = "нет Chromium для теста в браузере: поставьте пакет chromium (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def region() -> SmallRegion:
    return small_region()


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    """A program started for the module, without the demo region."""
    running = Program()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where the story leaves its screenshots; CI keeps the folder."""
    folder = ROOT / "artefacts" / "journey"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visit(program: Program, browser: Browser, pictures: Path) -> Iterator[Callable[[str], Visitor]]:
    """Open a browser of one's own and sign in; whoever came leaves when the test ends."""
    came: list[Visitor] = []

    def begin(login: str, password: str) -> Visitor:
        visitor = Visitor(browser, program.url, pictures)
        came.append(visitor)
        return visitor.sign_in(login, password)

    yield begin
    for visitor in came:
        visitor.leave()
