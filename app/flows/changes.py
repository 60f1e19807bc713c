"""Changes of a workflow: a state or a move is added, changed or removed in its text; comments and order stay.

The one way for forms and the command line. Each function reads back what it has written, so that a text in an unusual
form is refused and never half changed. Whether the workflow makes sense afterwards is for `app.flows.check` to say.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.errors import Reason, Refused
from app.flows.definition import CLOSED, GuardUse, NextStep, ReasonCode, State
from app.flows.editing import given, raw_guards, raw_words, to_toml, with_raw, without_key
from app.flows.lines import blocks, lines
from app.flows.reading import sketch
from app.flows.shape import CODE, Shape

_NEXT = ("form", "ru", "en", "button_ru", "button_en")


@dataclass(frozen=True)
class Move:
    """One ``[[transition]]`` of a file: a way from one state or from several, otherwise like `Step`."""

    trigger: str
    sources: tuple[str, ...]
    dest: str
    ru: str
    en: str
    done_ru: str
    done_en: str
    permission: str
    roles: tuple[str, ...] = ()
    guards: tuple[GuardUse, ...] = ()
    reason: str = "optional"
    reasons: tuple[ReasonCode, ...] = ()
    is_side: bool = False


def states_of(text: str) -> tuple[State, ...]:
    """The states of a text that reads, in its order, whatever else is wrong with it; empty when it does not read."""
    definition = sketch(text)
    return () if definition is None else definition.states


def moves_of(text: str) -> tuple[Move, ...]:
    """The moves of a text that reads, one a table; empty when it does not read."""
    definition = sketch(text)
    if definition is None:
        return ()
    steps, found = list(definition.steps), []
    for row in tomllib.loads(text)["transition"]:
        sources = _sources(row)
        step, steps = steps[0], steps[len(sources) :]
        found.append(
            Move(
                step.trigger,
                sources,
                step.dest,
                step.ru,
                step.en,
                step.done_ru,
                step.done_en,
                step.permission,
                step.roles,
                step.guards,
                step.reason,
                step.reasons,
                step.is_side,
            )
        )
    return tuple(found)


def put_state(text: str, state: State, *, number: int | None = None, after: str | None = None) -> str:
    """The text with a state changed or added.

    Parameters
    ----------
    text : str
        A text that reads; its mistakes may be of sense only.
    state : State
        As it shall be. Another code than the state has now renames it wherever it is named.
    number : int, optional
        The state to change, from 0; none adds one.
    after : str, optional
        Behind which state a new one goes; the last place before ``closed`` without it.

    Raises
    ------
    Refused
        The code is no code or is taken, ``closed`` would change its name, or the text is written in a way that only a
        person can change.
    """
    before, moves, initial = states_of(text), moves_of(text), _initial(text)
    was = None if number is None else _at(before, number)
    others = {one.code for place, one in enumerate(before) if place != number}
    _refuse_code(state.code, others, "state")
    if was is not None and CLOSED in (was.code, state.code) and was.code != state.code:
        raise Refused(
            Reason(
                "closed_keeps_its_name",
                "Состояние «closed» завершает каждый ход дела и не переименовывается.",
                "State “closed” ends every workflow and keeps its name.",
            )
        )
    if was is None:
        codes = [one.code for one in before]
        place = codes.index(after) + 1 if after in codes else codes.index(CLOSED) if CLOSED in codes else len(codes)
        text = _with_block(text, "state", place, _state_block(state))
        return _read_back(text, (*before[:place], state, *before[place:]), moves, initial)
    assert number is not None
    named = {"code": state.code, "ru": state.ru, "en": state.en, "days": state.days, "by": state.by}
    listed = {
        "forms": state.forms, "verdicts": state.verdicts, "documents": state.documents, "fields": state.fields,
    }  # fmt: skip
    for key, value in (*named.items(), *listed.items()):
        if (value or None) != (getattr(was, key) or None):
            is_left_out = not value and key not in ("ru", "en")
            text = _with(text, "state", number, key, None if is_left_out else _raw(value))
    if state.next != was.next:
        text = _with_next(text, number, state.next)
    if state.code != was.code:
        text, moves = _renamed(text, moves, was.code, state.code)
        if initial == was.code:
            text, initial = _with(text, "", 0, "initial", _raw(state.code)), state.code
    return _read_back(text, (*before[:number], state, *before[number + 1 :]), moves, initial)


def remove_state(text: str, number: int) -> str:
    """The text without a state and without the ways from it and to it.

    Raises
    ------
    Refused
        It is ``closed`` or the initial one, or the text is written in a way that only a person can change.
    """
    before, moves, initial = states_of(text), moves_of(text), _initial(text)
    gone = _at(before, number)
    if gone.code == CLOSED:
        raise Refused(
            Reason("closed_stays", "Состояние «closed» есть в каждом ходе дела.", "Every workflow has state “closed”.")
        )
    is_twice = sum(one.code == gone.code for one in before) > 1
    if gone.code == initial and not is_twice:
        raise Refused(
            Reason(
                "initial_stays",
                f"С этапа «{gone.ru}» дела начинаются. Сначала сделайте начальным другой этап.",
                f"Cases begin at “{gone.en}”. Make another stage the initial one first.",
            )
        )
    kept = []
    for place in reversed(range(len(moves))):
        move = moves[place]
        sources = move.sources if is_twice else tuple(source for source in move.sources if source != gone.code)
        if not sources or (move.dest == gone.code and not is_twice):
            text = _without_block(text, "transition", place)
            continue
        if sources != move.sources:
            text = _with(text, "transition", place, "source", _raw_sources(sources))
        kept.append(replace(move, sources=sources))
    text = _without_block(text, "state", number)
    return _read_back(text, (*before[:number], *before[number + 1 :]), tuple(reversed(kept)), initial)


def make_initial(text: str, code: str) -> str:
    """The text of a workflow whose cases begin at another state."""
    states, moves = states_of(text), moves_of(text)
    return _read_back(_with(text, "", 0, "initial", _raw(code)), states, moves, code)


def put_move(text: str, move: Move, *, number: int | None = None) -> str:
    """The text with a move changed or, without a number, added at the end.

    Raises
    ------
    Refused
        The trigger is no code, it leads from nowhere, or the text is written in a way that only a person can change.
    """
    states, before, initial = states_of(text), moves_of(text), _initial(text)
    _refuse_code(move.trigger, set(), "trigger")
    if not move.sources:
        raise Refused(
            Reason("no_source", "Отметьте, с какого этапа ведёт ход.", "Tick the stage the move leads from.", "#source")
        )
    if number is None:
        text = _with_block(text, "transition", len(before), _move_block(move))
        return _read_back(text, states, (*before, move), initial)
    was = _at(before, number)
    for key, raw in _move_keys(move).items():
        if raw != _move_keys(was)[key]:
            text = _with(text, "transition", number, key, raw)
    return _read_back(text, states, (*before[:number], move, *before[number + 1 :]), initial)


def remove_move(text: str, number: int) -> str:
    """The text without a move.

    Raises
    ------
    Refused
        There is no such move, or the text is written in a way that only a person can change.
    """
    states, before, initial = states_of(text), moves_of(text), _initial(text)
    _at(before, number)
    text = _without_block(text, "transition", number)
    return _read_back(text, states, (*before[:number], *before[number + 1 :]), initial)


# ---- what stands where ----


def _initial(text: str) -> str:
    definition = sketch(text)
    if definition is None:
        raise Refused(
            Reason(
                "does_not_read",
                "В тексте черновика ошибка записи. Исправьте её в тексте, тогда снова откроются формы.",
                "The draft's text does not read. Mend it as text first.",
                "#flow-text",
            )
        )
    return str(definition.initial)


def _at(rows: Sequence[Any], number: int) -> Any:
    if not 0 <= number < len(rows):
        raise Refused(
            Reason(
                "gone",
                "Этого места в черновике уже нет. Откройте черновик заново.",
                "The draft has no such place any more. Open the draft anew.",
            )
        )
    return rows[number]


def _refuse_code(code: str, taken: set[str], kind: str) -> None:
    if not CODE.match(code):
        raise Refused(
            Reason(
                "bad_code",
                "Код: строчные латинские буквы, цифры и «_», первая — буква, не длиннее 40 знаков.",
                "A code: lower-case Latin letters, digits and “_”, a letter first, 40 characters at most.",
                "#code" if kind == "state" else "#trigger",
            )
        )
    if code in taken:
        raise Refused(
            Reason("code_taken", f"Этап с кодом «{code}» уже есть.", f"There is a stage “{code}” already.", "#code")
        )


def _sources(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row["source"],) if isinstance(row["source"], str) else tuple(row["source"])


def _read_back(text: str, states: Sequence[State], moves: Sequence[Move], initial: str) -> str:
    """The text itself, once it has been seen to say what it was meant to."""
    shape = Shape(text)
    definition = shape.definition()
    if definition is not None and shape.problems:
        raise Refused(
            *(
                Reason(p.code, f"{p.key}: {p.ru}", f"{p.key}: {p.en}", f"#{p.place[2]}" if p.place else "")
                for p in shape.problems[:10]
            )
        )
    said = None if definition is None else (definition.states, _plain(moves_of(text)), definition.initial)
    if said != (tuple(states), _plain(moves), initial):
        raise _written_otherwise()
    return text


def _plain(moves: Sequence[Move]) -> list[Move]:
    """Moves whose guards say nothing that goes without saying."""
    return [replace(move, guards=tuple(GuardUse(use.name, given(use)) for use in move.guards)) for move in moves]


def _written_otherwise() -> Refused:
    return Refused(
        Reason(
            "written_otherwise",
            "Это место черновика записано непривычно, формой его не изменить. Измените его в тексте.",
            "This place of the draft is written in an unusual way. Change it in the text.",
            "#flow-text",
        )
    )


# ---- writing ----


def _raw(value: Any) -> str:
    return raw_words(value) if isinstance(value, tuple) else to_toml(value)


def _raw_sources(sources: tuple[str, ...]) -> str:
    return to_toml(sources[0]) if len(sources) == 1 else raw_words(sources)


def _with(text: str, table: str, number: int, key: str, raw: str | None) -> str:
    if table and (table, number) not in blocks(text):
        raise _written_otherwise()
    return without_key(text, table, number, key) if raw is None else with_raw(text, table, number, key, raw)


def _renamed(text: str, moves: tuple[Move, ...], old: str, new: str) -> tuple[str, tuple[Move, ...]]:
    found = []
    for number, move in enumerate(moves):
        sources = tuple(new if source == old else source for source in move.sources)
        if sources != move.sources:
            text = _with(text, "transition", number, "source", _raw_sources(sources))
        dest = new if move.dest == old else move.dest
        if dest != move.dest:
            text = _with(text, "transition", number, "dest", _raw(dest))
        found.append(replace(move, sources=sources, dest=dest))
    return text, tuple(found)


def _with_next(text: str, number: int, step: NextStep | None) -> str:
    rows = _with(text, "state", number, "next", None).split("\n")
    start, end = blocks("\n".join(rows))["state", number]
    places = {line for (table, _n, key), line in lines("\n".join(rows)).items() if table == "state.next" and not key}
    inside = next((line - 1 for line in sorted(places) if start < line <= end), None)
    if inside is not None:
        # What was said of the next step ends where the state ends.
        tail = _blank_tail(rows, inside, end)
        rows[inside : end - tail] = []
        end -= (end - tail) - inside
    if step is not None:
        tail = _blank_tail(rows, start, end)
        said = ["[state.next]", *(f"{key} = {to_toml(getattr(step, key))}" for key in _NEXT)]
        rows[end - tail : end - tail] = said if inside is not None else ["", *said]
    return "\n".join(rows)


def _blank_tail(rows: Sequence[str], start: int, end: int) -> int:
    tail = 0
    while end - tail - 1 > start and not rows[end - tail - 1].strip():
        tail += 1
    return tail


def _with_block(text: str, table: str, number: int, block: Sequence[str]) -> str:
    """The text with a table set before the present one of that number, or behind the last."""
    rows, known = text.split("\n"), blocks(text)
    if (table, number) in known:
        place = known[table, number][0]
        rows[place:place] = [*block, ""]
    else:
        place = known[table, number - 1][1] if (table, number - 1) in known else len(rows)
        while place and not rows[place - 1].strip():
            place -= 1
        rows[place:place] = ["", *block] + ([""] if place == len(rows) else [])
    return "\n".join(rows)


def _without_block(text: str, table: str, number: int) -> str:
    rows, known = text.split("\n"), blocks(text)
    if (table, number) not in known:
        raise _written_otherwise()
    start, end = known[table, number]
    del rows[start:end]
    return "\n".join(rows)


def _state_block(state: State) -> list[str]:
    rows = ["[[state]]", f"code = {to_toml(state.code)}", f"ru = {to_toml(state.ru)}", f"en = {to_toml(state.en)}"]
    for key in ("days", "by", "forms", "verdicts", "documents", "fields"):
        value = getattr(state, key)
        if value:
            rows.append(f"{key} = {_raw(value)}")
    if state.next is not None:
        rows += ["", "[state.next]", *(f"{key} = {to_toml(getattr(state.next, key))}" for key in _NEXT)]
    return rows


def _move_block(move: Move) -> list[str]:
    return ["[[transition]]", *(f"{key} = {raw}" for key, raw in _move_keys(move).items() if raw is not None)]


def _move_keys(move: Move) -> dict[str, str | None]:
    """Each key of a move's table as it is written; None where the table does without it."""
    reasons = ", ".join(
        f"{{ code = {to_toml(one.code)}, ru = {to_toml(one.ru)}, en = {to_toml(one.en)}"
        f"{', needs_text = true' if one.needs_text else ''} }}"
        for one in move.reasons
    )
    texts = {key: to_toml(getattr(move, key)) for key in ("ru", "en", "done_ru", "done_en", "permission")}
    return {
        "trigger": to_toml(move.trigger),
        "source": _raw_sources(move.sources),
        "dest": to_toml(move.dest),
        **texts,
        "roles": raw_words(move.roles) if move.roles else None,
        "guards": raw_guards(move.guards),
        "reason": None if move.reason == "optional" else to_toml(move.reason),
        "reasons": f"[{reasons}]" if reasons else None,
        "is_side": "true" if move.is_side else None,
    }
