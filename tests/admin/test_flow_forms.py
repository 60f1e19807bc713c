"""A stage and a move of a draft by their forms: added, changed, renamed, removed, and led to what is wrong."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from app.flows.changes import moves_of, states_of
from app.models import WorkflowVersion
from app.terms import WorkflowStatus
from tests.admin.test_data_pages import Browser
from tests.admin.test_flow_pages import draft, kept
from tests.admin.world import World


class Form(HTMLParser):
    """The first form of the page's main part with what a browser would send of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.select = ""
        body = page[page.index('<form class="card form"') :]
        self.feed(body[: body.index("</form>")])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "select":
            self.select = given["name"] or ""
            self.first = True
        elif tag == "option" and (self.first or "selected" in given):
            self.sent = [pair for pair in self.sent if pair[0] != self.select]
            self.sent.append((self.select, given.get("value") or ""))
            self.first = False
        elif tag == "input" and given.get("name") and (given.get("type") != "checkbox" or "checked" in given):
            self.sent.append((given["name"] or "", given.get("value") or ""))


def filled(page: str, **changes: Any) -> dict[str, Any]:
    """The form as the page shows it, with some fields changed; None unticks."""
    sent: dict[str, Any] = {}
    for name, value in Form(page).sent:
        sent.setdefault(name, []).append(value)
    sent.pop("csrf_token", None)
    return {name: value for name, value in {**sent, **changes}.items() if value is not None}


@pytest.fixture
def root(world: World) -> Browser:
    return Browser(world, "root")


@pytest.fixture
def row(world: World, root: Browser) -> WorkflowVersion:
    return draft(world, root)


def text_of(world: World) -> str:
    return kept(world, version="2").toml


@pytest.mark.parametrize("what", ["stage", "move"])
def test_a_form_sent_as_it_is_shown_leaves_the_text_as_it_is(what: str, world: World, root: Browser, row: Any) -> None:
    count = len(states_of(row.toml) if what == "stage" else moves_of(row.toml))
    for number in range(count):
        path = f"/flows/{row.id}/{what}/{number}"

        sent = root.send(path, **filled(root.text(path)))

        assert sent.status_code == 302, (number, sent.get_data(as_text=True))
    assert text_of(world) == row.toml


def test_a_stage_is_added_joined_by_moves_and_published_without_any_text(world: World, root: Browser, row: Any) -> None:
    stage, move = f"/flows/{row.id}/stage", f"/flows/{row.id}/move"
    sent = root.send(
        stage, **filled(root.text(stage), code="visit", ru="Выезд", en="Visit", days="5", after="interview",
                        forms=["order", "conclusion"], verdicts=["dismissed"]),
    )  # fmt: skip
    assert sent.location == f"/flows/{row.id}/edit"
    page = root.text(sent.location)
    assert "Выезд" in page
    assert page.count('class="flow-box') == 7
    href = re.search(rf'state «visit»</code>: [^<]*<a href="(/flows/{row.id}/stage/2#code)"', page)
    assert href, "the mistake leads to its form"
    assert "Что исправить" in root.text(href.group(1).partition("#")[0])

    for trigger, source, dest, guards in (
        ("go_out", "interview", "visit", ()),
        ("come_back", "visit", "curator_assigned", ("order",)),
    ):
        form = filled(root.text(move), trigger=trigger, ru="Ход", en="Move", done_ru="Сделано", done_en="Done",
                      source=[source], dest=dest, permission="case:assign")  # fmt: skip
        ticks = {f"{name}-on": "1" for name, value in form.items() if value in [[guard] for guard in guards]}
        assert root.send(move, **form, **ticks).status_code == 302

    assert "Опубликовать нельзя" not in root.text(f"/flows/{row.id}/edit")
    fresh = kept(world, version="2")
    published = root.send(
        f"/flows/{row.id}/publish", seen=fresh.sha256, sure="yes", note="Добавлен выезд в школу по приказу."
    )
    assert published.status_code == 302
    assert kept(world, version="2").status is WorkflowStatus.PUBLISHED


def test_a_stage_is_renamed_wherever_it_is_named(world: World, root: Browser, row: Any) -> None:
    path = f"/flows/{row.id}/stage/3"

    root.send(path, **filled(root.text(path), code="seen", ru="Осмотр"))

    text = text_of(world)
    assert '"observed"' not in text
    assert [move.dest for move in moves_of(text)].count("seen") == 2
    assert "Опубликовать нельзя" not in root.text(f"/flows/{row.id}/edit")


def test_a_removed_stage_takes_its_moves_along_and_what_is_cut_off_is_told(
    world: World, root: Browser, row: Any
) -> None:
    path = f"/flows/{row.id}/stage/3"
    assert "уйдут ходы" in root.text(path)

    sent = root.send(path, what="remove", seen=row.sha256)

    assert "Опубликовать нельзя" in root.text(sent.location)
    assert "observed" not in text_of(world)


def test_a_move_gets_guards_with_parameters_roles_and_reasons(world: World, root: Browser, row: Any) -> None:
    path = f"/flows/{row.id}/move/2"
    page = root.text(path)
    form = filled(page, roles=["department"])
    act = next(name for name, value in form.items() if value == ["act"])
    document = next(name for name, value in form.items() if value == ["document"])
    said = {"reason-0-code": "late", "reason-0-ru": "Поздно", "reason-0-en": "Late", "reason-0-needs_text": "1"}

    sent = root.send(
        path, **{**form, **said, f"{act}-acts": "2", f"{document}-on": "1", f"{document}-kind": "observation_act"}
    )

    assert sent.status_code == 302, sent.get_data(as_text=True)
    move = moves_of(text_of(world))[2]
    assert [(use.name, dict(use.params)) for use in move.guards] == [
        ("act", {"acts": 2}), ("document", {"kind": "observation_act"}),
    ]  # fmt: skip
    assert (move.roles, move.reasons[0].code, move.reasons[0].needs_text) == (("department",), "late", True)


def test_taking_the_second_person_off_is_told_with_the_way_to_the_guards(world: World, root: Browser, row: Any) -> None:
    path = f"/flows/{row.id}/move/4"
    form = filled(root.text(path))
    second = next(name for name, value in form.items() if value == ["second"])
    del form[f"{second}-on"]

    sent = root.send(path, **form)

    page = root.text(sent.location)
    assert "закрытие утверждает второй человек" in page
    assert f'href="/flows/{row.id}/move/4#guards"' in page


def test_a_move_is_removed(world: World, root: Browser, row: Any) -> None:
    root.send(f"/flows/{row.id}/move/6", what="remove", seen=row.sha256)

    assert len(moves_of(text_of(world))) == len(moves_of(row.toml)) - 1


@pytest.mark.parametrize(
    ("changes", "told", "field"),
    [
        ({"code": "observed"}, "уже есть", "#code"),
        ({"code": "Этап"}, "строчные латинские", "#code"),
        ({"days": "много"}, "целое число рабочих дней", "#days"),
        ({"ru": ""}, "непустой текст", "#ru"),
    ],
)
def test_what_does_not_fit_is_told_with_its_field_and_nothing_typed_is_lost(
    changes: Any, told: str, field: str, world: World, root: Browser, row: Any
) -> None:
    path = f"/flows/{row.id}/stage/1"

    sent = root.send(path, **filled(root.text(path), en="Talk", **changes))

    page = sent.get_data(as_text=True)
    assert sent.status_code == 409
    assert told in page
    assert f'href="{field}"' in page
    assert 'value="Talk"' in page
    assert text_of(world) == row.toml


def test_a_stale_form_is_told_and_overwrites_nothing(world: World, root: Browser, row: Any) -> None:
    path = f"/flows/{row.id}/stage/1"
    form = filled(root.text(path))
    root.send(path, **{**form, "ru": "Беседа"})

    sent = root.send(path, **{**form, "ru": "Разговор"})

    assert sent.status_code == 409
    assert "Беседа" in text_of(world)


@pytest.mark.parametrize("path", ["stage", "stage/1", "move", "move/2"])
def test_nobody_else_opens_the_forms_and_a_published_version_has_none(
    path: str, world: World, root: Browser, row: Any
) -> None:
    assert Browser(world, "rita").client.get(f"/flows/{row.id}/{path}").status_code == 403
    assert root.client.get(f"/flows/{kept(world).id}/{path}").status_code == 302
    assert root.client.get(f"/flows/{row.id}/move/99").status_code == 404


def test_a_text_that_does_not_read_has_no_forms_until_it_is_mended(world: World, root: Browser, row: Any) -> None:
    root.send(f"/flows/{row.id}/edit", seen=row.sha256, mode="text", text="id = ")

    page = root.text(f"/flows/{row.id}/edit")

    assert 'href="#flow-text"' in page
    assert "Добавить этап" not in page
    assert root.client.get(f"/flows/{row.id}/stage/1").status_code in (404, 409)
