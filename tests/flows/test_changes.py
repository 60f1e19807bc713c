"""A state or a move is added, changed or removed in a text, and everything else in it stays as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import Refused
from app.flows import FOLDER, GuardUse, NextStep, ReasonCode, State, check, shipped
from app.flows.changes import (
    Move,
    make_initial,
    moves_of,
    put_move,
    put_state,
    remove_move,
    remove_state,
    states_of,
)
from app.flows.diagram import svg
from app.flows.shape import Shape
from app.flows.vocabulary import FORMS, GUARDS, PERMISSIONS
from app.terms import DocumentKind, Role, Verdict
from app.workflows.definitions import ROLE_GRANTS

TEXT = (FOLDER / "objectivity.toml").read_text(encoding="utf-8")

codes = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
titles = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).map(str.strip).filter(bool)


def some(words: Any) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(sorted(words)), unique=True, max_size=3).map(tuple)


next_steps = st.builds(NextStep, st.sampled_from(sorted(FORMS)), titles, titles, titles, titles)
states = st.builds(
    State, codes, titles, titles, st.none() | st.integers(1, 400), st.none() | st.just("02-04"), some(FORMS),
    some(map(str, Verdict)), some(map(str, DocumentKind)), some(["curator"]), st.none() | next_steps,
)  # fmt: skip


@st.composite
def uses(draw: st.DrawFn) -> GuardUse:
    spec = draw(st.sampled_from(list(GUARDS.values())))
    params = {
        param.name: draw(st.sampled_from(param.words) if param.words else st.integers(param.low, param.high))
        for param in spec.params
    }
    return GuardUse(spec.name, {name: value for name, value in params.items() if value != spec.values({})[name]})


reasons = st.builds(ReasonCode, codes, titles, titles, st.booleans())
moves = st.builds(
    Move, codes, st.lists(codes, min_size=1, max_size=3, unique=True).map(tuple), codes, titles, titles, titles, titles,
    st.sampled_from(sorted(PERMISSIONS)), some(map(str, Role)), st.lists(uses(), max_size=3).map(tuple),
    st.sampled_from(["none", "optional", "required"]), st.lists(reasons, max_size=2).map(tuple), st.booleans(),
)  # fmt: skip


class Drawn:
    """A workflow as a model of plain lists, changed beside the text."""

    def __init__(self, text: str) -> None:
        self.states, self.moves = list(states_of(text)), list(moves_of(text))
        definition = Shape(text).definition()
        assert definition is not None
        self.initial = definition.initial

    def rename(self, old: str, new: str) -> None:
        swap = {old: new}
        self.initial = swap.get(self.initial, self.initial)
        self.moves = [
            replace(m, sources=tuple(swap.get(s, s) for s in m.sources), dest=swap.get(m.dest, m.dest))
            for m in self.moves
        ]

    def forget(self, code: str) -> None:
        self.states = [state for state in self.states if state.code != code]
        left = [replace(m, sources=tuple(s for s in m.sources if s != code)) for m in self.moves if m.dest != code]
        self.moves = [move for move in left if move.sources]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(shipped())), st.data())
def test_any_changes_do_to_the_text_what_they_do_to_the_workflow(name: str, data: st.DataObject) -> None:
    text = "# Наш порядок.\n" + shipped()[name][1].replace("[[state]]", "\n# Этап.\n[[state]]", 1)
    drawn = Drawn(text)
    for _ in range(data.draw(st.integers(1, 6))):
        before = text
        match data.draw(
            st.sampled_from(["add", "change", "remove", "begin", "add_move", "change_move", "remove_move"])
        ):
            case "add":
                state = data.draw(states)
                if state.code in {one.code for one in drawn.states}:
                    continue
                place = data.draw(st.integers(0, len(drawn.states) - 1))
                text = put_state(text, state, after=drawn.states[place].code)
                drawn.states.insert(place + 1, state)
            case "change":
                number = data.draw(st.integers(0, len(drawn.states) - 1))
                was, state = drawn.states[number], data.draw(states)
                if was.code == "closed" or state.code in {one.code for one in drawn.states} - {was.code}:
                    state = replace(state, code=was.code)
                text = put_state(text, state, number=number)
                drawn.states[number] = state
                drawn.rename(was.code, state.code)
            case "remove":
                number = data.draw(st.integers(0, len(drawn.states) - 1))
                code = drawn.states[number].code
                left = [m for m in drawn.moves if m.dest != code and set(m.sources) != {code}]
                if code in ("closed", drawn.initial) or not left:
                    with pytest.raises(Refused):
                        remove_state(text, number)
                    continue
                text = remove_state(text, number)
                drawn.forget(code)
            case "begin":
                drawn.initial = data.draw(st.sampled_from(drawn.states)).code
                text = make_initial(text, drawn.initial)
            case "add_move":
                move = data.draw(moves)
                text = put_move(text, move)
                drawn.moves.append(move)
            case "change_move":
                number, move = data.draw(st.integers(0, len(drawn.moves) - 1)), data.draw(moves)
                text = put_move(text, move, number=number)
                drawn.moves[number] = move
            case "remove_move" if len(drawn.moves) > 1:
                number = data.draw(st.integers(0, len(drawn.moves) - 1))
                text = remove_move(text, number)
                del drawn.moves[number]
        fresh = Drawn(text)
        assert (fresh.states, fresh.initial) == (drawn.states, drawn.initial), before
        assert fresh.moves == drawn.moves, before
    assert "# Наш порядок." in text
    definition = Shape(text).definition()
    assert definition is not None
    assert svg(definition).count('class="flow-box') == len(definition.states)
    assert all(problem.ru and problem.en and problem.key for problem in check(text, grants=ROLE_GRANTS))


def test_what_is_put_back_is_the_very_same_text() -> None:
    """A stage added and removed, and one renamed there and back, leave no trace."""
    extra = State("visit", "Выезд", "Visit", 5, forms=("order",), next=NextStep("order", "a", "b", "c", "d"))
    added = put_state(TEXT, extra, after="interview")
    assert [state.code for state in states_of(added)][1:3] == ["interview", "visit"]

    assert remove_state(added, 2) == TEXT

    renamed = put_state(TEXT, replace(states_of(TEXT)[3], code="seen"), number=3)
    assert 'dest = "seen"' in renamed
    assert '"curator_assigned", "seen", "rechecked"]' in renamed
    assert put_state(renamed, states_of(TEXT)[3], number=3) == TEXT


def test_a_removed_stage_takes_its_ways_along_and_the_checker_says_what_is_cut_off() -> None:
    text = remove_state(TEXT, 3)  # observed

    assert all("observed" not in (*move.sources, move.dest) for move in moves_of(text))
    found = {(problem.code, problem.key) for problem in check(text, grants=ROLE_GRANTS)}
    assert ("unreachable", "state «rechecked»") in found


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda: remove_state(TEXT, 5), "closed_stays"),
        (lambda: remove_state(TEXT, 0), "initial_stays"),
        (lambda: remove_state(TEXT, 6), "gone"),
        (lambda: remove_move(TEXT, 10), "gone"),
        (lambda: put_state(TEXT, replace(states_of(TEXT)[5], code="ended"), number=5), "closed_keeps_its_name"),
        (lambda: put_state(TEXT, replace(states_of(TEXT)[2], code="observed"), number=2), "code_taken"),
        (lambda: put_state(TEXT, State("Этап", "Этап", "Stage", 5)), "bad_code"),
        (lambda: put_state(TEXT, State("visit", "", "Visit", 5)), "wrong_value"),
        (lambda: put_state(TEXT, State("visit", "Выезд", "Visit", 500)), "wrong_value"),
        (lambda: put_move(TEXT, replace(moves_of(TEXT)[0], sources=())), "no_source"),
        (lambda: put_state("id = ", State("visit", "Выезд", "Visit", 5)), "does_not_read"),
        (lambda: put_state(TEXT.replace('ru = "Признаки"', '"ru" = "Признаки"'),
                           replace(states_of(TEXT)[0], ru="Знаки"), number=0), "written_otherwise"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_made_is_refused_in_words(change: Any, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        change()

    assert refusal.value.reasons[0].code == code
    assert all(reason.ru and reason.en for reason in refusal.value.reasons)


def test_guards_written_over_several_lines_are_replaced_whole() -> None:
    text = TEXT.replace('guards = ["act"]', 'guards = [\n  "act",  # one is enough\n  "clean",\n]', 1)
    move = moves_of(text)[2]

    changed = put_move(text, replace(move, guards=(GuardUse("act", {"acts": 3}),)), number=2)

    assert [(use.name, dict(use.params)) for use in moves_of(changed)[2].guards] == [("act", {"acts": 3})]
    assert "one is enough" not in changed


def test_the_only_moves_to_a_removed_stage_may_not_leave_the_workflow_without_any() -> None:
    text = TEXT
    while len(moves_of(text)) > 1:
        text = remove_move(text, 1)

    with pytest.raises(Refused, match="transition"):
        remove_move(text, 0)
