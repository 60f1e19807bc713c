"""Terms and limits of side moves, from ``app/data/side_moves.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from app import datafiles
from app.errors import Reason

SHORTEST_REASON = 10
"""Letters; a shorter text explains nothing."""


@dataclass(frozen=True)
class SideRules:
    version: str
    answer_days: int
    hold_days: int
    question_days: int
    closure_years: int
    closure_smallest_n: int
    most_cases: int
    letters_minutes: int


@cache
def load_rules() -> SideRules:
    path = datafiles.DATA_DIR / "side_moves.toml"
    keys = {
        "hand_over": {"answer_days"},
        "hold": {"most_days"},
        "question": {"most_days"},
        "closure": {"years", "smallest_n"},
        "bulk": {"most_cases", "letters_minutes"},
    }
    file = datafiles.load(path, keys=set(keys))
    for table, names in keys.items():
        datafiles.require_keys(file.body[table], names, where=f"{path.name} [{table}]")
    body = file.body
    return SideRules(
        file.version,
        body["hand_over"]["answer_days"],
        body["hold"]["most_days"],
        body["question"]["most_days"],
        body["closure"]["years"],
        body["closure"]["smallest_n"],
        body["bulk"]["most_cases"],
        body["bulk"]["letters_minutes"],
    )


def reason_faults(text: str, ru: str, en: str = "Give the reason in a sentence.") -> list[Reason]:
    """What is wrong with a reason: `ru` says what to write when it is too short."""
    return [] if len(text.strip()) >= SHORTEST_REASON else [Reason("no_reason", ru, en)]
