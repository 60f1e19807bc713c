"""The signs of a case: a flag's frozen findings, parted and put into the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app import auth
from app.admin import low_results, sentences_en, words
from app.models import Case, Flag
from app.terms import CaseKind, DetectorName, FindingLevel, Mechanism


def of(case: Case) -> dict[str, Any]:
    flags = (
        auth.db().scalars(select(Flag).where(Flag.case_id == case.id).order_by(Flag.year.desc(), Flag.id.desc())).all()
    )
    return {
        "flags": flags,
        "evidence": [evidence_of(flag) for flag in flags],
        "low": low_results.of_case(case) if case.kind is CaseKind.LOW_RESULTS else [],
    }


def evidence_of(flag: Flag) -> dict[str, Any]:
    """A flag's frozen findings, parted into signs, oddities beside them, clean answers and what was not assessed."""
    findings = flag.frozen.get("findings", [])
    signs = [f for f in findings if f.get("sign")]
    notes = [f for f in findings if f.get("note") and f.get("outcome") == "assessed"]
    others = [f for f in findings if not f.get("sign") and not f.get("note") and f.get("outcome") == "assessed"]
    silent = [f for f in findings if not f.get("sign") and f.get("outcome") != "assessed"]
    return {
        "flag": flag,
        "signs": signs,
        "notes": notes,
        "others": others,
        "silent": silent,
        "frozen": flag.frozen,
        "resembles": _mechanism(flag.frozen.get("summary", {}).get("resembles")),
    }


def _mechanism(code: str | None) -> str | None:
    """What the signs resemble most, in words; none for flags older than this likeness."""
    return words.title(Mechanism(code)) if code in set(Mechanism) else None


def facts_of(finding: Any, frozen: dict[str, Any]) -> list[tuple[str, str]]:
    """The numbers behind a sign, with what they were computed by."""
    unit = finding["effect_unit"]
    size = words.effect(finding["effect"], unit)
    between = words.interval(finding["effect_low"], finding["effect_high"], unit)
    if between:
        size = _("%(size)s (95 %% ДИ %(interval)s)", size=size, interval=between).replace(" ", words.NBSP)
    found = [
        (_("работ"), words.number(finding["n"])),
        (_("отклонение"), size),
        ("p", words.p_value(finding["p_value"])),
        ("q", words.p_value(finding["q_value"])),
        (_("сравнение"), reference(finding.get("reference"))),
        (_("проверка"), f"{finding['detector']} {finding.get('version') or ''}".strip()),
        (_("параметры"), str(frozen.get("parameters_version") or "—")),
    ]
    try:
        level = words.title(FindingLevel(finding.get("level", "")))
    except ValueError:
        return found
    return [*found, (_("надёжность"), level)]


REFERENCES = {"регион": _l("регион"), "контрольная выборка": _l("контрольная выборка")}
"""What findings are compared with, as they are kept → as the reader sees it."""

WORKPLACES = {"методическая служба": _l("методическая служба")}
"""Workplaces that are no school's name."""


def reference(kept: Any) -> str:
    return str(REFERENCES.get(str(kept), kept)) if kept else "—"


def workplace(kept: str | None) -> str:
    return str(WORKPLACES.get(kept, kept)) if kept else "—"


def detector_title(name: str, frozen_title: str | None = None) -> str:
    if words.locale() == "ru" and frozen_title:
        return frozen_title
    try:
        return words.title(DetectorName(name))
    except ValueError:
        return frozen_title or name


def sentence(finding: Any) -> str:
    """What a finding says in the reader's language.

    Findings are frozen with their Russian sentence; in English the numbers are put into words anew. Works on a frozen
    finding (mapping) and on a row alike.
    """
    told = finding if isinstance(finding, Mapping) else vars(finding)
    russian = told.get("sentence") or told.get("reason") or "—"
    if words.locale() == "ru":
        return str(russian)
    anew = sentences_en.of(told)
    if anew is not None:
        return anew
    if told.get("effect") is None:
        return f"Not assessed (in Russian: {russian})"
    unit = told.get("effect_unit")
    size = words.effect(told["effect"], unit)
    between = words.interval(told.get("effect_low"), told.get("effect_high"), unit)
    return (
        f"Deviation {size}" + (f" (95 % CI {between})" if between else "") + f" over {words.number(told['n'])} works."
    )
