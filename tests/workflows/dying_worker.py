"""A worker that is killed in the midst of a job: ``python -m tests.workflows.dying_worker JOB BATCH ENTRY``.

It dies with SIGKILL when the job writes its entry number ENTRY of the journal, in a transaction that is half done.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from app.context import AppContext
from app.jobs.work import perform
from app.settings import Settings
from app.workflows import flow_migration_batches, journal


def main(job_id: int, batch: int, entry: int) -> None:
    real, written = journal.append, 0

    def append(*args: Any, **kwargs: Any) -> Any:
        nonlocal written
        written += 1
        if written == entry:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    journal.append = append
    flow_migration_batches.BATCH = batch
    perform(AppContext.from_settings(Settings.from_env()), job_id)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
