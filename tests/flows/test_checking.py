"""The checker finds every planted mistake, names its place, and lets the shipped workflows pass."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.flows import FOLDER, WrongDefinition, check, read, shipped
from app.flows.lines import lines
from app.flows.vocabulary import GUARDS, PERMISSIONS
from app.policy import GRANTS, Permission
from app.workflows.definitions import ROLE_GRANTS

TEXT = (FOLDER / "objectivity.toml").read_text(encoding="utf-8")
SHIPPED = sorted(shipped())


def planted(old: str, new: str, text: str = TEXT) -> str:
    assert old in text
    return text.replace(old, new, 1)


def without_table(kind: str, marker: str, text: str = TEXT) -> str:
    """The text without the [[kind]] table (and its sub-tables) that holds `marker`."""
    parts = re.split(r"(?m)^(?=\[\[)", text)
    kept = [part for part in parts if not (part.startswith(f"[[{kind}]]") and marker in part)]
    assert len(kept) == len(parts) - 1
    return "".join(kept)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_workflows_have_no_mistake_and_every_move_has_somebody_to_make_it(name: str) -> None:
    assert check(shipped()[name][1], grants=ROLE_GRANTS) == []


def test_the_shipped_workflows_are_the_four_that_are_promised() -> None:
    assert SHIPPED == ["low_results", "objectivity", "objectivity_amur", "objectivity_curator_first"]
    assert all(definition.source and definition.version for definition, _text in shipped().values())


MAIN_WAY = "".join(part for part in re.split(r"(?m)^(?=\[\[)", TEXT) if "is_side = true" not in part)
"""Without the side moves, which lead out of every stage."""

PLANTED = {
    "not_toml": planted('code = "flagged"', "code = "),
    "missing_key": planted('title = "', 'name = "'),
    "unknown_key": planted("days = 7", "days = 7\ncolour = 3"),
    "wrong_value": planted("days = 7", 'days = "7"'),
    "no_budget": planted("days = 7\n", ""),
    "duplicate_state": TEXT + '\n[[state]]\ncode = "observed"\nru = "Ещё"\nen = "Again"\ndays = 3\n',
    "no_closed": without_table("state", 'code = "closed"'),
    "no_initial": planted('initial = "flagged"', 'initial = "begun"'),
    "closed_has_work": planted('ru = "Закрыто"', 'ru = "Закрыто"\ndays = 3'),
    "unknown_form": planted('forms = ["interview", "handover"', 'forms = ["interview", "hand_over"'),
    "next_not_offered": planted('form = "interview"', 'form = "recheck"'),
    "unknown_document": planted("days = 7", 'days = 7\ndocuments = ["passport"]'),
    "unknown_field": planted("days = 7", 'days = 7\nfields = ["colour"]'),
    "duplicate_trigger": TEXT + "\n[[transition]]" + TEXT.split("[[transition]]")[1],
    "unknown_source": planted('source = "interview"', 'source = "talk"'),
    "unknown_dest": planted('dest = "observed"', 'dest = "seen"'),
    "goes_nowhere": planted('source = "observed"', 'source = "rechecked"'),
    "reserved_trigger": planted('trigger = "assign"', 'trigger = "propose"'),
    "unknown_permission": planted('permission = "case:assign"', 'permission = "case:give"'),
    "role_without_permission": planted('permission = "case:assign"', 'permission = "case:assign"\nroles = ["school"]'),
    "duplicate_reason": planted(
        'guards = ["order"',
        'reasons = [{ code = "a", ru = "а", en = "a" }, { code = "a", ru = "б", en = "b" }]\nguards = ["order"',
    ),
    "reason_without_text": planted(
        'guards = ["order"', 'reasons = [{ code = "a", ru = "", en = "a" }]\nguards = ["order"'
    ),
    "unknown_guard": planted('"protocol"]', '"protokol"]'),
    "unknown_parameter": planted('guards = ["act"]', 'guards = [{ name = "act", visits = 2 }]'),
    "missing_parameter": planted('guards = ["act"]', 'guards = ["act", { name = "document" }]'),
    "wrong_parameter": planted('guards = ["act"]', 'guards = [{ name = "act", acts = 0 }]'),
    "form_not_offered": planted('forms = ["order", "observation", "recheck", ', 'forms = ["order", "recheck", '),
    "duplicate_guard": planted('guards = ["act"]', 'guards = ["act", "act"]'),
    "no_second_person": planted('"road_map_settled", "second"]', '"road_map_settled"]'),
    "no_verdict": planted('guards = ["dismissal", "clean", "second"]', 'guards = ["clean", "second"]'),
    "no_verdict_here": planted('verdicts = ["not_confirmed", "confirmed", "dismissed"]', 'verdicts = ["dismissed"]'),
    "cannot_close": planted('dest = "closed"\nru = "Утвердить', 'dest = "observed"\nru = "Утвердить').replace(
        'source = ["flagged", "interview", "curator_assigned", "observed", "rechecked"]\ndest = "closed"',
        'source = ["interview"]\ndest = "flagged"',
    ),
    "unreachable": without_table("transition", 'trigger = "observe"'),
    "dead_end": without_table("transition", 'trigger = "recheck"', MAIN_WAY),
}


@pytest.mark.parametrize("code", sorted(PLANTED))
def test_a_planted_mistake_is_found_and_named_with_its_place(code: str) -> None:
    problems = check(PLANTED[code], grants=ROLE_GRANTS)

    found = [problem for problem in problems if problem.code == code]
    assert found, [problem.code for problem in problems]
    assert all(problem.key and problem.ru and problem.en for problem in problems)
    assert found[0].line is not None or code in ("no_closed", "missing_key")


def test_a_move_that_no_role_may_make_is_a_mistake() -> None:
    nobody = {role: held - {"case:assign"} for role, held in ROLE_GRANTS.items()}

    assert "nobody_may" in {problem.code for problem in check(TEXT, grants=nobody)}


def test_the_line_of_a_mistake_is_the_line_of_its_key() -> None:
    text = planted('dest = "observed"', 'dest = "seen"')
    (problem,) = [problem for problem in check(text) if problem.code == "unknown_dest"]

    assert text.splitlines()[problem.line - 1] == 'dest = "seen"'


def test_a_file_with_mistakes_is_refused_whole_and_by_name() -> None:
    with pytest.raises(WrongDefinition, match=r"objectivity\.toml: строка \d+, .*protokol") as refusal:
        read(PLANTED["unknown_guard"], "objectivity.toml")

    assert refusal.value.problems


def test_every_reserved_word_and_right_is_real() -> None:
    assert {permission.value for permission in Permission} >= PERMISSIONS
    held = set().union(*GRANTS.values())
    assert held >= PERMISSIONS


def test_guards_and_forms_of_the_files_have_their_functions_and_pages() -> None:
    from app.admin.case_forms import FORMS as PAGES
    from app.flows.vocabulary import FORMS
    from app.workflows.guards import CHECKS
    from app.workflows.guards_support import CHECKS as SUPPORT

    assert set(GUARDS) == set(CHECKS) | set(SUPPORT)
    assert {name for name, form in PAGES.items() if not form.is_for_every_stage} == FORMS


def test_lines_are_not_misled_by_texts_and_lists_of_several_lines() -> None:
    text = 'a = """\n[[state]]\nb = 1\n"""\nc = [\n  "x = 1",\n  "[[y]]",\n]\n[[state]]\ncode = "#[["\n'

    found = lines(text)

    assert found[("", 0, "a")] == 1
    assert found[("", 0, "c")] == 5
    assert found[("state", 0, "")] == 9
    assert found[("state", 0, "code")] == 10
    assert ("", 0, "b") not in found


_LINES = TEXT.splitlines()
RUBBISH = "[]{}=\"'#\\ \t,.ab1я\x00\u2028"
VALUES = ["1", "[]", '""', "{}", "true"]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_no_damage_to_a_file_breaks_the_checker(data: st.DataObject) -> None:
    """Lines removed, doubled, swapped or filled with rubbish: the checker answers, and what it passes can be read."""
    kept = list(_LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(kept) - 1))
        match data.draw(st.sampled_from(["drop", "double", "swap", "rubbish", "value"])):
            case "drop":
                del kept[at]
            case "double":
                kept.insert(at, kept[at])
            case "swap":
                other = data.draw(st.integers(0, len(kept) - 1))
                kept[at], kept[other] = kept[other], kept[at]
            case "rubbish":
                kept[at] = data.draw(st.text(RUBBISH, max_size=12))
            case "value":
                kept[at] = kept[at].partition("=")[0] + "= " + data.draw(st.sampled_from(VALUES))
    text = "\n".join(kept)

    problems = check(text, grants=ROLE_GRANTS)

    assert all(problem.ru and problem.en and problem.key for problem in problems)
    if not problems:
        assert read(text, "x").states


TITLES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@settings(deadline=None)
@given(st.sampled_from(sorted(shipped())), st.integers(0, 4), TITLES)
def test_setting_a_title_changes_that_title_alone(name: str, number: int, title: str) -> None:
    from app.flows.editing import with_value

    definition, text = shipped()[name]
    if not title.strip():
        return

    changed = read(with_value(text, "state", number, "ru", title), name)

    assert changed.states[number].ru == title.strip()
    assert [s.code for s in changed.states] == [s.code for s in definition.states]
    assert changed.steps == definition.steps
