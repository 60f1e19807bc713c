"""The fast forms against the peer: equal p-values, and how much faster a whole paper is than its schools one by one.

The peer runs on every so-many-th school and class — on all of them where the bench says every first —, and on the copy
of some works with mechanisms planted in them that the battery judges too. What of a group is left out is counted as
often as there are groups.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import special

from app.bench import speed_peer as peer
from app.bench.big_region import BigRegion
from app.bench.speed_compare_schools import PlainCombination, PlainSchools
from app.bench.speed_compare_shapes import PlainMechanisms, PlainShapes, See
from app.detectors import WorkFiles, load_params, screen
from app.detectors.boundary_push import lifting, push_test
from app.detectors.class_similarity import residuals_of
from app.detectors.federal import spearman
from app.detectors.few_lowest import few_lowest, lifting_twos
from app.detectors.item_profile import covariance_by_score, given_total
from app.detectors.item_sums import leave_one_out_residuals
from app.detectors.journal_gap import copy_test, drawn_to_journal, given_score
from app.detectors.pair_sums import PairRuns, exchanged
from app.detectors.paper_detectors import run_on_paper
from app.detectors.planting import choose, papers_to_plant, planted_works
from app.detectors.summaries import PaperResults
from app.detectors.tables import PaperTable, build_tables
from app.detectors.works_read import WorksRead
from app.terms import SHOWN_FAMILIES

# How often the battery itself fits each of them: robust pools are weighted anew, references sharpened, and the smooth
# curve and the spread of scores have tilts of their own.
_TILTS, _JOURNALS, _POOLS = 5, 4, 2


@dataclass
class Comparison:
    """Largest differences of p by statistic, and the peer's time for all groups, in seconds."""

    differences: dict[str, float] = field(default_factory=dict)
    peer_seconds: float = 0.0

    def see(self, name: str, fast: np.ndarray, plain: list[float]) -> None:
        gap = float(np.max(np.abs(np.asarray(fast) - np.asarray(plain)), initial=0.0))
        if not np.isfinite(gap):
            gap = float("inf")
        self.differences[name] = max(self.differences.get(name, 0.0), gap)


def compare(region: BigRegion, *, every: int, seed: int) -> Comparison:
    """Run the peer on every so-many-th school of each paper.

    Parameters
    ----------
    region : BigRegion
    every : int
        One school (class) in this many is computed by the peer.
    seed : int
        Of the exchanges between classes.

    Returns
    -------
    Comparison
    """
    found = Comparison()
    params = load_params()
    done: list[PaperResults] = []

    def judge(table: PaperTable, read: WorksRead) -> None:
        design = np.zeros((len(table.schools), 0))
        done.append(run_on_paper(table, None, design, read.missing.get(table.key), params, signals_only=True))

    files = WorkFiles(region.files)
    _, tables = files.read(region.papers, at_once=judge)
    for table in (*tables, *_copied(files, tables)):
        chosen = np.arange(0, len(table.schools), every)
        started = time.process_time()
        plain = _Plain(table, chosen, seed)
        shapes = PlainShapes(table, chosen, plain.norm)
        sums = np.array(plain.pairs[: len(plain.classes)])
        over = PlainSchools(
            table,
            chosen,
            np.stack(plain.items),
            plain.fast_push.p_value,
            sums[:, 1] / np.sqrt(np.maximum(sums[:, 0], 1)),
        )
        of_groups = time.process_time() - started - over.once
        found.peer_seconds += of_groups * len(table.schools) / len(chosen) + over.once
        for part in (plain, shapes, over):
            part.check(found.see)
    for joint in (PlainMechanisms(done, every), PlainCombination(done, every)):
        found.peer_seconds += joint.seconds
        joint.check(found.see)
    return found


def _copied(files: WorkFiles, tables: list[PaperTable]) -> list[PaperTable]:
    """The copy with planted mechanisms, which the battery judges too; none in a region that is too small for it."""
    params = load_params().mechanisms
    chosen = papers_to_plant([table.spec for table in tables], [float(table.n.sum()) for table in tables], params)
    names = np.unique(np.concatenate([tables[i].schools for i in chosen]))
    works = np.zeros((len(names), len(chosen)))
    for column, i in enumerate(chosen):
        works[np.searchsorted(names, tables[i].schools), column] = tables[i].n
    picked = choose(names, works, params)
    if picked is None:
        return []
    year = tables[0].year
    specs = [replace(tables[i].spec, year=year) for i in chosen]
    own = files.of_schools(picked[0], year, specs)
    return build_tables(planted_works(own, specs, *picked, params.planted_strength), specs)


class _Plain:
    """The peer's numbers of one paper; preparing them is what is timed."""

    def __init__(self, table: PaperTable, chosen: np.ndarray, seed: int) -> None:
        self.table, self.chosen = table, chosen
        params = load_params()
        answers = table.answers
        assert table.journal is not None
        assert table.spec.mark_from is not None
        assert answers is not None
        top = table.spec.max_score
        self.params = params
        total = table.counts.sum(axis=0)
        self.shapes = total - table.counts + 0.5 * (total + 1) / (total + 1).sum()
        self.fast_push = push_test(
            table.counts, self.shapes, table.spec.mark_from, params.boundary_push, reference_works=float(total.sum())
        )
        tilt, n = self.fast_push.tilt, table.n
        typical = np.array([0.0, float(n @ tilt.theta[:, 1] / n.sum())])
        tilting = peer.Tilting(tilt.basis, peer.precisions(params.boundary_push), typical)
        transitions = (
            lifting(top, table.spec.mark_from, params.boundary_push),
            lifting_twos(top, table.spec.mark_from[0], params.few_lowest),
        )
        for _ in range(_TILTS):
            moved = [
                peer.push_p(table.counts[i], self.shapes[i], tilting, transitions, float(total.sum())) for i in chosen
            ]
        self.push, self.twos = ([p[k] for p in moved] for k in range(2))
        self.cells, joint = table.journal, table.journal.sum(axis=0) + 0.05
        drawn = drawn_to_journal(joint, table.spec.mark_from, params.journal_gap.drawn)
        self.weight = np.clip(np.log(drawn / joint), -3.0, 3.0)
        self.reference = given_score(joint)
        for _ in range(_JOURNALS):
            self.copied = [peer.copied_p(self.cells[i], self.reference, self.weight) for i in chosen]
        self.rank = [peer.rank_correlation(self.cells[i]) for i in chosen]
        points, score, school = np.array(answers.points), np.array(answers.score), np.array(answers.school)
        for _ in range(_POOLS):
            self.items = [peer.item_residuals(points, score, school == i, top) for i in chosen]
        self.means = [peer.welch_p(score[school == i], score[school != i]) for i in chosen]
        self._classes(answers, top, seed)

    def _classes(self, answers, top: int, seed: int) -> None:
        settings = self.params.class_similarity
        mean = given_total(answers.by_score(top).sums, answers.works_at(self.table).sum(axis=0))
        covariance = covariance_by_score(answers, top)
        self.norm = mean, covariance
        self.rows = residuals_of(answers.points, answers.score, mean, covariance)
        _, starts, sizes = np.unique(answers.unit, return_index=True, return_counts=True)
        kept = (sizes >= settings.smallest_class) & (sizes <= settings.largest_class)
        self.starts, self.sizes = starts[kept], sizes[kept]
        self.orders = [None, *(exchanged(answers, np.random.default_rng([seed, k]), settings.block) for k in range(8))]
        every = max(1, len(self.table.schools) // len(self.chosen))
        self.classes = np.arange(0, len(self.starts), every)
        self.pairs = []
        for order in self.orders:
            for c in self.classes:
                own = np.arange(self.starts[c], self.starts[c] + self.sizes[c])
                moved = own if order is None else order[own]
                kinds = answers.variant[own].tolist()
                self.pairs.append(peer.pair_sums(self.rows[moved], kinds, settings.threshold, settings.close))

    def check(self, see: See) -> None:
        """Compare the numbers with those of the fast forms."""
        table, chosen, settings = self.table, self.chosen, self.params.class_similarity
        answers = table.answers
        assert answers is not None
        see("boundary_push", self.fast_push.p_value[chosen], self.push)
        works = float(table.counts.sum())
        twos = few_lowest(
            table,
            self.fast_push.tilt,
            self.params.few_lowest,
            self.params.boundary_push.spread_prior,
            reference="region",
            reference_works=works,
        )
        see("few_lowest", twos.p_value[chosen], self.twos)
        test = copy_test(self.cells, np.broadcast_to(self.reference, self.cells.shape), self.weight)
        see("journal_gap", special.ndtr(-test.statistic / np.sqrt(test.variance))[chosen], self.copied)
        see("spearman", np.nan_to_num(spearman(self.cells)[chosen]), np.nan_to_num(self.rank).tolist())
        top = table.spec.max_score
        order = answers.by_score(top)
        # Where items were filled in, both count the works at their completed scores.
        at_scores = answers.works_at(table)
        residual, _, _ = leave_one_out_residuals(answers, at_scores, np.ones(len(table.n)), order)
        covariance = covariance_by_score(answers, top)
        deviation = np.sqrt(np.maximum(at_scores @ np.einsum("skk->sk", covariance), 1e-9))
        fast, plain = (
            special.ndtr(-residual / deviation)[chosen],
            special.ndtr(-np.stack(self.items) / deviation[chosen]),
        )
        see("item_profile", fast, plain.tolist())
        runs = PairRuns(answers.variant, self.starts, self.sizes)
        sums = [runs.sums(self.rows, settings.threshold, settings.close, o)[self.classes] for o in self.orders]
        plain_sums = np.array(self.pairs)
        pairs = np.maximum(plain_sums[:, 0], 1)
        # The mean similarity of independent works is about normal with variance 1/pairs: its z gives a p to compare.
        for name, column in (("class_similarity", 1), ("close pairs", 3)):
            z_fast = np.concatenate(sums)[:, column] / np.sqrt(pairs)
            z_plain = plain_sums[:, column] / np.sqrt(pairs)
            see(name, special.ndtr(-z_fast), special.ndtr(-z_plain).tolist())


def never_nan(region: BigRegion) -> dict[str, int]:
    """How many findings were judged by a p-value, and in how many of them it is no number from 0 to 1."""
    findings: pd.DataFrame = screen(WorkFiles(region.files), region.papers, charts=False).findings
    shown = [family.value for family in SHOWN_FAMILIES]
    judged = (findings["outcome"] == "assessed") & ~findings["family"].isin(shown)
    p = findings.loc[judged, "p_value"].to_numpy(dtype=float)
    return {"assessed": len(p), "not_a_probability": int((~(np.isfinite(p) & (p >= 0) & (p <= 1))).sum())}
