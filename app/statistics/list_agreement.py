"""How far a run and a list from outside name the same schools. Agreement is shown; the list is not reproduced."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

from app.terms import Tier

_Z = NormalDist().inv_cdf(0.975)
STRONG = frozenset({Tier.CASE, Tier.SEVERE})
SILENT = frozenset({Tier.NONE})


@dataclass(frozen=True)
class TwoByTwo:
    """Counts of assessed schools: listed and strong, listed only, strong only, neither."""

    both: int
    listed_only: int
    strong_only: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.listed_only + self.strong_only + self.neither


@dataclass(frozen=True)
class ListAgreement:
    """A list beside a run.

    Attributes
    ----------
    by_tier : mapping
        Tier → (listed, not listed) schools of the run.
    absent : int
        Listed schools that the run knows nothing of.
    table : TwoByTwo
        Assessed schools alone: those with too few works say nothing about agreement.
    kappa, odds : (value, low, high) or None
        Cohen's kappa and the odds ratio with 95 % intervals; None where a margin is empty.
    silent : tuple of str
        Codes of schools that are listed and show no signs in the run.
    """

    by_tier: Mapping[Tier, tuple[int, int]]
    absent: int
    table: TwoByTwo
    kappa: tuple[float, float, float] | None
    odds: tuple[float, float, float] | None
    silent: tuple[str, ...]

    @property
    def n_listed(self) -> int:
        return sum(listed for listed, _rest in self.by_tier.values()) + self.absent


def list_agreement(tiers: Mapping[str, Tier], listed: Iterable[str]) -> ListAgreement:
    """Compare the cases of a run with a list.

    Parameters
    ----------
    tiers : mapping
        School's code → its tier in the run.
    listed : iterable of str
        Codes on the list.
    """
    wanted = set(listed)
    by_tier = {
        tier: (
            sum(found is tier and code in wanted for code, found in tiers.items()),
            sum(found is tier and code not in wanted for code, found in tiers.items()),
        )
        for tier in (Tier.SEVERE, Tier.CASE, Tier.WATCH, Tier.NONE, Tier.TOO_SMALL)
    }
    both, strong_only = (sum(by_tier[tier][k] for tier in STRONG) for k in (0, 1))
    listed_only, neither = (by_tier[Tier.WATCH][k] + by_tier[Tier.NONE][k] for k in (0, 1))
    table = TwoByTwo(both, listed_only, strong_only, neither)
    return ListAgreement(
        by_tier,
        len(wanted - tiers.keys()),
        table,
        cohen_kappa(table),
        odds_ratio(table),
        tuple(sorted(code for code, tier in tiers.items() if code in wanted and tier in SILENT)),
    )


def cohen_kappa(table: TwoByTwo) -> tuple[float, float, float] | None:
    r"""Agreement beyond chance with its large-sample 95 % interval; None where one side names all or none.

    Notes
    -----
    :math:`\kappa = (p_o - p_e) / (1 - p_e)`; its variance as in [1]_, eq. 13, with the interval cut to [−1, 1].

    References
    ----------
    .. [1] J. L. Fleiss, J. Cohen, B. S. Everitt, "Large sample standard errors of kappa and weighted kappa",
       Psychological Bulletin 72(5), 1969, 323-327.
    """
    n = table.n
    rows = (table.both + table.listed_only, table.strong_only + table.neither)
    columns = (table.both + table.strong_only, table.listed_only + table.neither)
    if not n or not all(rows) or not all(columns):
        return None
    p = [[table.both / n, table.listed_only / n], [table.strong_only / n, table.neither / n]]
    row, column = [r / n for r in rows], [c / n for c in columns]
    observed = p[0][0] + p[1][1]
    expected = sum(row[i] * column[i] for i in (0, 1))
    kappa = (observed - expected) / (1 - expected)
    diagonal = sum(p[i][i] * (1 - (row[i] + column[i]) * (1 - kappa)) ** 2 for i in (0, 1))
    off = (1 - kappa) ** 2 * sum(p[i][j] * (column[i] + row[j]) ** 2 for i, j in ((0, 1), (1, 0)))
    variance = (diagonal + off - (kappa - expected * (1 - kappa)) ** 2) / (n * (1 - expected) ** 2)
    half = _Z * math.sqrt(max(variance, 0.0))
    return kappa, max(kappa - half, -1.0), min(kappa + half, 1.0)


def odds_ratio(table: TwoByTwo) -> tuple[float, float, float] | None:
    """How many times higher the odds of being listed are among strong schools, with Woolf's 95 % interval.

    Half is added to each cell when one of them is empty (Haldane, Anscombe); None where one side names all or none.

    References
    ----------
    .. [1] B. Woolf, "On estimating the relation between blood group and disease", Annals of Human Genetics 19(4),
       1955, 251-253.
    """
    cells = [float(cell) for cell in (table.both, table.listed_only, table.strong_only, table.neither)]
    a, b, c, d = cells
    if not (a + b and c + d and a + c and b + d):
        return None
    if not all(cells):
        a, b, c, d = (cell + 0.5 for cell in cells)
    log_odds = math.log(a * d / (b * c))
    half = _Z * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return math.exp(log_odds), math.exp(log_odds - half), math.exp(log_odds + half)
