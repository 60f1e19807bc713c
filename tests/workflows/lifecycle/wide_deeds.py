"""Deeds beyond one case: episodes, further years, measures, decisions over many cases, migrations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import select

from app.models import Finding, School, WorkflowMigration, WorkflowVersion
from app.terms import (
    AdminMeasureKind,
    BulkKind,
    BulkStatus,
    CaseKind,
    Family,
    FindingLevel,
    FindingOutcome,
)
from app.workflows import (
    bulk,
    bulk_withdrawal,
    flow_migration,
    flow_versions,
    measures,
)
from app.workflows import case as case_verbs
from app.workflows.definitions import shipped
from tests import factories
from tests.workflows.lifecycle.telling import (
    FLOWS,
    Telling,
    deed,
    names,
    which,
)
from tests.workflows.lifecycle.world import (
    DEPARTMENTS,
    SCHOOLS,
    WHY,
)


class WideDeeds(Telling):
    # ---- closures, episodes, years ----

    @deed(index=which, name=names, with_curator=st.booleans(), is_legal=st.booleans())
    def reopen(self, index: int, name: str, with_curator: bool, is_legal: bool) -> None:
        open_ones = "SELECT school_id || kind FROM cases WHERE state <> 'closed'"
        case = self.case(index, f"state = 'closed' AND school_id || kind NOT IN ({open_ones})" if is_legal else "1")
        if case is not None:
            name = self.department(case) if is_legal else name
            self.reopen_case(name, case["id"], with_curator=with_curator)

    @deed(code=st.sampled_from(list(SCHOOLS)), name=st.sampled_from(["anna", "marat", "dina", "kira", "sveta"]))
    def new_signs(self, code: str, name: str) -> None:
        """A further year is screened: a flag opens a case or joins the open one, and stays frozen."""
        at, flags = self.world.at, {}

        def screen(session: Any) -> None:
            run = factories.make_run(session, year=at.year, requested_at=at, raised_at=at)
            for school in session.scalars(select(School).where(School.code.in_(list(SCHOOLS)))):
                session.add(
                    Finding(
                        run_id=run.id, year=at.year, subject="ma", grade=5, detector="boundary_push",
                        family=Family.BOUNDARY, n=60, level=FindingLevel.FULL, outcome=FindingOutcome.ASSESSED,
                        **factories.place(school),
                    )
                )  # fmt: skip
                frozen = {"findings": [{"subject": "ma", "grade": 5, "sign": True}]}
                flags[school.code] = factories.make_flag(
                    session, school, run, year=at.year, frozen=frozen, raised_at=at
                )

        self.arrange(screen)
        self.attempt(name, lambda s, a: case_verbs.open_case(s, s.merge(flags[code]), actor=a, at=at), "new_signs")

    @deed(code=st.sampled_from(["m001", "m002"]), name=names, flow=st.sampled_from(FLOWS[:3]), is_legal=st.booleans())
    def choose_workflow(self, code: str, name: str, flow: str, is_legal: bool) -> None:
        self.choose(DEPARTMENTS[code][0] if is_legal else name, code, flow)

    def choose(self, name: str, code: str, flow: str) -> None:
        self.attempt(
            name,
            lambda s, a: flow_versions.choose(
                s, CaseKind.OBJECTIVITY, flow, municipality_id=self.world.municipalities[code], reason=WHY, actor=a,
                at=self.world.at,
            ),
            "choose",
        )  # fmt: skip

    @deed(index=which, name=names, is_legal=st.booleans())
    def record_measure(self, index: int, name: str, is_legal: bool) -> None:
        case = self.case(index)
        if case is None:
            return
        name = self.department(case) if is_legal else name
        form = measures.MeasureForm(AdminMeasureKind.REMARK, "12-к", self.world.at.date(), "директор школы", WHY)
        self.attempt(name, lambda s, a: measures.record_measure(s, case["id"], form, actor=a, at=self.world.at),
                     "measure")  # fmt: skip

    @deed(index=which, name=names, is_legal=st.booleans())
    def review_dynamics(self, index: int, name: str, is_legal: bool) -> None:
        case = self.case(index)
        if case is None:
            return
        name = self.department(case) if is_legal else name
        today = self.world.at.date()
        self.attempt(name, lambda s, a: measures.record_review(s, case["id"], WHY, actor=a, at=self.world.at, on=today),
                     "review_dynamics")  # fmt: skip

    # ---- many cases at once ----

    @deed(
        name=st.sampled_from(["marat", "mira", "dina", "rita", "kira"]),
        what=st.sampled_from(["hold", "interview", "dismiss", "diagnose", "observe"]),
        minutes=st.sampled_from([None, 0, 9, 10, 12]),
    )
    def decide_in_bulk(self, name: str, what: str, minutes: int | None) -> None:
        """Some decisions are withdrawn: within ten minutes every case stands again where it stood."""
        ids = [case["id"] for case in self.cases("state <> 'closed'")]
        is_hold, at = what == "hold", self.world.at
        params = {"until_on": (at.date() + timedelta(days=5)).isoformat()} if is_hold else {}

        def decide(session: Any, actor: Any) -> Any:
            made = bulk.try_dry(
                session, BulkKind.HOLD if is_hold else BulkKind.MOVE, ids, trigger="" if is_hold else what,
                params=params, reason=WHY, actor=actor, at=at,
            )  # fmt: skip
            return bulk.confirm(session, made.id, actor=actor, at=at)

        before = self.standing()
        decision = self.attempt(name, decide)
        if decision is None:
            return
        self.job("bulk_decision", decision.id)
        self.tally["bulk"] += 1
        after = self.standing()
        running = self.world.rows("SELECT 1 FROM bulk_decisions WHERE status = ?", BulkStatus.RUNNING.value)
        assert not running
        if minutes is None:
            return
        later = at + timedelta(minutes=minutes)
        withdrawn = self.attempt(
            name, lambda s, a: bulk_withdrawal.withdraw(s, decision.id, WHY, actor=a, at=later), "withdraw_bulk"
        )
        assert (withdrawn is not None) == (minutes < 10), "ten minutes are ten minutes"
        if withdrawn is not None:
            self.job("bulk_withdraw", decision.id)
        assert self.standing() == (before if withdrawn is not None else after)

    @deed(pair=st.permutations(FLOWS[:3]), name=st.sampled_from(["root", "root", "root", "marat", "rita"]),
          is_undone=st.booleans())  # fmt: skip
    def migrate(self, pair: list[str], name: str, is_undone: bool) -> None:
        """Cases go over to another workflow; taken back at once, all stand where they stood."""
        source, target = pair[:2]
        mapping = flow_migration.usual_mapping(shipped(source), shipped(target))

        def ask(session: Any, actor: Any) -> WorkflowMigration:
            ids = {row.name: row.id for row in session.scalars(select(WorkflowVersion))}
            return flow_migration.request_migration(
                session, ids[source], ids[target], mapping, reason=WHY, actor=actor, at=self.world.at
            )

        before = self.standing()
        made = self.attempt(name, ask, "migrate")
        if made is None:
            return
        assert name == "root", "only the administrator migrates"
        self.job("migrate_cases", made.id)
        if is_undone:
            self.attempt(name, lambda s, a: flow_migration.request_undo(s, made.id, reason=WHY, actor=a,
                                                                        at=self.world.at), "migrate_back")  # fmt: skip
            self.job("undo_migration", made.id)
            assert self.standing() == before
