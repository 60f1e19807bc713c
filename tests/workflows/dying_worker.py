"""A worker that is killed in the midst of a batch: ``python -m tests.workflows.dying_worker JOB BATCH before|after``.

It dies with SIGKILL before or after the batch writes the journal, in a transaction that is not committed.
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


def main(job_id: int, batch: int, side: str) -> None:
    real = journal.append_all

    def append_all(*args: Any, **kwargs: Any) -> Any:
        if side == "after":
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    journal.append_all = append_all
    flow_migration_batches.BATCH = batch
    perform(AppContext.from_settings(Settings.from_env()), job_id)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
