"""The vocabulary: every word the product shows for a stored value, in Russian and in English.

A member is its stored value (a plain string) and carries both titles, so menus, documents, messages and the
glossary page read from one place.
"""

from app.terms.case_work import (
    GROSS_VIOLATIONS,
    DocumentKind,
    ExplanationReason,
    ObservationStage,
    RecheckOutcome,
    RecheckStatus,
    Stratum,
    Violation,
    VisitStatus,
)
from app.terms.cases import CaseKind, Tier, Verdict
from app.terms.files import SCREENED_REPORTS, Examination, FileKind, LinkDesign, Procedure, Subject, UploadStatus
from app.terms.groups import ClusterSetStatus, ControlGroupStatus, EntryState, MemberOrigin, ObjectiveGround
from app.terms.jobs import JobStatus, RunStatus
from app.terms.organisation import Role, SchoolKind
from app.terms.people import DECLARED_KINDS, AbsenceReason, ConflictKind, Duty, PostKind, TrainingState
from app.terms.plans import (
    ATTENDED_KINDS,
    MeasureChange,
    MeasureKind,
    MentoringKind,
    MentoringStatus,
    Party,
    ProgrammeStatus,
    RoadMapStatus,
    TaskStatus,
)
from app.terms.screening import (
    NOTED_FAMILIES,
    SHOWN_FAMILIES,
    DetectorName,
    Family,
    FindingLevel,
    FindingOutcome,
    Mechanism,
)
from app.terms.term import Term
from app.terms.time import (
    ChangeKind,
    ChangeStatus,
    DayDirection,
    DayKind,
    DayOffPolicy,
    DayUnit,
    EntryKind,
    EventKind,
    Following,
    Lateness,
    RuleKind,
    YearKind,
)
from app.terms.workflows import WorkflowStatus

__all__ = [
    "ATTENDED_KINDS",
    "DECLARED_KINDS",
    "GROSS_VIOLATIONS",
    "NOTED_FAMILIES",
    "SCREENED_REPORTS",
    "SHOWN_FAMILIES",
    "AbsenceReason",
    "CaseKind",
    "CaseState",
    "ChangeKind",
    "ChangeStatus",
    "ClusterSetStatus",
    "ConflictKind",
    "ControlGroupStatus",
    "DayDirection",
    "DayKind",
    "DayOffPolicy",
    "DayUnit",
    "DetectorName",
    "DocumentKind",
    "Duty",
    "EntryKind",
    "EntryState",
    "EventKind",
    "Examination",
    "ExplanationReason",
    "Family",
    "FileKind",
    "FindingLevel",
    "FindingOutcome",
    "Following",
    "JobStatus",
    "Lateness",
    "LinkDesign",
    "MeasureChange",
    "MeasureKind",
    "Mechanism",
    "MemberOrigin",
    "MentoringKind",
    "MentoringStatus",
    "ObjectiveGround",
    "ObservationStage",
    "Party",
    "PostKind",
    "Procedure",
    "ProgrammeStatus",
    "RecheckOutcome",
    "RecheckStatus",
    "RoadMapStatus",
    "Role",
    "RuleKind",
    "RunStatus",
    "SchoolKind",
    "Stratum",
    "Subject",
    "TaskStatus",
    "Term",
    "Tier",
    "TrainingState",
    "UploadStatus",
    "Verdict",
    "Violation",
    "VisitStatus",
    "WorkflowStatus",
    "YearKind",
]
