"""A worker whose `case_moved` takes time: run by the tests as ``python -m tests.jobs.slow_worker SECONDS LEASE``."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta

from app.context import AppContext
from app.jobs import work, worker
from app.settings import Settings
from app.workflows.handlers import HANDLERS

if __name__ == "__main__":
    seconds, lease = float(sys.argv[1]), float(sys.argv[2])
    real = HANDLERS["case_moved"]

    def slow(context, job):
        with (context.settings.home / "tries").open("a") as file:
            file.write(f"{job.id} {os.getpid()}\n")
        time.sleep(seconds)
        return real(context, job)

    HANDLERS["case_moved"] = slow
    work.LEASE, work.RENEW_EVERY = timedelta(seconds=lease), lease / 3
    worker.PRELOADED["default"] = ()
    worker.serve(AppContext.from_settings(Settings.from_env()), "default")
