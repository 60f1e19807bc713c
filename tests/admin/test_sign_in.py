"""Signing in and out: the throttle, the sessions, the redirects."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app import auth
from app.database import acting
from app.models import AuthSession, JournalEntry, LoginAttempt, User
from app.policy import SYSTEM
from app.terms import Role
from app.workflows import people
from tests.admin.world import World

PASSWORD = "длинная фраза для входа"


@pytest.fixture
def anna(world: World) -> FlaskClient:
    """A stranger's browser; Anna has a password."""
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(User, world.cast["anna"].id).password_hash = people.hash_password(PASSWORD)
    return world.client(None)


def enter(client: FlaskClient, login: str, password: str, **more: str):
    page = client.get("/sign-in").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    return client.post("/sign-in", data={"login": login, "password": password, "csrf_token": token, **more})


def test_the_right_password_opens_the_first_page(anna: FlaskClient) -> None:
    answer = enter(anna, " Anna ", PASSWORD)

    assert answer.status_code == 302
    assert answer.location == "/"
    assert anna.get("/").status_code == 200


def test_the_password_may_be_composed_either_way(anna: FlaskClient) -> None:
    assert enter(anna, "anna", PASSWORD.replace("й", "и\u0306")).status_code == 302


@pytest.mark.parametrize("login", ["anna", "nobody"])
def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(anna: FlaskClient, login: str) -> None:
    answer = enter(anna, login, "не тот пароль")

    assert answer.status_code == 401
    assert "Логин или пароль не подходит" in answer.get_data(as_text=True)


def test_a_closed_account_gets_the_same_answer_too(world: World, anna: FlaskClient) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(User, world.cast["anna"].id).is_active = False

    assert enter(anna, "anna", PASSWORD).status_code == 401


@pytest.mark.parametrize("login", ["anna", "nobody"])
def test_the_sixth_try_has_to_wait_whether_the_login_exists_or_not(anna: FlaskClient, login: str) -> None:
    for _ in range(auth.FREE_TRIES):
        assert enter(anna, login, "не тот пароль").status_code == 401

    answer = enter(anna, login, PASSWORD)

    assert answer.status_code == 429
    assert "Повторите через" in answer.get_data(as_text=True)


def test_the_pause_doubles_and_never_exceeds_a_quarter_of_an_hour(world: World, at) -> None:
    with world.app.app_context(), acting(world.context.sessions, SYSTEM) as session:
        pauses = []
        for n in range(20):
            session.add(LoginAttempt(login="anna", address=f"10.0.0.{n}", at=at, is_success=False))
            session.flush()
            pauses.append(auth._wait(session, "anna", "192.0.2.1", at))

    assert pauses[:4] == [timedelta(0)] * 4
    assert pauses[4:7] == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
    assert pauses[-1] == timedelta(minutes=15)


def test_an_address_that_tries_many_logins_has_to_wait(world: World, at) -> None:
    with world.app.app_context(), acting(world.context.sessions, SYSTEM) as session:
        for n in range(auth.ADDRESS_TRIES):
            session.add(LoginAttempt(login=f"l{n}", address="192.0.2.1", at=at, is_success=False))
        session.flush()

        assert auth._wait(session, "anna", "192.0.2.1", at) > timedelta(0)
        assert auth._wait(session, "anna", "192.0.2.2", at) == timedelta(0)


def test_success_frees_the_account(world: World, at) -> None:
    with world.app.app_context(), acting(world.context.sessions, SYSTEM) as session:
        for is_success in (*[False] * 10, True):
            session.add(LoginAttempt(login="anna", address="192.0.2.9", at=at, is_success=is_success))
            session.flush()

        assert auth._wait(session, "anna", "192.0.2.1", at) == timedelta(0)


def test_a_planted_session_key_is_not_the_one_that_signs_in(world: World, anna: FlaskClient) -> None:
    planted = "ab" * 32
    anna.set_cookie("obektiv", planted)

    enter(anna, "anna", PASSWORD)

    assert anna.get_cookie("obektiv").value != planted
    attacker = world.client(None)
    attacker.set_cookie("obektiv", planted)
    assert attacker.get("/").status_code == 302


def test_the_database_keeps_only_the_hash_of_a_key(world: World, anna: FlaskClient) -> None:
    enter(anna, "anna", PASSWORD)

    key = anna.get_cookie("obektiv").value
    rows = world.rows(AuthSession, user_id=world.cast["anna"].id)
    assert bytes.fromhex(key) not in {row.key_hash for row in rows}
    assert all(len(row.key_hash) == 32 for row in rows)


def test_a_copied_cookie_is_dead_after_signing_out(world: World) -> None:
    client, copy = world.client("marat"), world.client("marat")
    assert copy.get("/").status_code == 200

    client.post("/sign-out", headers={"X-CSRFToken": world.token(client)})

    assert copy.get("/").status_code == 302
    assert copy.get("/api/v1/cases").status_code == 401


@pytest.mark.parametrize("column", ["seen_at", "expires_at"])
def test_an_idle_or_old_session_is_over(world: World, column: str) -> None:
    client = world.client("marat")
    assert client.get("/").status_code == 200

    with acting(world.context.sessions, SYSTEM) as session:
        for row in session.query(AuthSession):
            setattr(row, column, row.created_at - timedelta(days=1))

    assert client.get("/").status_code == 302


def test_a_change_of_role_ends_the_sessions_of_that_person(world: World) -> None:
    victim = world.client("mira")
    assert victim.get("/").status_code == 200
    admin = world.client("root")

    answer = admin.post(
        f"/users/{world.cast['mira'].id}",
        data={"version": "1", "name": "Mira", "post": "", "role": Role.ANALYST.value, "is_active": "y",
              "municipality_id": str(world.cast.municipality.id), "school_id": "", "person_id": ""},
        headers={"X-CSRFToken": world.token(admin)},
    )  # fmt: skip

    assert answer.status_code == 302
    assert victim.get("/").status_code == 302


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(User, world.cast["anna"].id).password_hash = people.hash_password(PASSWORD)
    here, there = world.client("anna"), world.client(None)
    enter(there, "anna", PASSWORD)
    assert there.get("/").status_code == 200

    answer = here.post(
        "/account",
        data={"current": PASSWORD, "fresh": "другая длинная фраза", "again": "другая длинная фраза"},
        headers={"X-CSRFToken": world.token(here)},
    )

    assert answer.status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


def test_a_short_password_is_refused_with_the_rule(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(User, world.cast["anna"].id).password_hash = people.hash_password(PASSWORD)
    client = world.client("anna")

    answer = client.post(
        "/account",
        data={"current": PASSWORD, "fresh": "коротко", "again": "коротко"},
        headers={"X-CSRFToken": world.token(client)},
    )

    assert answer.status_code == 409
    assert "Пароль короче 12 знаков" in answer.get_data(as_text=True)


BAD_TARGETS = (
    "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "http:evil.example", "/\tevil",
    "javascript:alert(1)", "http://localhost\\@evil.example/", "/\n/evil.example", "evil", "///evil.example",
    "/\\/evil", "https:evil", "http:///evil", "\x00/", "/%0a/../\\evil",
)  # fmt: skip


@pytest.mark.parametrize("target", BAD_TARGETS)
def test_no_redirect_leaves_the_site(world: World, anna: FlaskClient, target: str) -> None:
    assert enter(anna, "anna", PASSWORD, next=target).location == "/"
    signed_in = world.client("marat")

    assert signed_in.get("/sign-in", query_string={"next": target}).status_code == 400
    headers = {"X-CSRFToken": world.token(signed_in)}
    answer = signed_in.post("/locale", data={"locale": "ru", "next": target}, headers=headers)
    assert answer.location == "/"


def test_after_signing_in_the_asked_page_opens(world: World, anna: FlaskClient) -> None:
    asked = anna.get(f"/cases/{world.own.case}?tab=course")
    assert asked.location == f"/sign-in?next=/cases/{world.own.case}?tab%3Dcourse"

    assert enter(anna, "anna", PASSWORD, next="/cases/1?tab=course").location == "/cases/1?tab=course"


def test_the_journal_knows_who_came_and_who_was_turned_away(world: World, anna: FlaskClient) -> None:
    enter(anna, "anna", "не тот пароль")
    enter(anna, "это был пароль в поле логина", "x")
    enter(anna, "anna", PASSWORD)

    entries = [(e.action, e.subject_id) for e in world.rows(JournalEntry) if e.action.startswith("session:")]
    anna_id = world.cast["anna"].id
    assert entries == [("session:refused", anna_id), ("session:refused", None), ("session:sign_in", anna_id)]
    assert "пароль в поле" not in str([e.facts for e in world.rows(JournalEntry)])
