"""For each list and each role: list, count, search, filter, details, export, look-up and API hide foreign rows."""

from __future__ import annotations

import re

import pytest

from app import auth
from app.admin.base import ScopedView
from app.policy import Permission
from tests.admin.world import CANARY, NEIGHBOUR, Place, World, readable, shared_world, world

__all__ = ["shared_world", "world"]

PEOPLE = {
    "marat": (CANARY,),
    "kira": (CANARY, NEIGHBOUR),
    "ivan": (CANARY, NEIGHBOUR),
    "sveta": (CANARY, NEIGHBOUR),
}
LISTS = (
    *("flags", "cases", "observations", "rechecks", "uploads", "schools", "journal", "users", "outbox", "runs"),
    *("objective", "control", "clusters", "scales", "people", "deadlines", "plans", "programmes", "mentoring"),
)
DETAILS = {
    "flags.flag": "flag",
    "cases.case": "case",
    "observations.visit": "observation",
    "rechecks.recheck": "recheck",
    "schools.school": "school",
    "documents.download": "document",
    "api.one_case": "case",
    "road_maps.item": "item",
    "road_maps.file": "item",
    "mentoring.pair": "pair",
}


def test_every_list_of_the_admin_is_tried_here(shared_world: World) -> None:
    views = {view.endpoint for view in _views(shared_world)}

    assert views == set(LISTS)


@pytest.mark.parametrize("person", PEOPLE)
def test_lists_show_own_rows_and_no_foreign_one(shared_world: World, person: str) -> None:
    client = shared_world.client(person)

    for view in _open_views(shared_world, person):
        page = client.get(f"/{view.url.strip('/')}/").get_data(as_text=True)

        assert not [word for word in PEOPLE[person] if word in page], view.endpoint
        if view.endpoint in ("cases", "flags", "schools"):
            assert "СОШ № 1" in page or "СОШ №\u00a01" in page, view.endpoint


@pytest.mark.parametrize(("person", "n"), [("marat", 2), ("kira", 1), ("ivan", 1), ("sveta", 1), ("rita", 3)])
def test_counts_count_only_what_is_shown(shared_world: World, person: str, n: int) -> None:
    page = shared_world.client(person).get("/cases/").get_data(as_text=True)

    assert f"1–{n} из {n}" in page
    in_menu = re.search(r'href="/cases/"[^>]*><span>Дела</span>\s*<span class="nav-count[^"]*">(\d+)</span>', page)
    assert in_menu
    assert int(in_menu.group(1)) == n


@pytest.mark.parametrize("person", PEOPLE)
def test_search_and_filters_find_no_foreign_row(shared_world: World, person: str) -> None:
    client = shared_world.client(person)

    for view in _open_views(shared_world, person):
        for query in (
            "search=%25",
            f"municipality={shared_world.cast.other_municipality.id}",
            "search=КАНАРЕЙ",
            "search=_",
        ):
            page = client.get(f"/{view.url.strip('/')}/?{query}").get_data(as_text=True)
            assert not [word for word in PEOPLE[person] if word in page], (view.endpoint, query)


@pytest.mark.parametrize("person", PEOPLE)
def test_look_ups_of_the_top_bar_find_no_foreign_row(shared_world: World, person: str) -> None:
    client = shared_world.client(person)

    for query in ("СОШ", "2026", "99"):
        page = client.get(f"/search/?q={query}").get_data(as_text=True)
        assert not [word for word in PEOPLE[person] if word in page], query


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("endpoint", DETAILS)
def test_details_of_foreign_rows_do_not_exist(shared_world: World, person: str, endpoint: str) -> None:
    client = shared_world.client(person)
    rule = next(r.rule for r in shared_world.app.url_map.iter_rules() if r.endpoint == endpoint)

    def status(place: Place) -> int:
        return client.get(re.sub(r"<row:\w+>", str(getattr(place, DETAILS[endpoint])), rule)).status_code

    assert status(shared_world.own) == 200
    assert status(shared_world.foreign) == 404
    if NEIGHBOUR in PEOPLE[person]:
        assert status(shared_world.neighbour) == 404


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_exports_hold_no_foreign_row(shared_world: World, person: str, kind: str) -> None:
    client = shared_world.client(person)
    headers = {"X-CSRFToken": shared_world.token(client)}

    for name in ("cases", "flags", "schools"):
        text = readable(client.post(f"/{name}/export/{kind}", headers=headers))
        assert "СОШ № 1" in text
        assert not [word for word in PEOPLE[person] if word in text], name


@pytest.mark.parametrize("person", PEOPLE)
def test_the_api_answers_with_own_rows_only(shared_world: World, person: str) -> None:
    client = shared_world.client(person)

    cases = client.get("/api/v1/cases").json["cases"]
    findings = client.get("/api/v1/findings").json["findings"]

    expected = 2 if person == "marat" else 1
    assert len(cases) == expected
    assert len(findings) == expected
    assert client.get("/api/v1/findings?school=990900").json["findings"] == []


def test_pickers_offer_nobody_from_another_municipality(shared_world: World) -> None:
    page = shared_world.client("marat").get(f"/cases/{shared_world.own.case}/do/order").get_data(as_text=True)

    assert "Kira" in page
    assert "Dina" not in page


def test_a_withdrawn_case_closes_the_door_at_the_next_request(world: World) -> None:
    client = world.client("kira")
    assert client.get(f"/cases/{world.own.case}").status_code == 200

    from app.database import acting
    from app.models import Case
    from app.policy import SYSTEM

    with acting(world.context.sessions, SYSTEM) as session:
        session.get(Case, world.own.case).curator_id = None

    assert client.get(f"/cases/{world.own.case}").status_code == 404


def _views(world: World) -> list[ScopedView]:
    (admin,) = world.app.extensions["admin"]
    return [view for view in admin._views if isinstance(view, ScopedView)]


def _open_views(world: World, person: str) -> list[ScopedView]:
    from app.policy import GRANTS

    granted = GRANTS[world.cast[person].role]
    found = [v for v in _views(world) if Permission(auth.door_of(world.app, f"{v.endpoint}.index_view")) in granted]
    assert found
    return found
