"""Deeds beside the moves: holds, questions, hand-overs, curators, conflicts of interest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import select

from app.models import Person, PersonRelation
from app.terms import (
    Addressee,
    ConflictKind,
)
from app.workflows import case as case_verbs
from app.workflows import (
    declarations,
    hand_overs,
    pauses,
    questions,
)
from tests.workflows.lifecycle.telling import (
    QUESTION,
    Telling,
    deed,
    names,
    sooner_or_later,
    which,
)
from tests.workflows.lifecycle.world import (
    SCHOOLS,
    WHY,
)

OPEN_OFFER = "SELECT to_id FROM case_hand_overs WHERE ended_at IS NULL AND case_id = ?"


class SideDeeds(Telling):
    # ---- holds, questions, hand-overs ----

    @deed(index=which, name=names, days=sooner_or_later, is_legal=st.booleans())
    def hold(self, index: int, name: str, days: int, is_legal: bool) -> None:
        case = self.case(index, "state <> 'closed'" if is_legal else "1")
        if case is not None:
            name = self.department(case) if is_legal else name
            day = self.world.at.date() + timedelta(days=days)
            self.attempt(name, lambda s, a: pauses.hold(s, case["id"], day, WHY, actor=a, at=self.world.at,
                                                        expected_version=case["version"]), "hold")  # fmt: skip

    @deed(index=which, name=names)
    def resume(self, index: int, name: str) -> None:
        case = self.case(index, "1")
        self.attempt(name, lambda s, a: pauses.resume(s, case["id"], "", actor=a, at=self.world.at), "resume")

    @deed(index=which, name=names, to=st.sampled_from(list(Addressee)), days=sooner_or_later, is_legal=st.booleans())
    def ask(self, index: int, name: str, to: Addressee, days: int, is_legal: bool) -> None:
        case = self.case(index)
        if case is None:
            return
        name = self.department(case) if is_legal else name
        day = self.world.at.date() + timedelta(days=days)
        trigger = "back_to_interview" if to is Addressee.STAGE and case["workflow"] == "objectivity_amur" else ""
        self.attempt(
            name,
            lambda s, a: questions.ask(
                s, case["id"], to, QUESTION, day, actor=a, at=self.world.at, expected_version=case["version"],
                request_id=self.world.request_id(), trigger=trigger,
            ),
            "ask",
        )  # fmt: skip

    @deed(index=which, name=names, is_legal=st.booleans(), weight=2)
    def answer(self, index: int, name: str, is_legal: bool) -> None:
        case = self.case(index, "id IN (SELECT case_id FROM case_questions WHERE closed_at IS NULL)")
        if case is not None:
            name = self.department(case, 1) if is_legal else name
            self.attempt(name, lambda s, a: questions.answer(s, case["id"], WHY, actor=a, at=self.world.at), "answer")

    @deed(
        index=which, name=names, to=st.sampled_from(["kira", "nina", "dima", "ivan"]), is_legal=st.booleans(),
        then=st.sampled_from(["", "accept", "decline", "withdraw"]), weight=2,
    )  # fmt: skip
    def offer(self, index: int, name: str, to: str, is_legal: bool, then: str) -> None:
        case = self.case(index, "state <> 'closed' AND curator_id IS NOT NULL" if is_legal else "1")
        if case is not None:
            name = self.department(case) if is_legal else name
            self.attempt(name, lambda s, a: hand_overs.propose(s, case["id"], self.world.users[to], WHY, actor=a,
                                                               at=self.world.at), "offer")  # fmt: skip
            if then and self.world.rows(OPEN_OFFER, case["id"]):
                self.reply(case, name, then, is_legal=True)

    @deed(index=which, name=names, what=st.sampled_from(["accept", "decline", "withdraw"]), is_legal=st.booleans())
    def answer_offer(self, index: int, name: str, what: str, is_legal: bool) -> None:
        case = self.case(index, "id IN (SELECT case_id FROM case_hand_overs WHERE ended_at IS NULL)")
        if case is not None:
            self.reply(case, name, what, is_legal=is_legal)

    def reply(self, case: Any, name: str, what: str, *, is_legal: bool) -> None:
        (row,) = self.world.rows(OPEN_OFFER, case["id"])
        asked = next(login for login, id in self.world.users.items() if id == row[0])
        if what == "withdraw":
            name = self.department(case) if is_legal else name
            self.attempt(name, lambda s, a: hand_overs.withdraw(s, case["id"], WHY, actor=a, at=self.world.at),
                         "withdraw_offer")  # fmt: skip
            return
        name = asked if is_legal else name
        done = self.attempt(
            name,
            lambda s, a: hand_overs.answer(
                s, case["id"], what == "accept", WHY, no_conflict_declared=True, actor=a, at=self.world.at
            ),
            what,
        )
        assert done is None or name == asked, "somebody else answered the offer"

    # ---- the curator, and what is known of people ----

    @deed(index=which, name=names, to=st.sampled_from(["kira", "nina", "dima"]), is_legal=st.booleans())
    def assign_interview(self, index: int, name: str, to: str, is_legal: bool) -> None:
        case = self.case(index)
        if case is not None:
            name = self.department(case) if is_legal else name
            self.attempt(name, lambda s, a: case_verbs.hand_interview(s, case["id"], self.world.users[to], actor=a,
                                                                      at=self.world.at), "interviewer")  # fmt: skip

    @deed(index=which, name=names, to=st.sampled_from(["kira", "nina", "dima"]), days=st.sampled_from([1, 30, 200]))
    def issue_order(self, index: int, name: str, to: str, days: int) -> None:
        """Orders expire, some of them soon."""
        case = self.case(index)
        if case is not None:
            self.world.issue_order(name, case["id"], to, days)
            self.oracle.look()

    @deed(name=st.sampled_from(["kira", "ivan"]), code=st.sampled_from(list(SCHOOLS)), is_rare=st.booleans())
    def a_conflict_comes_to_light(self, name: str, code: str, is_rare: bool) -> None:
        if not is_rare:
            self.tie(name, self.world.schools[code])

    def recuse(self, name: str, school_id: int) -> None:
        """Somebody who decides by office says that a relative works at the school."""
        said = self.attempt(
            name,
            lambda s, a: declarations.recuse(s, school_id, [ConflictKind.RELATIVE], "", actor=a, at=self.world.at),
            "recuse",
        )  # fmt: skip
        assert (said is None) == ((name, school_id) in self.world.ties), "a tie is said once and not refused"
        self.world.ties.add((name, school_id))

    def tie(self, name: str, school_id: int) -> None:
        """From now on it is known that a relative of this person works at the school."""
        if (name, school_id) in self.world.ties:
            return

        def tell(session: Any) -> None:
            person = session.scalars(select(Person).where(Person.user_id == self.world.users[name])).one()
            place = {"municipality_id": person.municipality_id, "school_id": person.school_id}
            session.add(
                PersonRelation(
                    person_id=person.id, kind=ConflictKind.RELATIVE, related_school_id=school_id, note="сестра",
                    stated_by_name="Marat", stated_at=self.world.at, **place,
                )
            )  # fmt: skip

        self.arrange(tell)
        self.world.ties.add((name, school_id))
