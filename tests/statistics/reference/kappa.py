"""Kappa of two tables by statsmodels: ``pip install statsmodels==0.15.0``, then run this file."""

from __future__ import annotations

from statsmodels.stats.inter_rater import cohens_kappa

for table in ([[20, 5], [10, 15]], [[12, 5], [9, 80]]):
    found = cohens_kappa(table)
    print(table, found.kappa, found.kappa_low, found.kappa_upp)
