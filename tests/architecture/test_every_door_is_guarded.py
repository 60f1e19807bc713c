"""Each route names what it needs; the few that anybody may open are listed here by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import true

from app import auth, database, policy
from app.admin.side_forms import SIDE_FORMS
from app.models import WorkflowVersion
from app.policy import GRANTS, Permission
from app.terms import Role
from tests.admin.world import CANARY, NEIGHBOUR, World, readable, world, world_on_both

__all__ = ["world", "world_on_both"]

OPEN_TO_ANYBODY = {
    "static",
    "health.healthz",
    "health.readyz",
    "auth.sign_in",
    "locale.switch",
    "inbox.feed",  # the address is the secret: calendar programs cannot sign in
}

OPEN_TO_THE_SIGNED_IN = {
    "admin.index",  # one's own day: shows what the role may see
    "api.session",
    "auth.own",
    "auth.own_absences",
    "auth.own_training",
    "own_pairs.index",
    "own_pairs.pair",
    "auth.sign_out",
    # one's own notices, letter and feed
    "inbox.follow",
    "inbox.index",
    "inbox.make_feed",
    "inbox.read_all",
    "inbox.revoke_feed",
    "inbox.settings",
    "calendar.change",  # the calendar is everybody's; its report shows the deadlines in sight
    "calendar.index",
    "progress.show",  # asks for the permission of the kind of job
    "search.index",  # shows what the role may see
}

ID_KINDS = ("own", "neighbour", "foreign", "missing", "comma", "junk", "huge", "nul")
MALFORMED_BY = (None, "sveta", "rita")
"""Who also sends ids that are no ids; they are turned away before anybody's rights are asked."""
PEOPLE = (None, "anna", "marat", "kira", "ivan", "sveta", "rita", "root")
ROLE_OF = {
    "anna": Role.ANALYST,
    "marat": Role.DEPARTMENT,
    "kira": Role.CURATOR,
    "ivan": Role.INSPECTOR,
    "sveta": Role.SCHOOL,
    "rita": Role.REGION_MANAGER,
    "root": Role.ADMIN,
}
FORBIDDEN_WORDS = {
    "marat": (CANARY,),
    "kira": (CANARY, NEIGHBOUR),
    "ivan": (CANARY, NEIGHBOUR),
    "sveta": (CANARY, NEIGHBOUR),
    None: (CANARY, NEIGHBOUR),
}
DATA = {"version": "0", "request_id": "matrix-request", "trigger": "recheck", "reason": "проверка доступа ко всему"}
FILES = ("xlsx", "nonsense")
JOBS = ("upload", "run", "recheck", "document", "scale", "calendar", "bulk", "plan")
FORMS = ("interview", "handover", "order", "observation", "recheck", "conclusion", "preservation", "nonsense")
FORMS += ("diagnosis", "programme", "mentoring", "low_review")
FORMS += tuple(SIDE_FORMS)
TEMPLATES = ("amur", "nonsense")
CARD_FORMS = ("post", "duty", "training", "absence", "tie", "nonsense")


def test_every_route_names_a_permission_or_is_listed_here(world: World) -> None:
    doors = {rule.endpoint: auth.door_of(world.app, rule.endpoint) for rule in world.app.url_map.iter_rules()}

    assert {endpoint for endpoint, needs in doors.items() if needs == auth.PUBLIC} == OPEN_TO_ANYBODY
    assert {endpoint for endpoint, needs in doors.items() if needs == auth.SIGNED_IN} == OPEN_TO_THE_SIGNED_IN
    rest = {e: needs for e, needs in doors.items() if needs not in (auth.PUBLIC, auth.SIGNED_IN)}
    assert all(isinstance(needs, Permission) for needs in rest.values()), rest


def test_a_route_without_a_door_stays_shut(world: World) -> None:
    world.app.view_functions["auth.own"] = lambda: "nobody said who may see this"

    answer = world.client("root").get("/account")

    assert answer.status_code == 403


def test_the_framework_mounts_none_of_its_own_writing_routes(world: World) -> None:
    names = {rule.endpoint.rpartition(".")[2] for rule in world.app.url_map.iter_rules()}

    assert not names & {"create_view", "edit_view", "delete_view", "action_view"}
    assert not names & {"ajax_lookup", "ajax_update", "export"}


def test_no_post_without_a_token_gets_past_the_door(world: World) -> None:
    before = world.fingerprint(world.own, world.neighbour, world.foreign)
    client = world.client("marat")

    answers = {rule.endpoint: client.post(path).status_code for rule, path in _posts(world)}

    assert answers
    assert set(answers.values()) == {400}, answers
    assert world.fingerprint(world.own, world.neighbour, world.foreign) == before


@pytest.mark.parametrize("person", PEOPLE)
def test_no_role_reads_or_writes_what_is_not_its_own(world: World, person: str | None) -> None:
    """Every rule × method × kind of id: no foreign word, no foreign write, no 5xx, no function beyond the role."""
    faults = _walk(world, person)

    assert not faults, "\n".join(faults)


def test_the_matrix_holds_on_both_databases(world_on_both: World) -> None:
    faults = _walk(world_on_both, "sveta")

    assert not faults, "\n".join(faults)


def test_the_matrix_itself_finds_a_hole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "visible", lambda actor, model: true())
    database._criteria.cache_clear()  # what narrows an actor's statements is made once

    try:
        faults = _walk(world, "sveta")
    finally:
        database._criteria.cache_clear()

    assert any(NEIGHBOUR in fault for fault in faults)
    assert any(CANARY in fault for fault in faults)


def _walk(world: World, person: str | None) -> list[str]:
    strangers = (world.foreign,) if person == "marat" else (world.foreign, world.neighbour)
    before = world.fingerprint(*strangers)
    client = world.client(person)
    token = world.token(client) if person else _strangers_token(client)
    faults = []
    for endpoint, method, path, id_kind in _requests(world, ID_KINDS if person in MALFORMED_BY else ID_KINDS[:4]):
        headers = {"X-CSRFToken": token}
        answer = client.post(path, data=DATA, headers=headers) if method == "POST" else client.get(path)
        text = readable(answer)
        where = f"{method} {path} as {person} ({id_kind}): {answer.status_code}"
        if answer.status_code >= 500:
            faults.append(where)
        faults += [f"{where} shows {word}" for word in FORBIDDEN_WORDS.get(person, ()) if word in text]
        needs = auth.door_of(world.app, endpoint)
        if isinstance(needs, Permission) and not _holds(person, needs) and answer.status_code in (200, 201, 202):
            faults.append(f"{where} without {needs}")
        if person is None and needs != auth.PUBLIC and answer.status_code not in (302, 401, 404):
            faults.append(f"{where} for a stranger")
        if endpoint == "auth.sign_out" and person is not None:
            world.keys.pop(person, None)
            client = world.client(person)
            token = world.token(client)
    if person not in ("anna", "rita", "root") and world.fingerprint(*strangers) != before:
        faults.append(f"{person} changed foreign rows")
    return faults


def _holds(person: str | None, permission: Permission) -> bool:
    return person is not None and permission in GRANTS[ROLE_OF[person]]


def _strangers_token(client) -> str:
    page = client.get("/sign-in").get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found
    return found.group(1)


def _requests(world: World, id_kinds: tuple[str, ...]) -> Iterator[tuple[str, str, str, str]]:
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        kinds = id_kinds if "<row:" in rule.rule else ("none",)
        for kind in kinds:
            for path in _paths(world, rule.rule, kind):
                for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                    yield rule.endpoint, method, path, kind


def _posts(world: World) -> Iterator[tuple]:
    for rule in world.app.url_map.iter_rules():
        if "POST" in (rule.methods or set()):
            yield rule, _paths(world, rule.rule, "own")[0]


def _paths(world: World, rule: str, kind: str) -> list[str]:
    """Addresses of a rule with ids of one kind; a text parameter brings one address for each of its values."""
    paths = [re.sub(r"<row:(\w+)>", lambda found: _id(world, rule, found.group(1), kind), rule)]
    texts = {
        "<kind>": JOBS if rule.startswith("/jobs/") else FILES,
        "<form>": CARD_FORMS if rule.startswith("/people/") else FORMS,
        "<template>": TEMPLATES,
    }
    for name, values in texts.items():
        paths = [path.replace(name, value) for path in paths for value in (values if name in path else ("",))]
    return paths


def _id(world: World, rule: str, name: str, kind: str) -> str:
    bad = {"missing": "999999", "comma": "1,2", "junk": "abc", "huge": "1" + "0" * 20, "nul": "%00"}
    if kind in bad:
        return bad[kind]
    place = {"own": world.own, "neighbour": world.neighbour, "foreign": world.foreign}[kind]
    if name == "run_id":
        return str(world.run)
    if name == "version_id":
        return str(world.rows(WorkflowVersion, name="objectivity")[0].id)
    if name == "migration_id":
        return str(world.migration)
    if name == "link_id":
        return str(world.link)
    if name == "set_id":
        return str(world.division)
    if name == "job_id":
        return str(world.job)
    if name == "user_id":
        return str(world.cast["mira" if kind == "own" else "oleg" if kind == "neighbour" else "dina"].id)
    if name == "row_id":
        return str(place.upload)
    return str(getattr(place, name.removesuffix("_id")))
