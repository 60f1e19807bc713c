"""The API: the same rights and the same verbs as the pages; malformed requests get a problem document, never a 500."""

from __future__ import annotations

import io
import json

import pytest

from app.database import acting
from app.models import CaseEvent, Upload
from app.policy import SYSTEM
from tests import factories as make
from tests.admin.world import World
from tests.workflows.test_intake import works_file

MOVE = {"trigger": "interview", "version": 0, "request_id": "api-request-1", "reason": ""}


@pytest.fixture
def fresh(world: World) -> int:
    with acting(world.context.sessions, SYSTEM) as session:
        case = make.make_case(session, world.cast.objective, number="2026-9001")
        make.make_interview(session, case)
        return case.id


def test_cases_come_in_pages(shared_world: World) -> None:
    client = shared_world.client("rita")

    first = client.get("/api/v1/cases?limit=2").json
    rest = client.get(f"/api/v1/cases?limit=2&after={first['next_after']}").json

    assert len(first["cases"]) == 2
    assert len(rest["cases"]) == 1
    assert rest["next_after"] is None


def test_a_case_tells_its_moves_and_what_is_missing(shared_world: World) -> None:
    found = shared_world.client("marat").get(f"/api/v1/cases/{shared_world.own.case}").json

    assert found["state"] == "observed"
    assert found["moves"][0]["trigger"] == "recheck"
    assert found["moves"][0]["is_possible"] is False
    assert "не все работы выборки" in found["moves"][0]["missing"][0]["text"]


def test_a_move_is_made_once_whatever_is_repeated(world: World, fresh: int) -> None:
    client = world.client("marat")
    headers = {"X-CSRFToken": world.token(client)}

    first = client.post(f"/api/v1/cases/{fresh}/move", json=MOVE, headers=headers)
    again = client.post(f"/api/v1/cases/{fresh}/move", json=MOVE, headers=headers)

    assert first.status_code == again.status_code == 200
    assert first.json == again.json == {"case_id": fresh, "state": "interview", "version": 1, "seq": 1}
    assert len(world.rows(CaseEvent, case_id=fresh)) == 1


def test_a_stale_move_gets_409_with_the_fresh_state(world: World, fresh: int) -> None:
    client = world.client("marat")
    headers = {"X-CSRFToken": world.token(client)}
    client.post(f"/api/v1/cases/{fresh}/move", json=MOVE, headers=headers)

    answer = client.post(f"/api/v1/cases/{fresh}/move", json={**MOVE, "request_id": "api-request-2"}, headers=headers)

    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert (answer.json["state"], answer.json["version"]) == ("interview", 1)


def test_a_refused_move_gives_every_reason(world: World) -> None:
    client = world.client("marat")
    body = {**MOVE, "trigger": "recheck"}

    answer = client.post(
        f"/api/v1/cases/{world.own.case}/move", json=body, headers={"X-CSRFToken": world.token(client)}
    )

    assert answer.status_code == 409
    assert answer.json["reasons"][0]["code"] == "recheck_unfinished"


def test_a_role_without_the_transitions_permission_gets_403(world: World, fresh: int) -> None:
    client = world.client("rita")

    answer = client.post(f"/api/v1/cases/{fresh}/move", json=MOVE, headers={"X-CSRFToken": world.token(client)})

    assert answer.status_code == 403


def test_a_file_is_received_by_program(world: World) -> None:
    client = world.client("anna")
    headers = {"X-CSRFToken": world.token(client)}

    answer = client.post("/api/v1/uploads", data={"file": (io.BytesIO(works_file()), "ma5.csv")}, headers=headers)

    assert answer.status_code == 202
    assert client.get(answer.location).json["status"] == "received"
    assert len(world.rows(Upload, file_name="ma5.csv")) == 1
    assert client.post("/api/v1/uploads", headers=headers).status_code == 422


def test_a_stranger_gets_401_and_a_missing_token_400(world: World, fresh: int) -> None:
    assert world.client(None).get("/api/v1/cases").status_code == 401
    assert world.client("marat").post(f"/api/v1/cases/{fresh}/move", json=MOVE).status_code == 400


MALFORMED = (
    b"", b"null", b"[]", b"1", b'"x"', b"{", b"NaN", b'{"trigger": NaN}', b"\xff\xfe\x00", b"[" * 5000, b'{"a":' * 3000,
    json.dumps({**MOVE, "version": 10**400}).encode(), json.dumps({**MOVE, "version": -1}).encode(),
    json.dumps({**MOVE, "version": True}).encode(), json.dumps({**MOVE, "version": 1.5}).encode(),
    json.dumps({**MOVE, "version": "0"}).encode(), json.dumps({**MOVE, "trigger": None}).encode(),
    json.dumps({**MOVE, "trigger": "\ud800"}).encode(), json.dumps({**MOVE, "reason": "\x00"}).encode(),
    json.dumps({**MOVE, "request_id": "short"}).encode(), json.dumps({**MOVE, "request_id": "x" * 100}).encode(),
    json.dumps({**MOVE, "extra": 1}).encode(), json.dumps({"trigger": "interview"}).encode(),
    json.dumps({**MOVE, "trigger": "__class__"}).encode(), json.dumps({**MOVE, "trigger": ""}).encode(),
)  # fmt: skip


@pytest.mark.parametrize("content", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_body_is_refused_with_a_problem_document(world: World, fresh: int, content: bytes) -> None:
    client = world.client("marat")
    headers = {"X-CSRFToken": world.token(client)}

    answer = client.post(f"/api/v1/cases/{fresh}/move", data=content, headers=headers, content_type="application/json")

    assert answer.status_code in (409, 422)
    assert answer.content_type == "application/problem+json"
    assert not world.rows(CaseEvent, case_id=fresh)


@pytest.mark.parametrize("query", ["limit=abc", "limit=-1", "after=1e9", "after=%00", "state=nonsense", "state=%00"])
def test_a_malformed_address_is_refused(shared_world: World, query: str) -> None:
    answer = shared_world.client("rita").get(f"/api/v1/cases?{query}")

    assert answer.status_code == 422


@pytest.mark.parametrize("case_id", ["0", "1,2", "abc", "1" + "0" * 20, "-1", "1.0", "%00"])
def test_ids_are_plain_digits_or_nothing(shared_world: World, case_id: str) -> None:
    assert shared_world.client("rita").get(f"/api/v1/cases/{case_id}").status_code == 404
