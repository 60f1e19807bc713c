"""What stands beside a run's own answer: the federal list of the year and the region's index by the federal method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import words
from app.errors import NotFound, Refused
from app.models import FederalMarker, Finding, Flag, School, ScreeningRun
from app.statistics import judged_runs
from app.statistics.list_agreement import ListAgreement, list_agreement
from app.terms import Tier

SHOWN = 100
"""Silent schools of the list that are named."""


@dataclass(frozen=True)
class Index:
    """An index of objectivity, 0–100: who computes it, over how many schools, how many of them marked, its interval."""

    title: str
    value: float | None
    schools: int
    marked: int
    low: float | None = None
    high: float | None = None
    markers: tuple[tuple[str, int | None], ...] = ()


def agreement(run: ScreeningRun) -> dict[str, Any] | None:
    """The run beside the federal list of its year; None where there is no list."""
    session = auth.db()
    listed = session.scalars(
        select(School.code).where(
            School.id.in_(
                select(FederalMarker.school_id).where(
                    FederalMarker.year == run.year, FederalMarker.school_id.is_not(None)
                )
            )
        )
    ).all()
    if not listed:
        return None
    found = list_agreement(_tiers(run), listed)
    silent = session.execute(
        select(School.id, School.name).where(School.code.in_(found.silent[:SHOWN])).order_by(School.name)
    ).all()
    return {"found": found, "silent": silent, "sentence": _sentence(found)}


def _tiers(run: ScreeningRun) -> dict[str, Tier]:
    """Tier of every school of the run; of a run without kept figures by its flags and findings."""
    try:
        return {code: tier for code, (tier, _n) in judged_runs.tiers_of(auth.context().store, run).items()}
    except (Refused, NotFound):
        session = auth.db()
        seen = session.scalars(
            select(School.code).where(School.id.in_(select(Finding.school_id).where(Finding.run_id == run.id)))
        )
        flagged = session.execute(
            select(School.code, Flag.tier).join(School, School.id == Flag.school_id).where(Flag.run_id == run.id)
        )
        return {**dict.fromkeys(seen, Tier.NONE), **dict(flagged.all())}


def _sentence(found: ListAgreement) -> str:
    """Agreement in words; what it is not is said in the same breath."""
    told = [
        _(
            "Из %(listed)s школ списка дело — у %(strong)s, под наблюдением %(watch)s, без признаков %(silent)s.",
            listed=words.number(found.n_listed),
            strong=words.number(found.table.both),
            watch=words.number(found.by_tier[Tier.WATCH][0]),
            silent=words.number(found.by_tier[Tier.NONE][0]),
        )
    ]
    if found.kappa is not None:
        value, low, high = found.kappa
        told.append(
            _(
                "Согласие сверх случайного %(word)s: κ = %(value)s (95 %% ДИ %(interval)s).",
                word=_degree(value),
                value=words.number(value, 2),
                interval=words.interval(low, high, "rho"),
            )
        )
    if found.odds is not None:
        value, low, high = found.odds
        told.append(
            _(
                "Шансы оказаться в списке у школ с делом выше в %(value)s раза (95 %% ДИ %(low)s–%(high)s).",
                value=words.number(value, 1),
                low=words.number(low, 1),
                high=words.number(high, 1),
            )
            if value >= 1
            else _(
                "Шансы оказаться в списке у школ с делом ниже: отношение %(value)s (95 %% ДИ %(low)s–%(high)s).",
                value=words.number(value, 2),
                low=words.number(low, 2),
                high=words.number(high, 1),
            )
        )
    told.append(
        _(
            "Это сравнение, а не воспроизведение: список составлен по другим правилам и другим данным, и расхождение "
            "не говорит, кто ошибся."
        )
    )
    return " ".join(told)


def _degree(kappa: float) -> str:
    """Words for kappa by Landis and Koch (1977), p. 165."""
    if kappa < 0.2:
        return _("почти отсутствует")
    if kappa < 0.4:
        return _("слабое")
    if kappa < 0.6:
        return _("умеренное")
    return _("существенное") if kappa < 0.8 else _("почти полное")


def indices(run: ScreeningRun) -> list[Index]:
    """The region's index by the federal method and, where the run keeps it, the product's own."""
    year = str(run.year)
    shown = []
    for key, title in (("federal", _("По федеральной методике")), ("own_index", _("По проверкам «Объектива»"))):
        kept = (run.reference.get(key) or {}).get(year)
        if not kept or kept.get("index") is None:
            continue
        markers = tuple((_marker(name), n) for name, n in sorted((kept.get("by_marker") or {}).items()))
        between = kept.get("low"), kept.get("high")
        shown.append(Index(title, kept["index"], int(kept["schools"]), int(kept["marked"]), *between, markers))
    return shown


def _marker(name: str) -> str:
    """«mean_ma5» → «завышенный средний балл: математика, 5 класс»."""
    kind, _sep, paper = name.rpartition("_")
    titles = {
        "mean": _("высокий средний балл"),
        "journal": _("отметки выше журнала"),
        "rise": _("резкий рост"),
        "fall": _("резкое падение"),
        "oge": _("ОГЭ"),
    }
    title = titles.get(kind)
    if title is None or not paper[-1:].isdigit():
        return name
    return f"{title}: {words.paper(paper.rstrip('0123456789'), int(paper[-1]))}"
