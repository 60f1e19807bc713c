"""What others use today, as rankings of schools: the peers beside which `evidence` is measured.

Every peer gives each school one number, larger for more suspect, and where it has a rule of its own, the threshold of
that rule. They are written as their authors say, in their favour where that leaves a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.bench import peer_density, peer_fuzzy, peer_rules, peer_zsum
from app.detectors import PaperSpec
from app.detectors.checks import check_works
from app.detectors.tables import PaperTable, build_tables


@dataclass(frozen=True)
class Peer:
    """A peer.

    Attributes
    ----------
    name, title_ru : str
    source : str
        Where the rule stands.
    threshold : float or None
        Scores above it are called; None for a mere ranking.
    per_paper : callable
        ``(table, works of the paper) -> ndarray, shape (S,)``: score of each school of the table, NaN where the peer
        says nothing.
    pooled : str
        ``largest`` or ``mean`` of the papers is the school's score: a rule that fires on any paper takes the largest.
    is_there : callable
        Whether what it needs is installed.
    """

    name: str
    title_ru: str
    source: str
    threshold: float | None
    per_paper: Callable[[PaperTable, pd.DataFrame], np.ndarray]
    pooled: str
    is_there: Callable[[], bool] = lambda: True


PEERS = (
    Peer(
        "interval",
        "федеральное правило интервала среднего",
        "ФИОКО: нижняя граница интервала школы правее верхней границы интервала региона",
        0.0,
        peer_rules.interval_margin,
        "largest",
    ),
    Peer(
        "peak",
        "столбец на границе выше 1,5 среднего столбца",
        "обычай региональных справок",
        1.5,
        peer_rules.peak_ratio,
        "largest",
    ),
    Peer(
        "fuzzy",
        "нечёткая кластеризация INVALSI",
        "C. Quintano, R. Castellano, S. Longobardi, Statistica & Applicazioni VII (2), 2009",
        0.5,
        peer_fuzzy.outlier_membership,
        "mean",
    ),
    Peer(
        "rddensity",
        "разрыв плотности на границах (rddensity)",
        "M. D. Cattaneo, M. Jansson, X. Ma, JASA 115, 2020, с. 1449–1455; пакет rddensity",
        2.326,
        peer_density.largest_jump,
        "largest",
        peer_density.is_installed,
    ),
    Peer(
        "zsum",
        "сумма семи z-статистик",
        "среднее, скачки на границах, доля «2», разброс, повышенные против журнала, доля «5», наклон по трудности",
        None,
        peer_zsum.z_sum,
        "mean",
    ),
)
BY_NAME = {peer.name: peer for peer in PEERS}


def peer_scores(works: pd.DataFrame, papers: Sequence[PaperSpec], names: Collection[str] | None = None) -> pd.DataFrame:
    """Scores of all schools by the peers.

    Parameters
    ----------
    works : DataFrame
        As for `screen`.
    papers : sequence of PaperSpec
    names : collection of str, optional
        Of `PEERS`; all that are installed by default.

    Returns
    -------
    DataFrame
        Indexed by school, one column a peer; NaN where the peer says nothing of a school.
    """
    checked = check_works(works, papers).works
    tables = build_tables(checked, papers)
    chosen = [peer for peer in PEERS if (names is None or peer.name in names) and peer.is_there()]
    schools = pd.Index(sorted(checked["school"].unique()), name="school")
    found = {}
    for peer in chosen:
        columns = []
        for table in tables:
            year, subject, grade = table.key
            own = (checked["year"] == year) & (checked["subject"] == subject) & (checked["grade"] == grade)
            score = np.asarray(peer.per_paper(table, checked[own]), dtype=float)
            columns.append(pd.Series(score, index=table.schools).reindex(schools))
        whole = pd.concat(columns, axis=1)
        found[peer.name] = whole.max(axis=1) if peer.pooled == "largest" else whole.mean(axis=1)
    return pd.DataFrame(found, index=schools)
