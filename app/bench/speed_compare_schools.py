"""The fast forms against the peer, continued: regressions over schools, tails, evenness, and families combined."""

from __future__ import annotations

import time

import numpy as np

from app.bench import speed_peer_schools as schools
from app.bench.speed_compare_shapes import See
from app.detectors import combination, load_params
from app.detectors.homogeneity_parts import heterogeneity
from app.detectors.item_profile import covariance_by_score
from app.detectors.signals import family_scores
from app.detectors.summaries import PaperResults
from app.detectors.tables import PaperTable
from app.detectors.tails import to_z

# How often the battery regresses over the schools of one paper: means with and without the past, journals kinder and
# copied, hard and open items, single items and all of them, landings, spread, three faces of evenness, tops; most of
# them again after the pool has been weighted. Of classes: pairs, and whole classes.
_OF_SCHOOLS, _OF_CLASSES = 20, 2
_TAILS = 11
_ROUNDS = 2


class PlainSchools:
    """The peer's regressions and tails of one paper; preparing them is what is timed."""

    def __init__(
        self, table: PaperTable, chosen: np.ndarray, residual: np.ndarray, p: np.ndarray, of_classes: np.ndarray
    ) -> None:
        """`residual` of the items, of the schools chosen; `p` of all schools; `of_classes`, what classes are judged by.

        Regressions are of all schools whatever is chosen: their time, `once`, is not to be counted as often.
        """
        self.table, self.chosen = table, chosen
        answers = table.answers
        assert answers is not None
        assert table.spec.mark_from is not None
        top = table.spec.max_score
        level = (table.mean - table.mean.mean()) / max(float(table.mean.std()), 1e-9)
        levels = np.column_stack((level, level**2))
        z = to_z(np.clip(p, 1e-12, 1 - 1e-12))
        covariance = covariance_by_score(answers, top)
        variance = np.maximum(answers.works_at(table)[chosen] @ np.einsum("skk->sk", covariance), 1e-9)
        third = np.sqrt(variance)
        started = time.process_time()
        for _ in range(_OF_SCHOOLS):
            own, tau2, degrees = schools.plain_effects(z, np.ones(len(z)), levels)
        whole = np.resize(of_classes, round(len(of_classes) * len(table.schools) / len(chosen)))
        for _ in range(_OF_CLASSES):
            like, _, free = schools.plain_effects(whole, np.ones(len(whole)), np.zeros((len(whole), 0)))
        self.once = time.process_time() - started
        for _ in range(_TAILS):
            self.judged = [
                schools.judged_p(v, degrees, 1 / np.sqrt(max(n, 1.0)))
                for v, n in zip(own[chosen], table.n[chosen], strict=True)
            ]
        for _ in range(_OF_CLASSES):
            self.classes = [schools.judged_p(v, free, 0.3) for v in like[: len(of_classes)]]
        for _ in range(_ROUNDS):
            self.oddest = [
                schools.oddest_item_p(r, v, t, tau2) for r, v, t in zip(residual, variance, third, strict=True)
            ]
        self.marks = [schools.evenness_of_marks(table.counts[i], table.spec.mark_from) for i in chosen]
        points, school = np.array(answers.points), np.array(answers.school)
        self.items = [schools.evenness_of_answers(points[school == i], table.spec.item_max) for i in chosen]

    def check(self, see: See) -> None:
        """Compare what the fast forms give as a number of its own."""
        table, chosen, answers = self.table, self.chosen, self.table.answers
        assert answers is not None
        assert table.spec.mark_from is not None
        works = np.maximum(table.n, 1)[:, None]
        shares = np.add.reduceat(table.counts, [0, *table.spec.mark_from], axis=1) / works
        see("marks alike", heterogeneity(shares, table.n)[chosen], self.marks)
        fast = np.zeros(len(table.schools))
        sat = np.bincount(answers.school, minlength=len(fast))
        for k, most in enumerate(table.spec.item_max):
            cell = np.bincount(answers.school * (most + 1) + answers.points[:, k], minlength=len(fast) * (most + 1))
            fast += heterogeneity(cell.reshape(-1, most + 1) / np.maximum(sat, 1)[:, None], sat)
        see("answers alike", (fast / len(table.spec.item_max))[chosen], self.items)


class PlainCombination:
    """The peer's sums over papers and combinations of families; `seconds` for all schools."""

    def __init__(self, done: list[PaperResults], every: int) -> None:
        params = load_params().combination
        names = np.unique(np.concatenate([paper.table.schools for paper in done]))
        families, _, works = family_scores(done, names)
        scores = combination.combine_schools(families, params)
        chosen = np.arange(0, len(names), every)
        between = combination.correlations(to_z(scores.family_p))
        weight = np.sqrt(np.maximum(works, 1))
        signals = [signal for family in families for signal in family.signals]
        correlations = [combination.correlations(signal) for signal in signals]
        started = time.process_time()
        self.sums = [
            [schools.summed(signal[i], weight[i], rho) for i in chosen]
            for signal, rho in zip(signals, correlations, strict=True)
        ]
        self.plain = [schools.combined_p(scores.family_p[i], between) for i in chosen]
        # A paper is combined over its families as a school is.
        for column in range(works.shape[1]):
            self.papers = [schools.combined_p(scores.family_paper_p[i, column], between) for i in chosen]
        self.seconds = (time.process_time() - started) * len(names) / len(chosen)
        self.fast = scores.p_combined[chosen]
        self.fast_sums = [
            combination.stouffer(signal, weight, rho)[chosen] for signal, rho in zip(signals, correlations, strict=True)
        ]

    def check(self, see: See) -> None:
        see("combination", np.nan_to_num(self.fast), np.nan_to_num(self.plain).tolist())
        for fast, plain in zip(self.fast_sums, self.sums, strict=True):
            see("sums over papers", np.nan_to_num(fast), np.nan_to_num(plain).tolist())
