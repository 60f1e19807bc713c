"""Two people at once: who waited sees what the other did."""

from __future__ import annotations

import threading
import time
from datetime import datetime

from app.context import AppContext
from app.database import acting, bind
from app.errors import Refused
from app.policy import SYSTEM
from app.terms import Verdict
from app.workflows.case import propose
from app.workflows.engine import fire
from tests import factories
from tests.people import make_cast


def test_a_proposal_that_waited_behind_a_dismissal_finds_the_case_closed(context: AppContext, at: datetime) -> None:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        case = factories.make_case(session, cast.school)
        factories.make_conclusion(session, case, cast["marat"], verdict=Verdict.DISMISSED)
        marat, mira = cast.actor("marat"), cast.actor("mira")
    told: list[str] = []

    def propose_meanwhile() -> None:
        try:
            with acting(context.sessions, marat) as session:
                propose(session, case.id, Verdict.DISMISSED, "Ещё одно основание.", actor=marat, at=at)
        except Refused as refused:
            told.extend(reason.code for reason in refused.reasons)

    with context.sessions() as session:
        bind(session, mira)
        fire(session, case.id, "dismiss", actor=mira, at=at, expected_version=0, request_id="d")
        waiting = threading.Thread(target=propose_meanwhile)
        waiting.start()
        time.sleep(0.5)
        session.commit()
    waiting.join(20)

    assert told == ["case_closed"]
