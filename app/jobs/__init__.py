"""Work after a commit: the outbox row is the job, RQ only carries its id to a worker.

An edge commits, then calls `wake` with `outbox.take_woken(session)`. Losing Redis, a worker or the scheduler loses no
work: the reconciler wakes again whatever was left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.context import AppContext
    from app.jobs.work import Tally


def wake(context: AppContext, job_ids: Iterable[int]) -> None:
    """Call workers for committed outbox rows. Never raises: what is not called now, the reconciler calls later."""
    job_ids = list(job_ids)
    if job_ids:
        from app.jobs.queues import enqueue

        enqueue(context, job_ids)


def run_pending(context: AppContext) -> Tally:
    """Do all due jobs in this process, without Redis: for commands and tests."""
    from app.jobs.work import run_pending

    return run_pending(context)
