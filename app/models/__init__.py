"""Tables. One family a module; columns, constraints and relations, no rules."""

from app.models.base import Base, Tenant
from app.models.case import Case, CaseEvent, Conclusion
from app.models.case_work import CuratorOrder, Document, Interview, Observation, Recheck, RecheckedWork
from app.models.dataset import Dataset, FederalMarker, Upload
from app.models.journal import JournalEntry
from app.models.organisation import Municipality, School
from app.models.outbox import InboxNote, JobEffect, OutboxJob
from app.models.people import Absence, Declaration, Person, PersonDuty, PersonPost, PersonRelation, Training
from app.models.scaling import ScaledSchool, ScaleLink
from app.models.school_groups import ClusterMembership, ClusterSet, ControlGroup, ControlMember, ObjectiveEntry
from app.models.screening import Finding, Flag, ScreeningRun
from app.models.user import AuthSession, LoginAttempt, User
from app.models.workflow import WorkflowVersion

__all__ = [
    "Absence",
    "AuthSession",
    "Base",
    "Case",
    "CaseEvent",
    "ClusterMembership",
    "ClusterSet",
    "Conclusion",
    "ControlGroup",
    "ControlMember",
    "CuratorOrder",
    "Dataset",
    "Declaration",
    "Document",
    "FederalMarker",
    "Finding",
    "Flag",
    "InboxNote",
    "Interview",
    "JobEffect",
    "JournalEntry",
    "LoginAttempt",
    "Municipality",
    "ObjectiveEntry",
    "Observation",
    "OutboxJob",
    "Person",
    "PersonDuty",
    "PersonPost",
    "PersonRelation",
    "Recheck",
    "RecheckedWork",
    "ScaleLink",
    "ScaledSchool",
    "School",
    "ScreeningRun",
    "Tenant",
    "Training",
    "Upload",
    "User",
    "WorkflowVersion",
]
