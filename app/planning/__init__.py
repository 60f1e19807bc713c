"""Assignment of curators, observers and experts: a problem in, a plan with reasons and its proof out.

The solver is loaded only when a plan is made (`app.planning.plan`), so that a page may name the values alone.
"""

from app.planning.objections import day_objection, limit_of, objection
from app.planning.problem import (
    Candidate,
    CostParts,
    Need,
    NextBest,
    Pair,
    Pin,
    Plan,
    Problem,
    Shortage,
    Visit,
)
from app.planning.rules import PlanningRules, load_rules

__all__ = [
    "Candidate",
    "CostParts",
    "Need",
    "NextBest",
    "Pair",
    "Pin",
    "Plan",
    "PlanningRules",
    "Problem",
    "Shortage",
    "Visit",
    "day_objection",
    "limit_of",
    "load_rules",
    "objection",
]
