"""The life of a workflow's version."""

from __future__ import annotations

from app.terms.term import Term


class WorkflowStatus(Term):
    DRAFT = "draft", "черновик", "draft"
    PUBLISHED = "published", "опубликован", "published"
    RETIRED = "retired", "снят с новых дел", "retired"


class MigrationStatus(Term):
    QUEUED = "queued", "выполняется", "under way"
    DONE = "done", "выполнен", "done"
    UNDOING = "undoing", "отменяется", "being undone"
    UNDONE = "undone", "отменён", "undone"
    FAILED = "failed", "не удался", "failed"


class MigratedOutcome(Term):
    WAITING = "waiting", "ждёт очереди", "waiting"
    MOVED = "moved", "переведено", "led over"
    UNMAPPED = "unmapped", "этапу не найдено места", "its stage has no place"
    CHANGED = "changed", "не переведено", "not led over"
    CALLED_OFF = "called_off", "перевод остановлен", "the migration was stopped"
    RETURNED = "returned", "возвращено", "returned"
    KEPT = "kept", "не возвращено", "not returned"
