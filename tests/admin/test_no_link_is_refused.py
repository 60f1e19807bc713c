"""Whoever reads a page of the demo region may open every link that it shows."""

from __future__ import annotations

import re
import shutil
from collections import Counter, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import auth, demo
from app.context import AppContext
from app.database import acting
from app.models import User
from app.policy import SYSTEM
from app.settings import Settings
from app.web import create_app

OF_A_SHAPE = 2
"""Pages looked at of one kind: two cases tell as much as all of them."""

_LINK = re.compile(r'<a\b[^>]*\bhref="(/[^"]*)"')


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> Iterator[Flask]:
    home = tmp_path_factory.mktemp("demo")
    shutil.copy(_sqlite_template, home / "obektiv.db")
    context = AppContext.from_settings(Settings.from_env({"OBEKTIV_HOME": str(home)}))
    demo.create_demo(context, at=datetime.now(UTC))
    app = create_app(context)
    app.testing = False
    yield app
    context.engine.dispose()


def _shape(address: str) -> str:
    path, _, query = address.partition("?")
    return re.sub(r"\d+", "N", path) + "?" + re.sub(r"=[^&]*", "", query)


@pytest.mark.parametrize("login", [person.login for person in demo.PEOPLE])
def test_no_page_shows_a_link_that_is_refused_to_its_reader(region: Flask, login: str) -> None:
    context: AppContext = region.extensions["obektiv"]
    client = region.test_client()
    with region.app_context(), acting(context.sessions, SYSTEM) as session:
        user = session.scalars(select(User).where(User.login == login)).one()
        client.set_cookie("obektiv", auth.open_session(session, user, at=datetime.now(UTC)))
    refused, looked_at = [], 0
    seen, shapes = {"/"}, Counter[str]()
    waiting = deque([("/", "")])
    while waiting:
        address, shown_on = waiting.popleft()
        shapes[_shape(address)] += 1
        if shapes[_shape(address)] > OF_A_SHAPE:
            continue
        answer = client.get(address)
        looked_at += 1
        if answer.status_code not in (200, 302):
            refused.append(f"{answer.status_code} {address}, shown on {shown_on}")
        if answer.mimetype != "text/html":
            continue
        for found in _LINK.findall(answer.text):
            link = unescape(found).split("#")[0]
            if link and link not in seen and not link.startswith("/static/"):
                seen.add(link)
                waiting.append((link, address))

    assert not refused
    assert looked_at > 15
