"""A real region's works as base: read once, described as papers, and planted with manipulations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from app.detectors import PaperSpec
from app.detectors.contamination import MANIPULATIONS, contaminate_by_all
from app.errors import Reason, Refused
from app.frames import item_columns
from app.ingest import load_scales, read_file

FILES = {
    "spring_2021": ("vpr2021_ma4.xlsx", "vpr2021_ma5.xlsx"),
    "autumn_2020": ("vpr2020_ma4.xlsx", "vpr2020_ru4.xlsx"),
    "spring_2022": ("vpr2022_ma4.xlsx",),
}
"""Sittings whose works serve as base; papers of one sitting are screened together."""
SEVERAL = "several"
"""Label of schools that use two or three manipulations at once."""
SMALLEST_BASE = 30
"""Schools with ten works or more that a sitting needs to serve as base."""


@dataclass(frozen=True)
class RealBase:
    """Works of one sitting, as `screen` takes them, and why they cannot serve as base (empty: they can)."""

    name: str
    works: pd.DataFrame
    papers: tuple[PaperSpec, ...]
    reason: str = ""


def read_base(folder: Path, name: str, cache: Path | None = None) -> RealBase:
    """Works and papers of one sitting; files that are absent are left out, with the reason if none is left."""
    if not folder.is_dir():
        raise Refused(
            Reason(
                "no_folder",
                f"Папки с файлами региона нет: {folder}. Укажите её в --real или запустите без этого параметра.",
                f"There is no folder {folder}. Name it in --real or run without it.",
            )
        )
    parts = [_read(folder / file, cache) for file in FILES[name] if (folder / file).is_file()]
    if not parts:
        return RealBase(name, pd.DataFrame(), (), f"нет файлов {', '.join(FILES[name])}")
    works = pd.concat(parts, ignore_index=True)
    papers = tuple(_paper(own) for _, own in works.groupby(["year", "subject", "grade"], sort=True))
    cut = [paper for paper in papers if paper.mark_from is None]
    if cut:
        return RealBase(name, works, papers, f"нет официальных границ отметок: {cut[0].subject} {cut[0].grade}")
    large = int((works["school"].value_counts() >= 10).sum())
    reason = f"школ с 10 работами и больше {large}, нужно {SMALLEST_BASE}" if large < SMALLEST_BASE else ""
    return RealBase(name, works, papers, reason)


def _read(path: Path, cache: Path | None) -> pd.DataFrame:
    kept = None
    if cache is not None:
        stat = path.stat()
        key = sha256(f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:16]
        kept = cache / f"{path.stem}-{key}.parquet"
        if kept.is_file():
            return pd.read_parquet(kept)
    frame = read_file(path).frame
    # Rows that are not read with the same columns (a layout without variants, say) still stand together.
    names = ["year", "subject", "grade", "school", "class", "participant", "variant", "journal_mark", "score"]
    frame = frame[[*(n for n in names if n in frame), *item_columns(frame.columns)]]
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(kept)
    return frame


def _paper(works: pd.DataFrame) -> PaperSpec:
    year, subject, grade = int(works["year"].iloc[0]), str(works["subject"].iloc[0]), int(works["grade"].iloc[0])
    scale = load_scales().get(year, subject, grade)
    items = [name for name in item_columns(works.columns) if works[name].notna().any()]
    observed = tuple(int(works[name].max()) for name in items)
    limits = tuple(scale.item_max) if scale is not None and scale.item_max is not None else observed
    return PaperSpec(year, subject, grade, limits, scale.mark_from if scale is not None else None)


def plant(
    base: RealBase, seed: Sequence[int], strength: float, share: float, manner: str = "own"
) -> tuple[pd.DataFrame, pd.Series]:
    """Works after planting, and the label of each planted school in which at least one work was changed."""
    rng = np.random.default_rng(list(seed))
    size = base.works["school"].value_counts().sort_index()
    size = size[size >= 10]
    chosen = rng.choice(size.index.to_numpy(dtype=object), max(1, round(share * len(size))), replace=False)
    chosen = chosen[np.argsort(size.loc[chosen].to_numpy(), kind="stable")]
    labels = [*MANIPULATIONS, SEVERAL]
    deck = np.concatenate([rng.permutation(labels) for _ in range(-(-len(chosen) // len(labels)))])[: len(chosen)]
    used = {
        school: (str(label),)
        if label != SEVERAL
        else tuple(str(kind) for kind in rng.choice(MANIPULATIONS, rng.integers(2, 4), replace=False))
        for school, label in zip(chosen, deck, strict=True)
    }
    parts = []
    changed: set[str] = set()
    for paper in base.papers:
        here = (base.works["subject"] == paper.subject) & (base.works["grade"] == paper.grade)
        works = base.works[here].reset_index(drop=True)
        for kinds in dict.fromkeys(used.values()):
            schools = [school for school, own in used.items() if own == kinds]
            rows = works["school"].isin(schools).to_numpy()
            works, count = contaminate_by_all(rng, works, paper, kinds, strength, rows, manner=manner)
            changed |= count.keys()
        parts.append(works)
    bent = [str(school) in changed for school in chosen]
    return pd.concat(parts, ignore_index=True), pd.Series(deck, index=chosen)[bent]
