"""Manipulations planted into a real region's works: the yardstick nearest to what a department will see.

The region's own schools are not all honest, so an area under the curve of 1 cannot be reached here; what counts is
how far planted schools rise among the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app.bench.accuracy_measures import auc
from app.detectors import PaperSpec, Screening, screen
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


def planted_on_real(
    folder: Path,
    *,
    bases: Sequence[str] = ("spring_2021",),
    replicates: int = 6,
    strength: float = 0.6,
    share: float = 0.10,
    seed: int = 2026,
    cache: Path | None = None,
    run: Callable[..., Screening] = screen,
) -> dict[str, Any]:
    """Plant every manipulation into a tenth of a real region's schools and see where `evidence` ranks them.

    Parameters
    ----------
    folder : Path
        Folder with the files of `FILES`, in any layout that ingest knows.
    bases : sequence of str
        Keys of `FILES`.
    replicates : int
        How many times schools are chosen anew.
    strength : float
        Strength of `contamination.contaminate`; 0.6 is medium.
    share : float
        Share of the schools with ten works or more that are chosen. Kinds are dealt out in turn over schools in order
        of their size, so that every kind meets small and large schools.
    seed : int
    cache : Path, optional
        Folder where the works read are kept as Parquet; a changed file is read anew.
    run : callable
        What screens; called as ``run(works, papers)``.

    Returns
    -------
    dict
        Base → ``schools`` (with ten works or more), ``planted`` (label → schools over all replicates), ``auc`` (size →
        label → area, averaged over replicates by planted schools; labels: ``mix`` for all single kinds together, the
        kinds, ``several``), ``by_replicate`` (area of the mix) and ``tiers`` (shares in *case* or *severe*); or
        ``reason`` where the base was left out. Plain values.

    Raises
    ------
    Refused
        The folder or all of its files are missing.
    """
    found: dict[str, Any] = {}
    for name in bases:
        base = read_base(folder, name, cache)
        if base.reason:
            found[name] = {"reason": base.reason}
            continue
        tables = [planted_table(base, [seed, r], strength, share, run) for r in range(replicates)]
        found[name] = _summary(tables)
    return found


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


def plant(base: RealBase, seed: Sequence[int], strength: float, share: float) -> tuple[pd.DataFrame, pd.Series]:
    """Works after planting, and the label of each planted school."""
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
    for paper in base.papers:
        here = (base.works["subject"] == paper.subject) & (base.works["grade"] == paper.grade)
        works = base.works[here].reset_index(drop=True)
        for kinds in dict.fromkeys(used.values()):
            schools = [school for school, own in used.items() if own == kinds]
            works = contaminate_by_all(rng, works, paper, kinds, strength, works["school"].isin(schools).to_numpy())
        parts.append(works)
    return pd.concat(parts, ignore_index=True), pd.Series(deck, index=chosen)


def planted_table(
    base: RealBase, seed: Sequence[int], strength: float, share: float, run: Callable[..., Screening] = screen
) -> pd.DataFrame:
    """One replicate: ``school, n`` (works a paper), ``kind`` (null: not planted), ``evidence, tier``."""
    works, labels = plant(base, seed, strength, share)
    schools = run(works, base.papers).schools
    size = works.groupby(["school", "subject", "grade"]).size().groupby("school").mean()
    schools = schools.assign(kind=schools["school"].map(labels), n=schools["school"].map(size))
    return schools.loc[schools["n"] >= 10, ["school", "n", "kind", "evidence", "tier"]].reset_index(drop=True)


def _summary(tables: list[pd.DataFrame]) -> dict[str, Any]:
    whole = pd.concat(tables)
    areas = {
        word: {label: _mean_area(tables, label, least) for label in ("mix", *MANIPULATIONS, SEVERAL)}
        for word, least in (("n ≥ 10", 10), ("n ≥ 50", 50))
    }
    flagged, planted = whole["tier"].isin(["case", "severe"]), whole["kind"].notna()
    return {
        "schools": len(tables[0]),
        "planted": {str(k): int(v) for k, v in whole["kind"].value_counts().sort_index().items()},
        "auc": areas,
        "by_replicate": [_mean_area([table], "mix", 10) for table in tables],
        "tiers": {
            "planted": float(flagged[planted].mean()),
            "planted_50": float(flagged[planted & (whole["n"] >= 50)].mean()),
            "others": float(flagged[~planted].mean()),
        },
    }


def _mean_area(tables: list[pd.DataFrame], label: str, least: int) -> float:
    areas, weights = [], []
    for table in tables:
        table = table[table["n"] >= least]
        single = table["kind"].notna() & (table["kind"] != SEVERAL)
        mine = table.loc[single if label == "mix" else table["kind"] == label, "evidence"]
        if len(mine):
            areas.append(auc(mine, table.loc[table["kind"].isna(), "evidence"]))
            weights.append(len(mine))
    return float(np.average(areas, weights=weights)) if areas else float("nan")
