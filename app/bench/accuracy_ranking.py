"""How well schools that manipulate are ranked, by `evidence` and by the peers, and what the tiers find of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from app.bench.accuracy_measures import area, auc, partial_auc, tpr_at
from app.bench.accuracy_trials import SEVERAL
from app.bench.peers import BY_NAME
from app.detectors.contamination import MANIPULATIONS
from app.terms import Tier

LARGE = 50
FALSE_POSITIVES = (0.01, 0.05)
BASE_RATE = 0.05
"""Share of manipulating schools for which the false discovery rate is told as well (detectors' page, base rate)."""


def areas(table: pd.DataFrame, least: int = 0) -> dict[str, dict[str, dict[str, Any]]]:
    """Area under the curve of `evidence`.

    Parameters
    ----------
    table : DataFrame
        ``n, kind, evidence``.
    least : int
        Schools with fewer works a paper are left out.

    Returns
    -------
    dict
        ``all`` and ``n ≥ 50`` → ``mix``, kind, ``several`` → `accuracy_measures.area`; labels that do not occur are
        absent.
    """
    found = {}
    for word, smallest in (("all", least), (f"n ≥ {LARGE}", LARGE)):
        chosen = table[table["n"] >= smallest]
        honest = chosen.loc[chosen["kind"].isna(), "evidence"]
        cells = {}
        for label in ("mix", *MANIPULATIONS, SEVERAL):
            single = chosen["kind"].notna() & (chosen["kind"] != SEVERAL)
            mine = chosen.loc[single if label == "mix" else chosen["kind"] == label, "evidence"]
            if len(mine):
                cells[label] = area(mine, honest)
        found[word] = cells
    return found


def tiers(table: pd.DataFrame) -> dict[str, float]:
    """What *case* and *severe* find, of schools that use one manipulation.

    Returns
    -------
    dict
        ``found`` and ``found_50``: shares of manipulating schools (of those with 50 works a paper);
        ``false_discovery``: share of honest schools among all found; ``honest_case``: share of honest schools found;
        ``false_discovery_base``: what the false discovery rate would be if one school in twenty manipulated.
    """
    table = table[table["kind"] != SEVERAL]
    flagged = table["tier"].isin([Tier.CASE.value, Tier.SEVERE.value])
    bad, large = table["kind"].notna(), table["n"] >= LARGE
    found, wrong = _mean(flagged[bad]), _mean(flagged[~bad])
    expected = BASE_RATE * found + (1 - BASE_RATE) * wrong
    return {
        "found": found,
        "found_50": _mean(flagged[bad & large]),
        "false_discovery": float((flagged & ~bad).sum() / max(int(flagged.sum()), 1)),
        "false_discovery_base": (1 - BASE_RATE) * wrong / expected if expected > 0 else 0.0,
        "honest_case": wrong,
    }


def _mean(values: pd.Series | np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def side_by_side(tables: Sequence[pd.DataFrame], methods: Sequence[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """`evidence` and the peers on the same schools, single manipulations only.

    Parameters
    ----------
    tables : sequence of DataFrame
        One a region, with a column for each of `methods`.
    methods : sequence of str
        Peers' names.

    Returns
    -------
    dict
        ``n ≥ 10`` and ``n ≥ 50`` → method (``evidence`` first) → ``auc, partial_auc`` (up to 5 % of false positives,
        0.5 for chance), ``tpr_1, tpr_5`` (at 1 and 5 %), ``by_kind`` (kind → area) and, for a rule, ``rule``: its own
        true- and false-positive rates. A school of which a peer says nothing ranks last with it.
    """
    parts = []
    for table in tables:
        filled = table[table["kind"] != SEVERAL].copy()
        for name in methods:
            filled[name] = filled[name].fillna(filled[name].min() - 1.0).fillna(0.0)
        parts.append(filled)
    whole = pd.concat(parts, ignore_index=True)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    # Peers say nothing under ten works a paper: smaller schools would only be held against them.
    for smallest in (10, LARGE):
        chosen, word = whole[whole["n"] >= smallest], f"n ≥ {smallest}"
        bad = chosen["kind"].notna()
        found[word] = {}
        for name in ("evidence", *methods):
            own, others = chosen.loc[bad, name].to_numpy(), chosen.loc[~bad, name].to_numpy()
            cell: dict[str, Any] = {
                "auc": auc(own, others),
                "partial_auc": partial_auc(own, others, FALSE_POSITIVES[1]),
                "tpr_1": tpr_at(own, others, FALSE_POSITIVES[0]),
                "tpr_5": tpr_at(own, others, FALSE_POSITIVES[1]),
                "by_kind": {
                    kind: auc(chosen.loc[chosen["kind"] == kind, name], others)
                    for kind in MANIPULATIONS
                    if (chosen["kind"] == kind).any()
                },
                "planted": int(bad.sum()),
                "honest": int((~bad).sum()),
            }
            threshold = BY_NAME[name].threshold if name in BY_NAME else None
            if name == "evidence":
                called = chosen["tier"].isin([Tier.CASE.value, Tier.SEVERE.value]).to_numpy()
                cell["rule"] = {"tpr": _mean(called[bad]), "fpr": _mean(called[~bad])}
            elif threshold is not None:
                cell["rule"] = {"tpr": _mean(own > threshold), "fpr": _mean(others > threshold)}
            found[word][name] = cell
    return found
