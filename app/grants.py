"""What may be done, and which role may do it: one row each; `app.policy` answers by them."""

from __future__ import annotations

from enum import StrEnum

from app.terms import Role


class Permission(StrEnum):
    """One right each, ``resource:action``; what it lets one do stands beside it."""

    AUDIT_VERIFY = "audit:verify"  # check the journal's chain
    CASE_ANSWER = "case:answer"  # answer a question with which a case was returned
    CALENDAR_KEEP = "calendar:keep"  # change events and local days, set, pin and end deadlines
    CASE_ASSIGN = "case:assign"  # issue a curator's order, move the case to it
    CASE_BULK = "case:bulk"  # decide on many cases at once; each row asks for its own right
    CASE_CLOSE = "case:close"  # approve a closure another person proposed
    CASE_CONCLUDE = "case:conclude"  # propose a closure with its grounds
    CASE_HANDOVER = "case:handover"  # propose that another curator take over, answer such a proposal
    CASE_HOLD = "case:hold"  # put a case on hold, resume it
    CASE_INTERVIEW = "case:interview"  # record an interview, move the case to it
    CASE_MEASURE = "case:measure"  # review dynamics, record an administrative measure
    CASE_OBSERVE = "case:observe"  # schedule and record observations
    CASE_OPEN = "case:open"  # open a case by hand, with a reason
    CASE_READ = "case:read"
    CASE_RECHECK = "case:recheck"  # order a recheck, enter re-marked points
    CASE_SUPPORT = "case:support"  # record diagnosis, programme, mentoring, review of low results
    CASE_REOPEN = "case:reopen"  # go on with a closed case in a new episode
    CASE_RETURN = "case:return"  # return a case with a question
    CONFLICT_DECLARE = "conflict:declare"  # say whether one is free of conflict of interest before seeing a case
    CONFLICT_RECUSE = "conflict:recuse"  # say that one is tied to a school whose cases one decides by office
    DATA_IMPORT = "data:import"  # upload, accept, reject
    DATA_READ = "data:read"  # see uploads and data sets
    DOCUMENT_ISSUE = "document:issue"
    DOCUMENT_READ = "document:read"
    FINDING_READ = "finding:read"
    FLAG_RAISE = "flag:raise"  # raise the flags of a trial run with limits of one's choice
    GROUP_APPROVE = "group:approve"  # fix a control group, approve clusters
    GROUP_PROPOSE = "group:propose"  # draw and adjust a control group, compute clusters
    GROUP_READ = "group:read"  # control groups, clusters and the register of objective schools
    JOB_READ = "job:read"
    JOB_RETRY = "job:retry"
    JOURNAL_READ = "journal:read"
    MENTORING_KEEP = "mentoring:keep"  # make and end mentoring pairs, record their meetings
    PEOPLE_KEEP = "people:keep"  # enter people, trainings and absences; see personal ties and declarations
    PEOPLE_READ = "people:read"  # the register of people without their personal ties
    PROGRAMME_APPROVE = "programme:approve"  # record who agreed and approved a yearly programme
    PROGRAMME_KEEP = "programme:keep"  # draft, adapt and carry out a yearly programme
    PROGRAMME_READ = "programme:read"
    REGISTER_KEEP = "register:keep"  # enter schools in the register of objective ones, withdraw them
    ROADMAP_ANSWER = "roadmap:answer"  # agree to a school's road map, submit it, report on its measures
    ROADMAP_KEEP = "roadmap:keep"  # propose a school's road map, check it, move and waive its measures
    SCHOOL_READ = "school:read"
    SCREENING_RUN = "screening:run"
    SCREENING_READ = "screening:read"
    STATISTICS_READ = "statistics:read"
    USER_MANAGE = "user:manage"
    WORKFLOW_CHOOSE = "workflow:choose"  # say which workflow new cases of one's territory get
    WORKFLOW_EDIT = "workflow:edit"  # draft, publish, migrate running cases
    WORKFLOW_READ = "workflow:read"
    WORKS_READ = "works:read"  # coded works of a recheck sample


_READ = frozenset(
    {
        Permission.CASE_READ,
        Permission.DOCUMENT_READ,
        Permission.FINDING_READ,
        Permission.SCHOOL_READ,
    }
)

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.REGION_MANAGER: _READ
    | {
        Permission.CONFLICT_RECUSE,
        Permission.CASE_BULK,
        Permission.CASE_HANDOVER,
        Permission.CASE_HOLD,
        Permission.CASE_MEASURE,
        Permission.CASE_REOPEN,
        Permission.CASE_RETURN,
        Permission.CALENDAR_KEEP,
        Permission.CASE_ASSIGN,
        Permission.CASE_CLOSE,
        Permission.CASE_OPEN,
        Permission.DATA_READ,
        Permission.DOCUMENT_ISSUE,
        Permission.FLAG_RAISE,
        Permission.GROUP_APPROVE,
        Permission.GROUP_READ,
        Permission.JOURNAL_READ,
        Permission.MENTORING_KEEP,
        Permission.PEOPLE_KEEP,
        Permission.PEOPLE_READ,
        Permission.PROGRAMME_APPROVE,
        Permission.PROGRAMME_KEEP,
        Permission.PROGRAMME_READ,
        Permission.REGISTER_KEEP,
        Permission.SCREENING_READ,
        Permission.STATISTICS_READ,
        Permission.WORKFLOW_CHOOSE,
        Permission.WORKFLOW_READ,
    },
    Role.DEPARTMENT: _READ
    | {
        Permission.CONFLICT_RECUSE,
        Permission.CASE_ANSWER,
        Permission.CASE_BULK,
        Permission.CASE_HANDOVER,
        Permission.CASE_HOLD,
        Permission.CASE_MEASURE,
        Permission.CASE_REOPEN,
        Permission.CASE_RETURN,
        Permission.CALENDAR_KEEP,
        Permission.CASE_ASSIGN,
        Permission.CASE_CLOSE,
        Permission.CASE_CONCLUDE,
        Permission.CASE_INTERVIEW,
        Permission.CASE_OBSERVE,
        Permission.CASE_OPEN,
        Permission.CASE_RECHECK,
        Permission.DOCUMENT_ISSUE,
        Permission.GROUP_APPROVE,
        Permission.GROUP_READ,
        Permission.JOURNAL_READ,
        Permission.MENTORING_KEEP,
        Permission.PEOPLE_KEEP,
        Permission.PEOPLE_READ,
        Permission.PROGRAMME_APPROVE,
        Permission.PROGRAMME_KEEP,
        Permission.PROGRAMME_READ,
        Permission.REGISTER_KEEP,
        Permission.CASE_SUPPORT,
        Permission.ROADMAP_ANSWER,
        Permission.ROADMAP_KEEP,
        Permission.STATISTICS_READ,
        Permission.WORKFLOW_CHOOSE,
        Permission.WORKFLOW_READ,
    },
    Role.ANALYST: _READ
    | {
        Permission.CONFLICT_RECUSE,
        Permission.CASE_OPEN,
        Permission.CASE_RECHECK,
        Permission.CASE_SUPPORT,
        Permission.DATA_IMPORT,
        Permission.DATA_READ,
        Permission.DOCUMENT_ISSUE,
        Permission.FLAG_RAISE,
        Permission.GROUP_PROPOSE,
        Permission.GROUP_READ,
        Permission.PEOPLE_READ,
        Permission.PROGRAMME_READ,
        Permission.SCREENING_READ,
        Permission.SCREENING_RUN,
        Permission.STATISTICS_READ,
        Permission.WORKFLOW_READ,
        Permission.WORKS_READ,
    },
    Role.CURATOR: _READ
    | {
        Permission.CASE_ANSWER,
        Permission.CASE_HANDOVER,
        Permission.CASE_RETURN,
        Permission.CASE_CONCLUDE,
        Permission.CASE_INTERVIEW,
        Permission.CASE_SUPPORT,
        Permission.CONFLICT_DECLARE,
        Permission.DOCUMENT_ISSUE,
        Permission.MENTORING_KEEP,
        Permission.ROADMAP_ANSWER,
        Permission.ROADMAP_KEEP,
    },
    Role.INSPECTOR: _READ
    | {
        Permission.CASE_OBSERVE,
        Permission.CASE_RECHECK,
        Permission.CONFLICT_DECLARE,
        Permission.WORKS_READ,
    },
    Role.SCHOOL: _READ | {Permission.CASE_ANSWER, Permission.PEOPLE_READ, Permission.ROADMAP_ANSWER},
    Role.ADMIN: _READ
    | {
        Permission.AUDIT_VERIFY,
        Permission.JOB_READ,
        Permission.JOB_RETRY,
        Permission.JOURNAL_READ,
        Permission.PEOPLE_KEEP,
        Permission.PEOPLE_READ,
        Permission.USER_MANAGE,
        Permission.WORKFLOW_EDIT,
        Permission.WORKFLOW_READ,
    },
}
"""Role → permissions. `tests/test_policy.py` repeats it literally, so that a change of rights is never an accident."""
