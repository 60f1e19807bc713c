"""Runs and jobs."""

from __future__ import annotations

from app.terms.term import Term


class RunStatus(Term):
    QUEUED = "queued", "в очереди", "queued"
    RUNNING = "running", "идёт", "running"
    DONE = "done", "готов", "done"
    FAILED = "failed", "не удался", "failed"


class JobStatus(Term):
    PENDING = "pending", "ждёт", "pending"
    RUNNING = "running", "выполняется", "running"
    DONE = "done", "готово", "done"
    DEAD = "dead", "остановлено после сбоев", "stopped after failures"
    CALLED_OFF = "called_off", "отменено до выполнения", "called off"
