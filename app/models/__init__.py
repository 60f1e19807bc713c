"""Tables. One family a module; columns, constraints and relations, no rules."""

from app.models.base import Base, Tenant
from app.models.bulk import BulkDecision, BulkRow
from app.models.calendars import (
    CalendarChange,
    CalendarEntry,
    CalendarEvent,
    Deadline,
    DueMove,
    PreservationRequest,
)
from app.models.case import Case, CaseEvent, Conclusion
from app.models.case_work import CuratorOrder, Document, Interview, Observation, Recheck, RecheckedWork
from app.models.dataset import Dataset, FederalMarker, Upload
from app.models.dated import Dated, dated_checks
from app.models.journal import JournalEntry
from app.models.low_results import LowResultsFlag, SupportRecord
from app.models.notice import Digest, FeedKey, Mailbox, Notice, Personal
from app.models.organisation import Municipality, School
from app.models.outbox import InboxNote, JobEffect, OutboxJob
from app.models.people import Absence, Declaration, Person, PersonDuty, PersonPost, PersonRelation, Training
from app.models.planning import AssignmentPlan, PlanRow
from app.models.programmes import Programme, ProgrammeMeasure, ProgrammeTask
from app.models.road_maps import MentoringMeeting, MentoringPair, RoadMap, RoadMapItem
from app.models.scaling import ScaledSchool, ScaleLink
from app.models.school_groups import ClusterMembership, ClusterSet, ControlGroup, ControlMember, ObjectiveEntry
from app.models.screening import Finding, Flag, ScreeningRun
from app.models.side_moves import (
    AdminMeasure,
    CaseEpisode,
    CasePause,
    CaseQuestion,
    ClosureCheck,
    DynamicsReview,
    HandOver,
)
from app.models.user import AuthSession, LoginAttempt, User
from app.models.workflow import MigratedCase, WorkflowChoice, WorkflowMigration, WorkflowVersion

__all__ = [
    "Absence",
    "AdminMeasure",
    "AssignmentPlan",
    "AuthSession",
    "Base",
    "BulkDecision",
    "BulkRow",
    "CalendarChange",
    "CalendarEntry",
    "CalendarEvent",
    "Case",
    "CaseEpisode",
    "CaseEvent",
    "CasePause",
    "CaseQuestion",
    "ClosureCheck",
    "ClusterMembership",
    "ClusterSet",
    "Conclusion",
    "ControlGroup",
    "ControlMember",
    "CuratorOrder",
    "Dataset",
    "Dated",
    "Deadline",
    "Declaration",
    "Digest",
    "Document",
    "DueMove",
    "DynamicsReview",
    "FederalMarker",
    "FeedKey",
    "Finding",
    "Flag",
    "HandOver",
    "InboxNote",
    "Interview",
    "JobEffect",
    "JournalEntry",
    "LoginAttempt",
    "LowResultsFlag",
    "Mailbox",
    "MentoringMeeting",
    "MentoringPair",
    "MigratedCase",
    "Municipality",
    "Notice",
    "ObjectiveEntry",
    "Observation",
    "OutboxJob",
    "Person",
    "PersonDuty",
    "PersonPost",
    "PersonRelation",
    "Personal",
    "PlanRow",
    "PreservationRequest",
    "Programme",
    "ProgrammeMeasure",
    "ProgrammeTask",
    "Recheck",
    "RecheckedWork",
    "RoadMap",
    "RoadMapItem",
    "ScaleLink",
    "ScaledSchool",
    "School",
    "ScreeningRun",
    "SupportRecord",
    "Tenant",
    "Training",
    "Upload",
    "User",
    "WorkflowChoice",
    "WorkflowMigration",
    "WorkflowVersion",
    "dated_checks",
]
