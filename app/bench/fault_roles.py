"""Worker and scheduler as they are, plus two things a trial needs: jobs slow enough to be killed, a count of effects.

Started by the chaos trial as ``python -m app.bench.fault_roles worker default``. Each effect adds one journal entry
``trial:effect`` for its job: no uniqueness protects it, so an effect kept twice would be seen twice.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from app.bench.fault_stage import generator
from app.context import AppContext
from app.models import OutboxJob
from app.policy import SYSTEM
from app.settings import Settings
from app.workflows import journal
from app.workflows.handlers import HANDLERS, Effect, Handler

EFFECT = "trial:effect"


def counted(handler: Handler, slowness: float) -> Handler:
    """`handler` with a pause of up to `slowness` seconds and an effect that leaves a trace."""

    def slow(context: AppContext, job: OutboxJob) -> Effect:
        effect: Callable[[Session], None] = handler(context, job)
        time.sleep(generator(time.time_ns() ^ os.getpid()).uniform(0, slowness))

        def keep(session: Session) -> None:
            effect(session)
            journal.append(session, actor=SYSTEM, at=datetime.now(UTC), action=EFFECT, subject="job", subject_id=job.id)

        return keep

    return slow


def main() -> None:
    role, *arguments = sys.argv[1:]
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    context = AppContext.from_settings(Settings.from_env())
    if role == "scheduler":
        from app.jobs import reconciler

        reconciler.serve(context)
        return
    from app.jobs import work, worker

    if lease := float(os.environ.get("TRIAL_LEASE", "0")):
        work.LEASE, work.RENEW_EVERY = timedelta(seconds=lease), lease / 3
    slowness = float(os.environ.get("TRIAL_SLOWNESS", "0"))
    HANDLERS.update({kind: counted(handler, slowness) for kind, handler in HANDLERS.items()})
    worker.serve(context, arguments[0])


if __name__ == "__main__":
    main()
