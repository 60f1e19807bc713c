"""What must hold after every change, read from the file past the program's own sessions, types and policy.

Rights, territories, the second person and the days of a clock are said here once more, by hand.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.database import acting
from app.flows import Definition
from app.flows.clock import fixed_day
from app.models import JournalEntry
from app.policy import SYSTEM
from app.workflows import journal
from app.workflows.calendar_world import calendar_of
from app.workflows.definitions import shipped
from tests.workflows.lifecycle.world import ROLES, World

MOVERS = {
    "case:assign": {"region_manager", "department"},
    "case:close": {"region_manager", "department"},
    "case:interview": {"department", "curator"},
    "case:observe": {"department", "inspector"},
    "case:recheck": {"department", "analyst", "inspector"},
    "case:return": {"region_manager", "department", "curator"},
    "case:support": {"department", "analyst", "curator"},
}
"""Right of a move → the roles that may make it."""

LED = {"withdraw", "migrate"}
"""Triggers of no table: a withdrawn bulk decision, another version of the workflow."""

WATCHED = (
    "cases", "case_events", "case_pauses", "case_questions", "case_hand_overs", "case_episodes", "conclusions",
    "curator_orders", "dynamics_reviews", "admin_measures", "workflow_choices", "workflow_migrations",
)  # fmt: skip
"""Tables whose every change stands in the journal."""


class Oracle:
    """Looks at the file after every change and remembers what may never change again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.events: list[tuple[Any, ...]] = []
        self.flags: dict[int, tuple[Any, ...]] = {}
        self.standing: set[int] = set()
        self.last_seq, self.last_mac, self.entries = 0, bytes(32), []
        self.acknowledged: Counter[str] = Counter()
        self.fired: Counter[tuple[str, str, str]] = Counter()
        self.seen = -1
        self.digest: tuple[Any, ...] = ()
        self.calendars: dict[int, Any] = {}
        self.look(is_arranged=True)

    def look(self, *, is_arranged: bool = False) -> None:
        """Check everything, unless nothing was committed since the last look.

        Parameters
        ----------
        is_arranged : bool
            The test itself wrote rows, past the verbs and therefore past the journal.
        """
        version = self.world.data_version()
        if version == self.seen:
            return
        new = self._chain()
        digest = tuple(tuple(map(tuple, self.world.rows(f"SELECT * FROM {table}"))) for table in WATCHED)
        assert is_arranged or digest == self.digest or new, "a change without a journal entry"
        self.seen, self.digest = version, digest
        cases = {row["id"]: row for row in self.world.rows("SELECT * FROM cases")}
        self._cases(cases)
        self._moves(cases)
        self._pauses(cases)
        self._effects()
        self._frozen()

    def end(self) -> None:
        """The whole chain once more, as the program verifies it."""
        with acting(self.world.context.sessions, SYSTEM) as session:
            assert journal.verify(session, self.world.context.settings.keys["journal"]) == []

    # ---- cases ----

    def _cases(self, cases: dict[int, Any]) -> None:
        open_ones = Counter((c["school_id"], c["kind"]) for c in cases.values() if c["state"] != "closed")
        assert all(n == 1 for n in open_ones.values()), "two open cases of a kind at a school"
        gone_on = [c["episode_of_id"] for c in cases.values() if c["episode_of_id"] is not None]
        assert len(gone_on) == len(set(gone_on)), "a closed case was gone on with twice"
        pauses = defaultdict(list)
        for pause in self.world.rows("SELECT * FROM case_pauses ORDER BY id"):
            pauses[pause["case_id"]].append(pause)
        for case in cases.values():
            stage = _flow(case).state(case["state"])
            assert stage is not None, "a state that the case's workflow does not know"
            is_closed = case["state"] == "closed"
            assert is_closed == (case["closed_at"] is not None) == (case["verdict"] is not None)
            if not is_closed:
                expected = self._due(case, stage, pauses[case["id"]])
                assert case["due_on"] == (expected and expected.isoformat()), ("due", tuple(case), expected)

    def _due(self, case: Any, stage: Any, pauses: list[Any]) -> date | None:
        """The last day of the stage, counted day by day."""
        if stage.days is None:
            return None
        calendar = self._calendar(case["municipality_id"])
        day = _moment(case["entered_at"]).date()
        left = stage.days
        if stage.by is not None:
            end, n, walker = calendar.next_working(fixed_day(stage.by, day)), 0, day
            while walker < end:
                walker += timedelta(days=1)
                n += calendar.is_working(walker)
            left = max(left, n)
        spans = [_span(pause) for pause in pauses]
        while left:
            day += timedelta(days=1)
            if calendar.is_working(day) and not any(begin <= day < end for begin, end in spans):
                left -= 1
        return day

    def _calendar(self, municipality_id: int) -> Any:
        if municipality_id not in self.calendars:
            with acting(self.world.context.sessions, SYSTEM) as session:
                self.calendars[municipality_id] = calendar_of(session, municipality_id)
        return self.calendars[municipality_id]

    # ---- moves ----

    def _moves(self, cases: dict[int, Any]) -> None:
        events = [tuple(row) for row in self.world.rows("SELECT * FROM case_events ORDER BY id")]
        assert events[: len(self.events)] == self.events, "a move of the past has changed"
        self.events = events
        named = self.world.rows("SELECT * FROM case_events ORDER BY id")
        chains = defaultdict(list)
        for event in named:
            chains[event["case_id"]].append(event)
        for case in cases.values():
            chain = chains[case["id"]]
            assert [event["seq"] for event in chain] == list(range(1, case["version"] + 1)), "version and events differ"
            state = "flagged"
            for event in chain:
                assert event["from_state"] == state
                state = event["to_state"]
            assert state == case["state"]
        known = sum(self.acknowledged.values())
        fresh = named[known:]
        for event in fresh:
            self._move(event, cases[event["case_id"]])
            self.acknowledged[event["request_id"]] += 1
        assert all(n == 1 for n in self.acknowledged.values())

    def _move(self, event: Any, case: Any) -> None:
        if event["trigger"] in LED:
            return
        flow = _flow(case)
        step = next((s for s in flow.steps if (s.source, s.trigger) == (event["from_state"], event["trigger"])), None)
        assert step is not None, f"no way {event['trigger']} from {event['from_state']}"
        assert step.dest == event["to_state"], "the move led elsewhere"
        assert case["id"] not in self.standing, "a held or questioned case moved"
        login = next(name for name, id in self.world.users.items() if id == event["actor_id"])
        role, place = ROLES[login]
        assert role in MOVERS[step.permission], f"a {role} made the move {step.trigger}"
        assert place is None or place == self.world.place_of(case["id"]), "a move outside the territory"
        assert (login, case["school_id"]) not in self.world.ties, "a move in spite of a conflict of interest"
        if role in ("curator", "inspector"):
            assert self._is_involved(role, event["actor_id"], case), "a move of a case that is nobody's business"
        if step.dest == "closed":
            assert event["actor_id"] != self.world.last_proposer(case["id"]), "one person proposed and approved"
        self.fired[flow.id, step.source, step.trigger] += 1

    def _is_involved(self, role: str, user_id: int, case: Any) -> bool:
        if role == "inspector":
            tables = (("observations", "observer_id"), ("rechecks", "inspector_id"))
        else:
            tables = (("cases", "curator_id"), ("curator_orders", "curator_id"), ("case_hand_overs", "to_id"))
        return any(
            self.world.rows(f"SELECT 1 FROM {table} WHERE school_id = ? AND {column} = ?", case["school_id"], user_id)
            for table, column in tables
        )

    # ---- side moves ----

    def _pauses(self, cases: dict[int, Any]) -> None:
        held = self.world.rows("SELECT case_id FROM case_pauses WHERE ended_at IS NULL AND cause = 'hold'")
        asked = self.world.rows("SELECT case_id FROM case_questions WHERE closed_at IS NULL")
        self.standing = {row[0] for row in (*held, *asked)}
        assert all(cases[case_id]["state"] != "closed" for case_id in self.standing), "a closed case waits"
        for offer in self.world.rows("SELECT * FROM case_hand_overs WHERE ended_at IS NULL"):
            assert cases[offer["case_id"]]["curator_id"] != offer["to_id"], "a case is offered to its own curator"
        for measure in self.world.rows("SELECT * FROM admin_measures"):
            first = cases[measure["case_id"]]
            while first["episode_of_id"] is not None:
                first = cases[first["episode_of_id"]]
            opened = _moment(first["opened_at"]).date()
            assert date.fromisoformat(measure["issued_on"]) >= opened.replace(
                year=opened.year + 2, day=min(opened.day, 28)
            )

    # ---- journal, effects, flags ----

    def _chain(self) -> list[JournalEntry]:
        """New entries of the journal; each is sealed to the one before."""
        key = self.world.context.settings.keys["journal"]
        with acting(self.world.context.sessions, SYSTEM) as session:
            new = list(
                session.scalars(select(JournalEntry).where(JournalEntry.seq > self.last_seq).order_by(JournalEntry.seq))
            )
        for entry in new:
            assert (entry.seq, entry.prev) == (self.last_seq + 1, self.last_mac), "the chain of the journal is broken"
            assert entry.mac == journal.seal(key, entry), "an entry of the journal has changed"
            self.last_seq, self.last_mac = entry.seq, entry.mac
        self.entries += [entry.request_id for entry in new if entry.action.startswith("case:") and entry.request_id]
        return new

    def _effects(self) -> None:
        requests = self.world.rows("SELECT request_id FROM case_events WHERE trigger <> 'withdraw'")
        assert Counter(row[0] for row in requests) == Counter(self.entries), "moves and their journal entries differ"
        events = Counter(row[0] for row in self.world.rows("SELECT id FROM case_events"))
        jobs = self.world.rows("SELECT json_extract(payload, '$.event_id') FROM outbox WHERE kind = 'case_moved'")
        led = self.world.rows("SELECT value FROM outbox, json_each(payload, '$.event_ids') WHERE kind = 'cases_led'")
        assert Counter(row[0] for row in (*jobs, *led)) == events, "a move without its job, or with two"
        wrong = self.world.rows(
            "SELECT o.id FROM outbox o LEFT JOIN job_effects e ON e.outbox_id = o.id"
            " GROUP BY o.id HAVING count(e.outbox_id) <> (o.status = 'done')"
        )
        assert not wrong, "an effect was lost or doubled"

    def _frozen(self) -> None:
        rows = {
            row["id"]: tuple(row[key] for key in row.keys() if key != "case_id")  # noqa: SIM118
            for row in self.world.rows("SELECT * FROM flags")
        }
        assert all(rows.get(id) == row for id, row in self.flags.items()), "a frozen flag has changed"
        self.flags = rows


def _flow(case: Any) -> Definition:
    return shipped(case["workflow"]).definition


def _span(pause: Any) -> tuple[date, date]:
    """First day on which the clock stands, and the first on which it runs again."""
    begin, until = _moment(pause["started_at"]).date(), date.fromisoformat(pause["until_on"])
    if pause["ended_at"] is None or pause["ended_by_id"] is None:
        return begin, until
    return begin, _moment(pause["ended_at"]).date()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
