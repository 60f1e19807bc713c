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
from app.terms.notices import AgendaKind, DigestStatus, NoticeKind
from app.terms.organisation import Role, SchoolKind
from app.terms.people import DECLARED_KINDS, AbsenceReason, ConflictKind, Duty, PostKind, TrainingState
from app.terms.planning import PlanRowStatus, PlanStatus
from app.terms.screening import (
    NOTED_FAMILIES,
    SHOWN_FAMILIES,
    DetectorName,
    Family,
    FindingLevel,
    FindingOutcome,
    Mechanism,
)
from app.terms.side_moves import (
    HAND_OVERS_OPEN,
    Addressee,
    BulkKind,
    BulkRowStatus,
    BulkStatus,
    ClosureCheckOutcome,
    Dynamics,
    EpisodeOrigin,
    HandOverStatus,
    MeasureKind,
    PauseCause,
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
    "DECLARED_KINDS",
    "GROSS_VIOLATIONS",
    "HAND_OVERS_OPEN",
    "NOTED_FAMILIES",
    "SCREENED_REPORTS",
    "SHOWN_FAMILIES",
    "AbsenceReason",
    "Addressee",
    "AgendaKind",
    "BulkKind",
    "BulkRowStatus",
    "BulkStatus",
    "CaseKind",
    "CaseState",
    "ChangeKind",
    "ChangeStatus",
    "ClosureCheckOutcome",
    "ClusterSetStatus",
    "ConflictKind",
    "ControlGroupStatus",
    "DayDirection",
    "DayKind",
    "DayOffPolicy",
    "DayUnit",
    "DetectorName",
    "DigestStatus",
    "DocumentKind",
    "Duty",
    "Dynamics",
    "EntryKind",
    "EntryState",
    "EpisodeOrigin",
    "EventKind",
    "Examination",
    "ExplanationReason",
    "Family",
    "FileKind",
    "FindingLevel",
    "FindingOutcome",
    "Following",
    "HandOverStatus",
    "JobStatus",
    "Lateness",
    "LinkDesign",
    "MeasureKind",
    "Mechanism",
    "MemberOrigin",
    "NoticeKind",
    "ObjectiveGround",
    "ObservationStage",
    "PauseCause",
    "PlanRowStatus",
    "PlanStatus",
    "PostKind",
    "Procedure",
    "RecheckOutcome",
    "RecheckStatus",
    "Role",
    "RuleKind",
    "RunStatus",
    "SchoolKind",
    "Stratum",
    "Subject",
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
