"""What makes a workflow impossible to run although its file reads well: every such mistake, named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.flows.definition import CLOSED, Definition, State, Step
from app.flows.problems import Problem
from app.flows.sentences import SENTENCES
from app.flows.shape import Shape
from app.flows.vocabulary import CLOSING, FIELDS, FORMS, GUARDS, PERMISSIONS, RESERVED
from app.terms import DocumentKind, Verdict

Grants = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class _Mistake:
    """A mistake before it is put into words: what it is, at which key, and what the sentence names."""

    code: str
    key: str = ""
    words: Mapping[str, Any] = field(default_factory=dict)


def check(text: str, *, grants: Grants | None = None) -> list[Problem]:
    """Every mistake of a workflow's text, in the order of its lines; an empty list when it can be published.

    Parameters
    ----------
    text : str
        The TOML.
    grants : mapping, optional
        Role → its permissions. With it a move that nobody may make is a mistake too.
    """
    shape = Shape(text)
    definition = shape.definition()
    if definition is None or shape.problems:
        return _ordered(shape.problems)
    return _ordered([problem for rule in _RULES for problem in rule(definition, shape, grants)])


def _ordered(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.key))


def _told(mistake: _Mistake, shape: Shape, name: str, table: str, number: int | None = 0) -> Problem:
    """The mistake in words; `number` is the table's, None where the table is missing altogether."""
    ru, en = (sentence.format(**mistake.words) for sentence in SENTENCES[mistake.code])
    key = ": ".join(part for part in (name, mistake.key) if part)
    if number is None:
        return Problem(mistake.code, key, ru, en, None, (table, 0, ""))
    key_of_line = mistake.key if table else name
    return Problem(mistake.code, key, ru, en, shape.line(table, number, key_of_line), (table, number, key_of_line))


def _states(definition: Definition, shape: Shape, _grants: Grants | None) -> Iterator[Problem]:
    codes = [state.code for state in definition.states]
    for code, times in Counter(codes).items():
        if times > 1:
            number = len(codes) - 1 - codes[::-1].index(code)
            mistake = _Mistake("duplicate_state", words={"times": times})
            yield _told(mistake, shape, f"state «{code}»", "state", number)
    if CLOSED not in codes:
        yield _told(_Mistake("no_closed"), shape, "state", "state", None)
    if definition.initial not in codes or definition.initial == CLOSED:
        mistake = _Mistake("no_initial", words={"name": definition.initial})
        yield _told(mistake, shape, "initial", "")
    for number, state in enumerate(definition.states):
        for mistake in _of_closed(state) if state.code == CLOSED else _of_open(state):
            yield _told(mistake, shape, f"state «{state.code}»", "state", number)


def _of_closed(state: State) -> Iterator[_Mistake]:
    if state.days or state.by or state.forms or state.verdicts or state.documents or state.fields or state.next:
        yield _Mistake("closed_has_work", "code")


def _of_open(state: State) -> Iterator[_Mistake]:
    if state.days is None:
        yield _Mistake("no_budget", "days")
    step = (state.next.form,) if state.next else ()
    for key, given, known in (
        ("forms", (*state.forms, *step), sorted(FORMS)),
        ("documents", state.documents, list(DocumentKind)),
        ("fields", state.fields, list(FIELDS)),
    ):
        for name in dict.fromkeys(given):
            if name not in known:
                yield _Mistake(f"unknown_{key[:-1]}", key, {"name": name, "known": ", ".join(known)})
    if state.next is not None and state.next.form in FORMS and state.next.form not in state.forms:
        yield _Mistake("next_not_offered", "next", {"name": state.next.form})


def _steps(definition: Definition, shape: Shape, grants: Grants | None) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    places = _places(shape)
    for step in definition.steps:
        place = f"transition «{step.trigger}» из «{step.source}»"
        number = places.get((step.trigger, step.source), 0)
        mistakes = [*_of_ends(definition, step), *_of_rights(step, grants), *_of_reasons(step)]
        mistakes += [*_of_guards(definition, step), *_of_closing(definition, step)]
        if (step.source, step.trigger) in seen:
            mistakes.append(_Mistake("duplicate_trigger", "trigger"))
        seen.add((step.source, step.trigger))
        for mistake in mistakes:
            yield _told(mistake, shape, place, "transition", number)


def _places(shape: Shape) -> dict[tuple[str, str], int]:
    """Trigger and source → number of the table that describes the step (the last of several)."""
    found = {}
    for number, row in enumerate(shape.tables("transition")):
        sources = [row["source"]] if isinstance(row["source"], str) else row["source"]
        found.update({(str(row["trigger"]), str(source)): number for source in sources})
    return found


def _of_ends(definition: Definition, step: Step) -> Iterator[_Mistake]:
    if definition.state(step.source) is None or step.source == CLOSED:
        yield _Mistake("unknown_source", "source", {"name": step.source})
    if definition.state(step.dest) is None:
        yield _Mistake("unknown_dest", "dest", {"name": step.dest})
    if step.source == step.dest:
        yield _Mistake("goes_nowhere", "dest")
    if step.trigger in RESERVED:
        yield _Mistake("reserved_trigger", "trigger", {"name": step.trigger})


def _of_rights(step: Step, grants: Grants | None) -> Iterator[_Mistake]:
    words = {"name": step.permission, "known": ", ".join(sorted(PERMISSIONS))}
    if step.permission not in PERMISSIONS:
        yield _Mistake("unknown_permission", "permission", words)
    elif grants is not None:
        holders = {role for role, held in grants.items() if step.permission in held}
        for role in sorted(set(step.roles) - holders):
            yield _Mistake("role_without_permission", "roles", {**words, "role": role})
        if not holders:
            yield _Mistake("nobody_may", "permission", words)


def _of_reasons(step: Step) -> Iterator[_Mistake]:
    codes = [reason.code for reason in step.reasons]
    if len(set(codes)) != len(codes):
        yield _Mistake("duplicate_reason", "reasons")
    for reason in step.reasons:
        if not reason.ru.strip() or not reason.en.strip():
            yield _Mistake("reason_without_text", "reasons", {"name": reason.code})


def _of_guards(definition: Definition, step: Step) -> Iterator[_Mistake]:
    source = definition.state(step.source)
    for guard in step.guards:
        spec = GUARDS.get(guard.name)
        words = {"guard": guard.name}
        if spec is None:
            yield _Mistake("unknown_guard", "guards", {"name": guard.name, "known": ", ".join(GUARDS)})
            continue
        params = {param.name: param for param in spec.params}
        for name in sorted(guard.params.keys() - params.keys()):
            known = ", ".join(params) or "—"
            yield _Mistake("unknown_parameter", "guards", {**words, "name": name, "known": known})
        for name, param in params.items():
            words |= {"name": name, "known": ", ".join(param.words) if param.words else f"{param.low}…{param.high}"}
            if name not in guard.params:
                if param.is_required:
                    yield _Mistake("missing_parameter", "guards", words)
            elif not param.takes(guard.params[name]):
                yield _Mistake("wrong_parameter", "guards", {**words, "value": repr(guard.params[name])})
        if spec.form is not None and source is not None and spec.form not in source.forms:
            yield _Mistake("form_not_offered", "guards", {**words, "name": spec.form, "state": source.code})
    names = [guard.name for guard in step.guards if not guard.params]
    if len(set(names)) != len(names):
        yield _Mistake("duplicate_guard", "guards")


def _of_closing(definition: Definition, step: Step) -> Iterator[_Mistake]:
    if step.dest != CLOSED:
        return
    names, source = {guard.name for guard in step.guards}, definition.state(step.source)
    if "second" not in names:
        yield _Mistake("no_second_person", "guards")
    if len(CLOSING & names) != 1:
        yield _Mistake("no_verdict", "guards")
    elif source is not None:
        wanted = {Verdict.DISMISSED} if "dismissal" in names else set(Verdict) - {Verdict.DISMISSED}
        if not wanted & set(source.verdicts):
            yield _Mistake("no_verdict_here", "source", {"state": source.code})


def _graph(definition: Definition, shape: Shape, _grants: Grants | None) -> Iterator[Problem]:
    forth: dict[str, set[str]] = {}
    back: dict[str, set[str]] = {}
    for step in definition.steps:
        forth.setdefault(step.source, set()).add(step.dest)
        back.setdefault(step.dest, set()).add(step.source)
    reached, closing = _spread(definition.initial, forth), _spread(CLOSED, back)
    if definition.initial not in closing:
        yield _told(_Mistake("cannot_close"), shape, "initial", "")
    for number, state in enumerate(definition.states):
        place = f"state «{state.code}»"
        if state.code not in reached:
            yield _told(_Mistake("unreachable"), shape, place, "state", number)
        if state.code not in closing and state.code != CLOSED:
            yield _told(_Mistake("dead_end"), shape, place, "state", number)


def _spread(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    found, left = {start}, [start]
    while left:
        for code in edges.get(left.pop(), set()) - found:
            found.add(code)
            left.append(code)
    return found


_RULES: tuple[Callable[[Definition, Shape, Grants | None], Iterator[Problem]], ...] = (_states, _steps, _graph)
