"""The life of a workflow's version."""

from __future__ import annotations

from app.terms.term import Term


class WorkflowStatus(Term):
    DRAFT = "draft", "черновик", "draft"
    PUBLISHED = "published", "опубликован", "published"
    RETIRED = "retired", "снят с новых дел", "retired"
