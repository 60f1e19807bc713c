"""Workflows as data: what a file may say, how it is read, and every mistake that is found in it.

Pure: text in, definition or problems out. What a guard's name does stands in `app.workflows.guards`; here are only the
names, their parameters and their titles, so that a file can be checked without a database.
"""

from app.flows.checking import check
from app.flows.definition import (
    CLOSED,
    Definition,
    GuardUse,
    NextStep,
    ReasonCode,
    State,
    Step,
)
from app.flows.problems import Problem, WrongDefinition
from app.flows.reading import FOLDER, read, shipped, sketch

__all__ = [
    "CLOSED",
    "FOLDER",
    "Definition",
    "GuardUse",
    "NextStep",
    "Problem",
    "ReasonCode",
    "State",
    "Step",
    "WrongDefinition",
    "check",
    "read",
    "shipped",
    "sketch",
]
