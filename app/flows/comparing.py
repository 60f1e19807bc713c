"""What differs between two versions of a workflow, in words."""

from __future__ import annotations

from dataclasses import dataclass

from app.flows.definition import Definition, State, Step
from app.flows.vocabulary import GUARDS


@dataclass(frozen=True)
class Change:
    """One difference: `sign` is ``"+"``, ``"-"`` or ``"~"``; `about` is the state or the move it concerns."""

    sign: str
    about_ru: str
    about_en: str
    ru: str
    en: str

    def about(self, locale: str = "ru") -> str:
        return self.about_en if locale == "en" else self.about_ru

    def text(self, locale: str = "ru") -> str:
        return self.en if locale == "en" else self.ru


def compare(old: Definition, new: Definition) -> list[Change]:
    """Every difference from `old` to `new`: head, states in their order, moves."""
    found = []
    if old.initial != new.initial:
        found.append(
            Change(
                "~", "Начало", "Beginning", f"дела начинаются с «{new.initial}», было «{old.initial}»",
                f"cases begin in “{new.initial}”, it was “{old.initial}”",
            )
        )  # fmt: skip
    was, now = {s.code: s for s in old.states}, {s.code: s for s in new.states}
    for code, state in now.items():
        found += _state_changes(was.get(code), state)
    found += [Change("-", s.ru, s.en, "этапа больше нет", "the stage is gone") for c, s in was.items() if c not in now]
    if [c for c in was if c in now] != [c for c in now if c in was]:
        found.append(Change("~", "Порядок", "Order", "этапы идут в другом порядке", "the stages come in another order"))
    steps_was, steps_now = ({(s.source, s.trigger): s for s in d.steps} for d in (old, new))
    for key, step in steps_now.items():
        found += _step_changes(steps_was.get(key), step, new)
    for key, step in steps_was.items():
        if key not in steps_now:
            found.append(Change("-", *_about(step, old), "хода больше нет", "the move is gone"))
    return found


def _state_changes(was: State | None, now: State) -> list[Change]:
    if was is None:
        return [Change("+", now.ru, now.en, "новый этап", "a new stage")]
    pairs = (
        ("название", "title", was.ru, now.ru, was.en, now.en),
        ("срок, рабочих дней", "working days", was.days, now.days, was.days, now.days),
        ("до дня года (месяц-день)", "day of the year (month-day)", was.by, now.by, was.by, now.by),
        ("что делать", "what to do", was.next and was.next.ru, now.next and now.next.ru,
         was.next and was.next.en, now.next and now.next.en),
    )  # fmt: skip
    found = [
        Change(
            "~", now.ru, now.en, f"{ru}: было «{_or_dash(a)}», стало «{_or_dash(b)}»",
            f"{en}: was “{_or_dash(c)}”, now “{_or_dash(d)}”",
        )
        for ru, en, a, b, c, d in pairs
        if a != b
    ]  # fmt: skip
    for ru, en, before, after in (
        ("форма", "form", was.forms, now.forms),
        ("вывод", "verdict", was.verdicts, now.verdicts),
        ("документ", "document", was.documents, now.documents),
        ("поле", "field", was.fields, now.fields),
    ):
        found += [Change("+", now.ru, now.en, f"{ru}: {x}", f"{en}: {x}") for x in after if x not in before]
        found += [Change("-", now.ru, now.en, f"{ru}: {x}", f"{en}: {x}") for x in before if x not in after]
    return found


def _step_changes(was: Step | None, now: Step, new: Definition) -> list[Change]:
    about = _about(now, new)
    if was is None:
        return [Change("+", *about, "новый ход", "a new move")]
    found = []
    for ru, en, before, after in (
        ("ведёт в", "leads to", was.dest, now.dest),
        ("право", "permission", was.permission, now.permission),
        ("название", "title", (was.ru, was.en), (now.ru, now.en)),
        ("роли", "roles", ", ".join(was.roles), ", ".join(now.roles)),
        ("пояснение", "words of one's own", was.reason, now.reason),
        ("побочный ход", "side move", was.is_side, now.is_side),
    ):
        if before != after:
            a, b = (x[0] if isinstance(x, tuple) else x for x in (before, after))
            found.append(Change("~", *about, f"{ru}: было «{_or_dash(a)}», стало «{_or_dash(b)}»",
                                f"{en}: was “{_or_dash(a)}”, now “{_or_dash(b)}”"))  # fmt: skip
    uses_was, uses_now = ({use.name: dict(use.params) for use in step.guards} for step in (was, now))
    for name, params in uses_now.items():
        ru, en = GUARDS[name].title(params), GUARDS[name].title(params, "en")
        if name not in uses_was:
            found.append(Change("+", *about, f"условие: {ru}", f"guard: {en}"))
        elif uses_was[name] != params:
            found.append(
                Change(
                    "~",
                    *about,
                    f"условие «{ru}»: {uses_was[name]} → {params}",
                    f"guard “{en}”: {uses_was[name]} → {params}",
                )
            )
    for name, params in uses_was.items():
        if name not in uses_now:
            ru, en = GUARDS[name].title(params), GUARDS[name].title(params, "en")
            found.append(Change("-", *about, f"условие: {ru}", f"guard: {en}"))
    codes_was, codes_now = ({r.code: r for r in step.reasons} for step in (was, now))
    found += [
        Change("+", *about, f"основание: {r.ru}", f"reason: {r.en}") for c, r in codes_now.items() if c not in codes_was
    ]
    found += [
        Change("-", *about, f"основание: {r.ru}", f"reason: {r.en}") for c, r in codes_was.items() if c not in codes_now
    ]
    return found


def _about(step: Step, definition: Definition) -> tuple[str, str]:
    source = definition.state(step.source)
    assert source is not None
    return f"{source.ru} → {step.ru}", f"{source.en} → {step.en}"


def _or_dash(value: object) -> str:
    return "—" if value in (None, "") else str(value)
