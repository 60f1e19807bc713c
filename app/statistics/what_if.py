"""What other limits would bring, before anything is flagged: cases, expected false flags, predictive value, days.

The tiers come from the one rule (`app.detectors.combination.tiers`), asked again on the figures kept with a run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import datafiles
from app.errors import Misconfigured, Reason, Refused
from app.terms import Tier

if TYPE_CHECKING:
    from app.detectors.judged import Judged
    from app.detectors.params import CombinationParams, TierParams

# Detectors load pandas and scipy; they are imported where a question is asked, so that the site starts without them.


@dataclass(frozen=True)
class Limit:
    """A limit with a slider: `stops` are its positions from strict to lenient."""

    name: str
    ru: str
    en: str
    help_ru: str
    help_en: str
    stops: tuple[float, ...]

    def title(self, locale: str) -> str:
        return self.en if locale == "en" else self.ru

    def help(self, locale: str) -> str:
        return self.help_en if locale == "en" else self.help_ru

    @property
    def lowest(self) -> float:
        return min(self.stops)

    @property
    def highest(self) -> float:
        return max(self.stops)


@dataclass(frozen=True)
class Assumptions:
    """What no data tell.

    The share of schools with bias (0..1), working days one case takes, and, where somebody knows it, the share of such
    schools that the rule finds (None: estimated from the run).
    """

    base_rate: float
    observer_days: float
    recheck_days: float
    power: float | None = None


@dataclass(frozen=True)
class Settings:
    """The page's data file."""

    limits: tuple[Limit, ...]
    assumptions: Assumptions
    base_rate_stops: tuple[float, ...]
    source: str
    source_en: str


@cache
def load_settings(path: Path = datafiles.DATA_DIR / "what_if.toml") -> Settings:
    """Read ``app/data/what_if.toml``; a missing or unknown key names itself."""
    file = datafiles.load(path, keys={"base_rate", "days", "limit", "source_en"})
    rate, days = file.body["base_rate"], file.body["days"]
    datafiles.require_keys(rate, {"share", "stops"}, where=f"{path.name} [base_rate]")
    datafiles.require_keys(days, {"observer", "recheck"}, where=f"{path.name} [days]")
    limits = []
    for table in file.body["limit"]:
        datafiles.require_keys(table, {f.name for f in fields(Limit)}, where=f"{path.name} [[limit]]")
        if len(table["stops"]) < 2:
            raise Misconfigured(f"{path.name} [[limit]] {table['name']}: у ползунка меньше двух положений")
        limits.append(Limit(**{**table, "stops": tuple(map(float, table["stops"]))}))
    return Settings(
        tuple(limits),
        Assumptions(float(rate["share"]), float(days["observer"]), float(days["recheck"])),
        tuple(map(float, rate["stops"])),
        file.source,
        str(file.body["source_en"]),
    )


@dataclass(frozen=True)
class Count:
    """Schools of one municipality, or of all: assessed, and by tier.

    `severe` is a part of `case`; the last two are the same at the limits of comparison.
    """

    name: str
    assessed: int
    case: int
    severe: int
    watch: int
    case_before: int
    watch_before: int


@dataclass(frozen=True)
class Outlook:
    """What the limits bring.

    Attributes
    ----------
    by_place : tuple of Count
        Municipalities in alphabetical order.
    total : Count
    false_cases, false_flags : float
        Honest schools that chance makes cases, and cases or watches: expected numbers, upper bounds.
    fpr, tpr, ppv : float or None
        Of tiers case and severe; `ppv` is None where there is no case.
    implied_rate : float or None
        Share of schools with bias that would explain the cases, where the assumed one does not reach for them.
    false_if_rate_holds : float or None
        False cases in that event, should the assumed share be right after all.
    cases : tuple of str
        Codes of the schools that would get a case, severe ones first.
    """

    by_place: tuple[Count, ...]
    total: Count
    false_cases: float
    false_flags: float
    fpr: float
    tpr: float
    ppv: float | None
    implied_rate: float | None
    false_if_rate_holds: float | None
    cases: tuple[str, ...]


def tier_params(kept: Mapping[str, Any]) -> tuple[TierParams, CombinationParams]:
    """Limits and sizes as a run or a flag keeps them (plain JSON)."""
    from app.detectors.params import CombinationParams, TierParams

    def built(cls: Any, table: Mapping[str, Any]) -> Any:
        known = {f.name for f in fields(cls)}
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in table.items() if k in known})

    return built(TierParams, kept["tiers"]), built(CombinationParams, kept["combination"])


def with_limits(limits: TierParams, moved: Mapping[str, float]) -> TierParams:
    """The same limits with some of the page's sliders moved.

    Raises
    ------
    Refused
        A limit without a slider, or a value outside 0..1.
    """
    known = {limit.name for limit in load_settings().limits}
    for name, value in moved.items():
        if name not in known or not 0 < value <= 1:
            raise Refused(out_of_range(name))
    changes: dict[str, Any] = dict(moved)
    return replace(limits, **changes)


def out_of_range(name: str) -> Reason:
    """Why a limit of this name cannot be taken."""
    return Reason(
        "limit_out_of_range",
        f"Порог {name} нельзя принять: нужен порог с этой страницы и число больше 0 и не больше 1.",
        f"The limit {name} cannot be taken: a limit of this page and a number above 0 and up to 1 are needed.",
    )


def as_plain(limits: TierParams) -> dict[str, Any]:
    """Limits ready for JSON."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(limits).items()}


def predictive_value(base_rate: float, tpr: float, fpr: float) -> float | None:
    r"""Share of true ones among the flagged, :math:`\pi\,TPR / (\pi\,TPR + (1 - \pi)\,FPR)`; None: nothing is flagged.

    Examples
    --------
    >>> [round(predictive_value(0.05, 0.6, fpr), 2) for fpr in (0.05, 0.01, 0.001)]
    [0.39, 0.76, 0.97]
    """
    true, false = base_rate * tpr, (1 - base_rate) * fpr
    return true / (true + false) if true + false > 0 else None


def chance(judged: Judged, limits: TierParams, sizes: CombinationParams) -> tuple[float, float]:
    r"""Probability that chance makes an honest school a case, and that it makes it a case or a watch: upper bounds.

    Parameters
    ----------
    judged : Judged
    limits : TierParams
    sizes : CombinationParams

    Returns
    -------
    case, any_tier : float
        Means over the assessed schools.

    Notes
    -----
    Under the empirical null an honest school's p is uniform. A limit :math:`q` on m schools of which R pass is the
    limit :math:`p \le q \max(R, 1) / m` (Benjamini and Hochberg's step), so it is passed by chance with that
    probability; k papers pass :math:`p \le a` at least j times with the binomial tail. The ways into a tier are added
    (Bonferroni): the true rate is lower where they overlap or where two conditions are asked at once.
    """
    import numpy as np
    from scipy import special

    def step(q: Any, limit: float) -> float:
        known = int(np.isfinite(q).sum())
        return limit * max(int((np.nan_to_num(q, nan=1.0) <= limit).sum()), 1) / known if known else 0.0

    assessed = judged.works >= sizes.smallest_school
    if not assessed.any():
        return 0.0, 0.0
    together = step(judged.q, limits.case_q)
    papers = np.isfinite(judged.family_paper_p).sum(axis=1)
    alone = np.zeros(len(assessed))
    for f, name in enumerate(judged.families):
        k = papers[:, f]
        if name in limits.alone_families:
            enough = k >= limits.alone_papers
            tail = special.bdtrc(limits.alone_papers - 1, np.where(enough, k, limits.alone_papers), limits.alone_p)
            alone += np.where(enough, tail, 0.0)
        if name in limits.overwhelming_families:
            alone += np.where(
                judged.works >= limits.overwhelming_works, -np.expm1(k * np.log1p(-limits.overwhelming_p)), 0
            )
    large = judged.works >= sizes.indicative_below
    case = np.where(large, np.minimum(together + alone, 1.0), 0.0)
    watched = together + sum(step(judged.family_q[:, f], limits.watch_q) for f in range(len(judged.families)))
    return float(case[assessed].mean()), float(np.minimum(watched + alone, 1.0)[assessed].mean())


def outlook(
    judged: Judged,
    limits: TierParams,
    sizes: CombinationParams,
    assumed: Assumptions,
    place_of: Mapping[str, str],
    *,
    before: TierParams,
) -> Outlook:
    r"""Ask the tier rule at `limits` and weigh its answer.

    Parameters
    ----------
    judged : Judged
    limits, before : TierParams
        The limits asked about, and those to compare with.
    sizes : CombinationParams
    assumed : Assumptions
    place_of : mapping
        School's code → name of its municipality; schools of no known municipality are left out.

    Returns
    -------
    Outlook

    Notes
    -----
    Of m schools assessed R are cases; chance (`chance`: FPR) makes :math:`F = (1 - \pi) m\,FPR` of them. The share
    found is :math:`TPR = (R - F) / (\pi m)`, at most 1, unless `assumed.power` tells it; then the predictive value is
    :math:`1 - F / R`. Where :math:`R - F` exceeds :math:`\pi m\,TPR`, either the share is larger,
    :math:`(R - F) / (m\,TPR)`, or the rule marks honest schools more often than chance: :math:`R - \pi m\,TPR` of them.
    """
    now, _ = judged.tiers(limits, sizes)
    then, _ = judged.tiers(before, sizes)
    places: dict[str, list[int]] = {}
    for i, code in enumerate(judged.schools):
        if str(code) in place_of:
            places.setdefault(place_of[str(code)], []).append(i)
    by_place = tuple(_count(name, now[rows], then[rows]) for name, rows in sorted(places.items()))
    everywhere = [i for rows in places.values() for i in rows]
    total = _count("", now[everywhere], then[everywhere])
    m, found = total.assessed, total.case
    fpr, any_rate = chance(judged, limits, sizes)
    honest, biased = (1 - assumed.base_rate) * m, assumed.base_rate * m
    false = min(honest * fpr, float(found))
    true = found - false
    tpr = assumed.power if assumed.power is not None else min(true / biased, 1.0) if biased > 0 else 0.0
    # Half a school more than expected is no surprise.
    is_exceeded = true > biased * tpr + 0.5 and tpr > 0
    codes = [str(code) for tier in (Tier.SEVERE, Tier.CASE) for code in judged.schools[now == tier.value]]
    return Outlook(
        by_place,
        total,
        false,
        min(honest * any_rate, float(found + total.watch)),
        fpr,
        tpr,
        predictive_value(assumed.base_rate, tpr, fpr) if found else None,
        min(true / (m * tpr), 1.0) if is_exceeded else None,
        found - biased * tpr if is_exceeded else None,
        tuple(code for code in codes if code in place_of),
    )


def _count(name: str, now: Any, then: Any) -> Count:
    def of(tiers: Any, *wanted: Tier) -> int:
        return sum(int((tiers == tier.value).sum()) for tier in wanted)

    return Count(
        name,
        len(now) - of(now, Tier.TOO_SMALL),
        of(now, Tier.CASE, Tier.SEVERE),
        of(now, Tier.SEVERE),
        of(now, Tier.WATCH),
        of(then, Tier.CASE, Tier.SEVERE),
        of(then, Tier.WATCH),
    )


ACCURACY = datafiles.DATA_DIR.parents[1] / "docs" / "accuracy.json"


def measured_power(version: str, path: Path = ACCURACY) -> float | None:
    """Share of schools manipulating at medium strength that cases find at the shipped limits, 0..1.

    As the accuracy benchmark has written it down for parameters of this `version`; None where it has not.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        found = kept["ranking"]["own"]["medium"]["school"]["tiers"]["found"]
        is_of_version = str(kept["params"]) == version
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return float(found) if is_of_version and isinstance(found, int | float) and 0 <= found <= 1 else None
