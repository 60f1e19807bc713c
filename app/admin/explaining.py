"""«Что могло бы это объяснить»: the sentence of a detector and what is known of the school. Shown, never applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask_babel import gettext as _

from app import datafiles
from app.admin import words
from app.errors import Misconfigured
from app.models import School
from app.terms import DetectorName, SchoolKind
from app.workflows.raising import school_facts

ALPHA = 0.05
"""An outside examination that differs with a p above this is told as agreeing."""


@dataclass(frozen=True)
class ContextFact:
    """One thing known of the school; `matters` when it alone may explain a sign of this kind."""

    label: str
    value: str
    matters: bool = False


@dataclass(frozen=True)
class Known:
    """What the facts are told from: the school as frozen or as it is, the finding, the school's other findings."""

    school: Mapping[str, Any]
    finding: Mapping[str, Any]
    findings: Iterable[Mapping[str, Any]]

    @property
    def context(self) -> Mapping[str, Any]:
        return self.school.get("context") or {}


@cache
def _settings() -> Mapping[str, Any]:
    path = datafiles.DATA_DIR / "school_context.toml"
    body = datafiles.load(path, keys={"default", "detector", "matters"}).body
    datafiles.require_keys(
        body["matters"], {"kind", "works_below", "indepth", "adapted"}, where=f"{path.name} [matters]"
    )
    unknown = {name for names in (body["default"], *body["detector"].values()) for name in names} - FACTS.keys()
    if unknown:
        raise Misconfigured(f"{path.name}: неизвестные сведения: {', '.join(sorted(unknown))}")
    return body


@cache
def _explanations() -> Mapping[str, Any]:
    names = frozenset(member.value for member in DetectorName)
    return datafiles.load(datafiles.DATA_DIR / "explanations.toml", keys=names).body


def explanation(finding: Any) -> str:
    """What would explain a sign away, in the reader's language: as frozen with a flag, else as the data file says."""
    told = finding if isinstance(finding, Mapping) else vars(finding)
    english = words.locale() == "en"
    frozen = told.get("explains_away_en" if english else "explains_away")
    if frozen is not None:
        return str(frozen)
    return str(_explanations().get(told.get("detector", ""), {}).get("en" if english else "ru", ""))


def context_facts(
    finding: Any, frozen: Mapping[str, Any] | None, school: School | None, findings: Iterable[Any] = ()
) -> list[ContextFact]:
    """What is known of the school and bears on this detector.

    Parameters
    ----------
    finding : Finding or mapping
    frozen : mapping, optional
        The flag's frozen record; what it froze of the school goes before what the register says now.
    school : School, optional
    findings : iterable of Finding or mapping
        All findings of the school in the run, for what an outside examination says.
    """
    facts = (frozen or {}).get("school") or (school_facts(school) if school is not None else {})
    told = _mapping(finding)
    known = Known(facts, told, [_mapping(other) for other in (frozen or {}).get("findings", findings)])
    names = _settings()["detector"].get(told.get("detector"), _settings()["default"])
    return [fact for name in names if (fact := FACTS[name](known)) is not None]


def _mapping(finding: Any) -> Mapping[str, Any]:
    return finding if isinstance(finding, Mapping) else vars(finding)


def _kind(known: Known) -> ContextFact | None:
    kind = known.school.get("kind")
    title = kind_title(kind)
    return ContextFact(_("вид"), title, kind in _settings()["matters"]["kind"]) if kind else _missing(_("вид"))


def kind_title(kind: str | None) -> str:
    """Kind of school in words; a kind without a title as it is kept."""
    if not kind:
        return "—"
    return words.title(SchoolKind(kind)) if kind in set(SchoolKind) else kind


def _indepth(known: Known) -> ContextFact:
    label, kept = _("углублённое изучение"), known.context.get("indepth")
    if kept is None:
        return _missing(label)
    return ContextFact(label, _("да") if kept else _("нет"), bool(kept) and _settings()["matters"]["indepth"])


def _adapted(known: Known) -> ContextFact | None:
    """Pupils with special needs; said only where the form says there are some."""
    if not (known.context.get("adapted") or known.context.get("adapted_only")):
        return None
    return ContextFact(_("адаптированные программы"), _("есть"), _settings()["matters"]["adapted"])


def _pupils(known: Known) -> ContextFact | None:
    pupils = known.context.get("pupils")
    return ContextFact(_("учеников"), words.number(pupils)) if isinstance(pupils, int | float) else None


def _settlement(known: Known) -> ContextFact:
    settlement = known.school.get("settlement")
    return ContextFact(_("поселение"), str(settlement)) if settlement else _missing(_("поселение"))


def _settlement_size(known: Known) -> ContextFact | None:
    size = known.context.get("size_title")
    return ContextFact(_("размер поселения"), str(size)) if size else None


def _works(known: Known) -> ContextFact | None:
    n = known.finding.get("n")
    if n is None:
        return None
    return ContextFact(_("работ"), words.number(n), n < _settings()["matters"]["works_below"])


def _exam(known: Known) -> ContextFact:
    """What an outside examination says, where it was loaded and could be compared."""
    label = _("внешний экзамен")
    p = [
        other["p_value"]
        for other in known.findings
        if other.get("detector") == "external_gap" and other.get("p_value") is not None
    ]
    if not p:
        return _missing(label)
    if min(p) > ALPHA:
        return ContextFact(label, _("согласуется с результатами ВПР"), matters=True)
    return ContextFact(label, _("расходится с результатами ВПР"))


def _missing(label: str) -> ContextFact:
    return ContextFact(label, _("нет данных"))


FACTS: dict[str, Callable[[Known], ContextFact | None]] = {
    "works": _works,
    "kind": _kind,
    "indepth": _indepth,
    "adapted": _adapted,
    "pupils": _pupils,
    "settlement": _settlement,
    "settlement_size": _settlement_size,
    "exam": _exam,
}
"""Names in ``app/data/school_context.toml`` → what they tell."""
