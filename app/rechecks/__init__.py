"""Recheck of works: which to take and what re-marking showed. Pure and light to import, for the web uses it too."""

from app.rechecks.agreement import Agreement, MarkedWork, assess, is_objective, works_needed
from app.rechecks.rules import RecheckRules, load_rules
from app.rechecks.sample import SampledWork, Work, draw_sample, sample_size

__all__ = [
    "Agreement",
    "MarkedWork",
    "RecheckRules",
    "SampledWork",
    "Work",
    "assess",
    "draw_sample",
    "is_objective",
    "load_rules",
    "sample_size",
    "works_needed",
]
