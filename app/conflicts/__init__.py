"""Conflict of interest, computed from plain facts: who may not act at a school, why, and by which rule."""

from app.conflicts.facts import Absent, Certificate, Employment, Entry, Paper, PersonFacts, Tie, years_before
from app.conflicts.rules import Rules, load_rules
from app.conflicts.sittings import Watch, cross_observation_fault, mutual_pairs
from app.conflicts.verdicts import (
    bars,
    comes_from_objective_place,
    conflicts,
    is_registered,
    mentor_conflicts,
    not_registered,
    teaches,
    training_state,
    unfitness,
)

__all__ = [
    "Absent",
    "Certificate",
    "Employment",
    "Entry",
    "Paper",
    "PersonFacts",
    "Rules",
    "Tie",
    "Watch",
    "bars",
    "comes_from_objective_place",
    "conflicts",
    "cross_observation_fault",
    "is_registered",
    "load_rules",
    "mentor_conflicts",
    "mutual_pairs",
    "not_registered",
    "teaches",
    "training_state",
    "unfitness",
    "years_before",
]
