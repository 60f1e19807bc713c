"""How a state and a move of a workflow are written as TOML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.flows.definition import GuardUse, ReasonCode, State
from app.flows.editing import raw_guards, raw_words, to_toml

NEXT_KEYS = ("form", "ru", "en", "button_ru", "button_en")
"""Keys of a state's next step, in the order of a file."""


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


def raw_value(value: Any) -> str:
    return raw_words(value) if isinstance(value, tuple) else to_toml(value)


def raw_sources(sources: tuple[str, ...]) -> str:
    return to_toml(sources[0]) if len(sources) == 1 else raw_words(sources)


def state_block(state: State) -> list[str]:
    rows = ["[[state]]", f"code = {to_toml(state.code)}", f"ru = {to_toml(state.ru)}", f"en = {to_toml(state.en)}"]
    for key in ("days", "by", "forms", "verdicts", "documents", "fields"):
        value = getattr(state, key)
        if value:
            rows.append(f"{key} = {raw_value(value)}")
    if state.next is not None:
        rows += ["", "[state.next]", *(f"{key} = {to_toml(getattr(state.next, key))}" for key in NEXT_KEYS)]
    return rows


def move_block(move: Move) -> list[str]:
    return ["[[transition]]", *(f"{key} = {raw}" for key, raw in move_keys(move).items() if raw is not None)]


def move_keys(move: Move) -> dict[str, str | None]:
    """Each key of a move's table as it is written; None where the table does without it."""
    reasons = ", ".join(
        f"{{ code = {to_toml(one.code)}, ru = {to_toml(one.ru)}, en = {to_toml(one.en)}"
        f"{', needs_text = true' if one.needs_text else ''} }}"
        for one in move.reasons
    )
    texts = {key: to_toml(getattr(move, key)) for key in ("ru", "en", "done_ru", "done_en", "permission")}
    return {
        "trigger": to_toml(move.trigger),
        "source": raw_sources(move.sources),
        "dest": to_toml(move.dest),
        **texts,
        "roles": raw_words(move.roles) if move.roles else None,
        "guards": raw_guards(move.guards),
        "reason": None if move.reason == "optional" else to_toml(move.reason),
        "reasons": f"[{reasons}]" if reasons else None,
        "is_side": "true" if move.is_side else None,
    }
