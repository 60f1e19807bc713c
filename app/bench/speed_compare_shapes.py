"""The fast forms against the peer, continued: shapes of distributions, and likeness to mechanisms."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy import special

from app.bench import speed_peer as peer
from app.bench import speed_peer_shapes as shapes
from app.detectors import load_params
from app.detectors.homogeneity import normalised_variance
from app.detectors.landing_profile import landing_weights, landing_zone, ridged_inverse
from app.detectors.mechanisms import (
    core_schools,
    kinds_of,
    load_profiles,
    mechanism_ratios,
    signal_correlation,
    signals_over_papers,
)
from app.detectors.reference import Tilt, second_and_fourth_moment, tilt_to_school
from app.detectors.score_statistic import cleared, precisions
from app.detectors.signals import family_scores
from app.detectors.summaries import PaperResults
from app.detectors.tables import PaperTable
from app.detectors.upper_tail import thresholds

See = Callable[[str, np.ndarray, list[float]], None]
_HELD = 0.01
_ROUNDS = 2  # the battery fits the reference again after it has weighted the schools


class PlainShapes:
    """The peer's numbers on evenness, tops and works at the cuts of one paper; preparing them is what is timed."""

    def __init__(self, table: PaperTable, chosen: np.ndarray, norm: tuple[np.ndarray, np.ndarray]) -> None:
        self.table, self.chosen, self.norm = table, chosen, norm
        params = load_params()
        answers = table.answers
        assert answers is not None
        assert table.spec.mark_from is not None
        pool = table.counts.sum(axis=0)
        self.rest = pool - table.counts + 0.1
        self.middle, self.high = thresholds(pool, params.upper_tail)
        # Level only: the basis of the pool, the spread held.
        self.tilt: Tilt = tilt_to_school(table.counts, self.rest, spread_prior=_HELD)
        tilting = peer.Tilting(self.tilt.basis, precisions(_HELD), np.zeros(2))
        for _ in range(_ROUNDS):
            self.even = [shapes.evenness_p(table.counts[i], self.rest[i], tilting) for i in chosen]
            self.top = [shapes.top_p(table.counts[i], self.rest[i], tilting, self.middle, self.high) for i in chosen]
        limit = np.array(table.spec.item_max, dtype=float)
        self.weight = landing_weights(norm[0], ridged_inverse(norm[1]), limit, params.landing_profile)
        zone = landing_zone(table.spec.max_score, table.spec.mark_from, params.landing_profile.width)
        self.inside = zone[answers.score]
        points, score, school = (v[self.inside] for v in (answers.points, answers.score, answers.school))
        for _ in range(_ROUNDS):
            self.landed = [shapes.landed_p(points[school == i], score[school == i], self.weight, *norm) for i in chosen]

    def check(self, see: See) -> None:
        table, chosen, f = self.table, self.chosen, self.tilt.probabilities
        answers = table.answers
        assert answers is not None
        variance, fourth = second_and_fourth_moment(f)
        value, sampling = normalised_variance(table.variance / variance, fourth / variance**2, table.n)
        see("homogeneity", special.ndtr(value / np.sqrt(sampling))[chosen], self.even)
        contrast = np.zeros_like(f)
        contrast[:, self.middle :] -= (f[:, self.high :].sum(axis=1) / f[:, self.middle :].sum(axis=1))[:, None]
        contrast[:, self.high :] += 1.0
        single = cleared(contrast, f, self.tilt.basis, precisions(_HELD), table.n)
        noise = table.n * (f * single**2).sum(axis=1) * (1 + table.n / self.rest.sum(axis=1))
        z = (table.counts * single).sum(axis=1) / np.sqrt(noise)
        see("upper_tail", special.ndtr(-z)[chosen], self.top)
        mean, covariance = self.norm
        school, score = answers.school[self.inside], answers.score[self.inside]
        own = np.einsum("wk,wk->w", self.weight[score], answers.points[self.inside] - mean[score])
        spread = np.einsum("sk,skl,sl->s", self.weight, covariance, self.weight)
        total = np.bincount(school, weights=own, minlength=len(table.schools))
        deviation = np.sqrt(np.bincount(school, weights=spread[score], minlength=len(table.schools)))
        p = np.where(deviation > 0, special.ndtr(-total / np.maximum(deviation, 1e-12)), 0.5)
        see("landing_profile", p[chosen], self.landed)


class PlainMechanisms:
    """The peer's shares of the mechanisms; `seconds` for all schools."""

    def __init__(self, done: list[PaperResults], every: int) -> None:
        params, profiles = load_params().mechanisms, load_profiles()
        names = np.unique(np.concatenate([paper.table.schools for paper in done]))
        families, _, works = family_scores(done, names)
        signals = [name for family in families for name in family.names]
        z, whole, expected, moved = signals_over_papers(families, params)
        tables = [whole, *(z[:, paper] for paper in range(z.shape[1]))]
        alone = [np.broadcast_to(moved[:, :, paper, None], expected.shape) for paper in range(z.shape[1])]
        core = core_schools(whole, expected, profiles, signals, params)
        between = [signal_correlation(own[core], params) for own in tables]
        kinds = kinds_of(tuple(profiles.shift))
        chosen = np.arange(0, len(names), every)
        started = time.process_time()
        self.plain = [
            shapes.mechanism_shares(
                [own[i] for own in tables],
                [own[kinds, i] for own in (expected, *alone)],
                between,
                [True, *(works[i] >= params.smallest_works).tolist()],
                profiles,
                signals,
                params,
            )
            for i in chosen
        ]
        self.seconds = (time.process_time() - started) * len(names) / len(chosen)
        self.fast = mechanism_ratios(families, profiles, params).share[chosen]

    def check(self, see: See) -> None:
        see("mechanisms", self.fast, np.array(self.plain).tolist())
