"""Parameters of the detectors and of the tiers: read once from ``app/data/detectors.toml``, strictly."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from app import datafiles
from app.errors import Misconfigured


@dataclass(frozen=True)
class BoundaryParams:
    below: int
    above: int
    lifted: float
    landing: tuple[float, ...]
    spread_prior: float
    smallest_n: int
    smallest_window: int
    region_share: float
    region_z: float
    model_error: float
    frandsen_k: float


@dataclass(frozen=True)
class LowestParams:
    smallest_n: int
    smallest_expected: float
    lifted: float
    landing: tuple[float, ...]


@dataclass(frozen=True)
class MeanParams:
    smallest_n: int
    weight_context: float
    huber: float
    reject: float
    municipality_schools: int
    category_schools: int
    smallest_pool: int


@dataclass(frozen=True)
class JournalParams:
    smallest_n: int
    drawn: float
    weight_raised: float
    weight_copied: float
    weight_lowered: float
    smallest_pool: int


@dataclass(frozen=True)
class ProfileParams:
    smallest_n: int
    smallest_pooled: int
    smallest_items: int
    smallest_pool: int
    weight_hard: float
    weight_open: float
    weight_item: float
    weight_profile: float


@dataclass(frozen=True)
class LandingParams:
    smallest_n: int
    smallest_landed: int
    smallest_items: int
    smallest_pool: int
    smallest_pooled: int
    smallest_information: float
    bound: float
    width: int
    steps: tuple[int, ...]


@dataclass(frozen=True)
class SimilarityParams:
    smallest_n: int
    smallest_class: int
    largest_class: int
    smallest_items: int
    smallest_pairs: int
    smallest_pool: int
    threshold: float
    close: float
    weight_pairs: float
    exchanges: int
    exchanged_classes: int
    block: int


@dataclass(frozen=True)
class HomogeneityParams:
    smallest_n: int
    smallest_pooled: int
    smallest_pool: int
    weights: tuple[float, ...]


@dataclass(frozen=True)
class TailParams:
    smallest_n: int
    smallest_pool: int
    share_mid: float
    share_high: float
    weight: float


@dataclass(frozen=True)
class SwingParams:
    smallest_n: int
    smallest_pool: int
    huber: float
    reject: float


@dataclass(frozen=True)
class GapParams:
    smallest_n: int
    smallest_pool: int
    mark_sd: float
    ege_sd: float
    reject: float
    clear_z: float
    clear_gap: float


@dataclass(frozen=True)
class ProtocolParams:
    absent_ratio: float
    smallest_absent: int
    late_iqr: float
    one_variant_n: int


@dataclass(frozen=True)
class RecurrenceParams:
    years: int
    again_years: int
    smallest_periods: int
    again_p: float


@dataclass(frozen=True)
class AbsenceParams:
    smallest_n: int
    smallest_pooled: int
    smallest_pool: int
    smallest_matched: float
    smallest_absent: int
    smallest_information: float
    attendance_spread: float
    kept: float


@dataclass(frozen=True)
class FederalParams:
    coverage: float
    k_iqr: float


@dataclass(frozen=True)
class CombinationParams:
    smallest_school: int
    indicative_below: int
    null_schools: int
    sign_rate: float
    shifts: tuple[float, ...]


@dataclass(frozen=True)
class MechanismParams:
    degrees: float
    amplitudes: tuple[float, ...]
    amplitude_shares: tuple[float, ...]
    paper_share: float
    unnamed_share: float
    unnamed_shift: float
    tempered: float
    largest_works: int
    smallest_works: int
    smallest_schools: int
    scale_bands: int
    scale_schools: int
    shrinkage: float
    held_low: float
    held_high: float
    planted_schools: int
    planted_papers: int
    planted_each: int
    planted_strength: float
    planted_from: int


@dataclass(frozen=True)
class StretchParams:
    """By how much normal values are stretched at each number of `works`, detector by detector (`stretch.stretched`)."""

    works: tuple[float, ...]
    boundary_push: tuple[float, ...]
    few_lowest: tuple[float, ...]
    contextual_mean: tuple[float, ...]
    item_profile: tuple[float, ...]
    landing_profile: tuple[float, ...]
    class_similarity: tuple[float, ...]
    homogeneity: tuple[float, ...]
    upper_tail: tuple[float, ...]
    journal_gap: tuple[float, ...]
    selective_absence: tuple[float, ...]
    year_swing: tuple[float, ...]
    external_gap: tuple[float, ...]


@dataclass(frozen=True)
class TierParams:
    watch_q: float
    case_q: float
    case_families: int
    family_sign_p: float
    alone_p: float
    alone_papers: int
    alone_pooled_p: float
    overwhelming_p: float
    overwhelming_works: int
    overwhelming_families: tuple[str, ...]
    alone_families: tuple[str, ...]
    severe_share: float
    severe_papers: int
    flagged_q: float


@dataclass(frozen=True)
class Params:
    """Everything a methodologist may change; `version` is stamped on every screening."""

    version: str
    boundary_push: BoundaryParams
    few_lowest: LowestParams
    contextual_mean: MeanParams
    journal_gap: JournalParams
    item_profile: ProfileParams
    landing_profile: LandingParams
    class_similarity: SimilarityParams
    homogeneity: HomogeneityParams
    upper_tail: TailParams
    year_swing: SwingParams
    external_gap: GapParams
    protocol: ProtocolParams
    recurrence: RecurrenceParams
    selective_absence: AbsenceParams
    federal: FederalParams
    combination: CombinationParams
    mechanisms: MechanismParams
    stretch: StretchParams
    tiers: TierParams

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


_SECTIONS: dict[str, type] = {
    "boundary_push": BoundaryParams,
    "few_lowest": LowestParams,
    "contextual_mean": MeanParams,
    "journal_gap": JournalParams,
    "item_profile": ProfileParams,
    "landing_profile": LandingParams,
    "class_similarity": SimilarityParams,
    "homogeneity": HomogeneityParams,
    "upper_tail": TailParams,
    "year_swing": SwingParams,
    "external_gap": GapParams,
    "protocol": ProtocolParams,
    "recurrence": RecurrenceParams,
    "selective_absence": AbsenceParams,
    "federal": FederalParams,
    "combination": CombinationParams,
    "mechanisms": MechanismParams,
    "stretch": StretchParams,
    "tiers": TierParams,
}


@cache
def load_params(path: Path = datafiles.DATA_DIR / "detectors.toml") -> Params:
    """Read the parameters.

    Raises
    ------
    Misconfigured
        A key is missing, unknown or of a wrong type; the message names the file and the key.
    """
    file = datafiles.load(path, keys=set(_SECTIONS))
    built: dict[str, Any] = {}
    for section, cls in _SECTIONS.items():
        table = file.body[section]
        where = f"{path.name}, [{section}]"
        datafiles.require_keys(table, {f.name for f in fields(cls)}, where=where)
        values = {}
        for field in fields(cls):
            value = table[field.name]
            values[field.name] = tuple(value) if isinstance(value, list) else value
            if str(field.type) in {"int", "float"} and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise Misconfigured(f"{where}: {field.name} должно быть числом, а там {value!r}")
        if cls is StretchParams:
            _check_stretch(values, where)
        built[section] = cls(**values)
    return Params(version=file.version, **built)


def _check_stretch(values: dict[str, Any], where: str) -> None:
    count = len(values["works"]) if isinstance(values["works"], tuple) else 0
    for name, row in values.items():
        numbers = isinstance(row, tuple) and all(
            isinstance(own, int | float) and not isinstance(own, bool) and own > 0 for own in row
        )
        if not numbers or len(row) != count or count == 0:
            raise Misconfigured(f"{where}: {name} должно быть строкой из {count or 'нескольких'} чисел больше нуля")
        if name == "works" and list(row) != sorted(set(row)):
            raise Misconfigured(f"{where}: works должны возрастать")
