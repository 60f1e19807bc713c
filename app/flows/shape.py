"""From TOML to a definition, key by key; every key that is missing, unknown or of a wrong kind is named."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from app.flows.definition import Definition, GuardUse, NextStep, ReasonCode, State, Step
from app.flows.lines import Place, lines
from app.flows.problems import Problem
from app.terms import CaseKind, Role, Verdict

CODE = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
VERSION = re.compile(r"^[0-9]{1,4}(\.[0-9]{1,4}){0,3}$")
DAY = re.compile(r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")
ASKS = ("none", "optional", "required")

_HEAD = {"id", "kind", "title", "title_en", "version", "source", "initial", "state", "transition"}
_STATE = {"code", "ru", "en"}
_STATE_MORE = {"days", "by", "forms", "verdicts", "documents", "fields", "next"}
_NEXT = {"form", "ru", "en", "button_ru", "button_en"}
_STEP = {"trigger", "source", "dest", "ru", "en", "done_ru", "done_en", "permission"}
_STEP_MORE = {"roles", "guards", "reason", "reasons", "is_side"}


class Shape:
    """One reading of one text: the problems found so far, and where things stand in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self._places = lines(text)

    def line(self, table: str, number: int, key: str = "") -> int | None:
        return self._places.get((table, number, key)) or self._places.get((table, number, ""))

    def say(self, code: str, key: str, line: int | None, ru: str, en: str, place: Place | None = None) -> None:
        self.problems.append(Problem(code, key, ru, en, line, place))

    def tables(self, name: str) -> list[Mapping[str, Any]]:
        """The tables ``[[name]]`` as they are written, of a text that reads as TOML."""
        return list(tomllib.loads(self.text).get(name, []))

    def definition(self) -> Definition | None:
        """The definition, as far as it can be made out; None when the text is no TOML or lacks its head."""
        try:
            body = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            self.say(
                "not_toml",
                "TOML",
                int(found.group(1)) if found else None,
                f"не читается как TOML ({error}); исправьте запись в этой строке.",
                f"cannot be read as TOML ({error}); mend this line.",
            )
            return None
        at = _At(self, "", 0, "")
        at.keys(body, _HEAD, set())
        head = {key: at.text(body, key) for key in ("title", "title_en", "source")}
        name, version = at.matching(body, "id", CODE), at.matching(body, "version", VERSION)
        kind, initial = at.word(body, "kind", tuple(CaseKind)), at.matching(body, "initial", CODE)
        states = [self._state(row, number) for number, row in enumerate(at.tables(body, "state"))]
        steps = [step for number, row in enumerate(at.tables(body, "transition")) for step in self._steps(row, number)]
        if len(name) > 40:
            at.wrong("id", "короче 41 знака", "shorter than 41 characters")
        return Definition(
            name,
            kind,
            version,
            head["title"],
            head["title_en"],
            head["source"],
            initial,
            tuple(states),
            tuple(steps),
            hashlib.sha256(self.text.encode()).hexdigest(),
        )

    def _state(self, row: Mapping[str, Any], number: int) -> State:
        code = str(row.get("code", number + 1))
        at = _At(self, "state", number, f"state «{code}»")
        at.keys(row, _STATE, _STATE_MORE)
        days = row.get("days")
        if days is not None and not (isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= 400):
            at.wrong("days", "целое число рабочих дней от 1 до 400", "a whole number of working days from 1 to 400")
            days = None
        by = at.matching(row, "by", DAY) if "by" in row else None
        following = row.get("next")
        return State(
            at.matching(row, "code", CODE),
            at.text(row, "ru"),
            at.text(row, "en"),
            days,
            by or None,
            at.words(row, "forms"),
            at.words(row, "verdicts", tuple(Verdict)),
            at.words(row, "documents"),
            at.words(row, "fields"),
            None if following is None else self._next(following, number, code),
        )

    def _next(self, row: Any, number: int, code: str) -> NextStep | None:
        at = _At(self, "state.next", self._count_before("state.next", number), f"state «{code}» next")
        if not isinstance(row, Mapping):
            at.wrong("next", "таблица [state.next]", "a table [state.next]")
            return None
        at.keys(row, _NEXT, set())
        return NextStep(**{key: at.text(row, key) for key in sorted(_NEXT)})

    def _count_before(self, table: str, number: int) -> int:
        """Which table of its name belongs to state `number`: the first one that stands after the state's own line."""
        own = self._places.get(("state", number, ""), 0)
        later = self._places.get(("state", number + 1, ""), 10**9)
        for (name, count, key), line in self._places.items():
            if name == table and key == "" and own < line < later:
                return count
        return 0

    def _steps(self, row: Mapping[str, Any], number: int) -> list[Step]:
        trigger, sources = str(row.get("trigger", number + 1)), row.get("source")
        at = _At(self, "transition", number, f"transition «{trigger}»")
        at.keys(row, _STEP, _STEP_MORE)
        if isinstance(sources, str):
            sources = [sources]
        if not isinstance(sources, list) or not sources or not all(isinstance(item, str) for item in sources):
            if "source" in row:
                at.wrong("source", "код состояния или список кодов", "a state's code or a list of codes")
            sources = []
        is_side = row.get("is_side", False)
        if not isinstance(is_side, bool):
            at.wrong("is_side", "true или false", "true or false")
            is_side = False
        texts = {key: at.text(row, key) for key in ("ru", "en", "done_ru", "done_en")}
        trigger, dest = at.matching(row, "trigger", CODE), at.matching(row, "dest", CODE)
        permission, roles = at.text(row, "permission"), at.words(row, "roles", tuple(Role))
        guards, reasons = self._guards(at, row), self._reasons(at, row)
        asks = at.word(row, "reason", ASKS) if "reason" in row else "optional"
        return [
            Step(
                trigger,
                source,
                dest,
                texts["ru"],
                texts["en"],
                texts["done_ru"],
                texts["done_en"],
                permission,
                roles,
                guards,
                asks,
                reasons,
                is_side,
            )
            for source in sources
        ]

    def _guards(self, at: _At, row: Mapping[str, Any]) -> tuple[GuardUse, ...]:
        found = []
        listed = row.get("guards", [])
        if not isinstance(listed, list):
            at.wrong("guards", "список условий", "a list of guards")
            listed = []
        for item in listed:
            if isinstance(item, str):
                found.append(GuardUse(item))
            elif isinstance(item, Mapping) and isinstance(item.get("name"), str):
                found.append(GuardUse(item["name"], {key: item[key] for key in item if key != "name"}))
            else:
                at.wrong("guards", "имя или { name = …, … }", "a name or { name = …, … }")
        return tuple(found)

    def _reasons(self, at: _At, row: Mapping[str, Any]) -> tuple[ReasonCode, ...]:
        listed = row.get("reasons", [])
        if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
            at.wrong("reasons", "список { code, ru, en }", "a list of { code, ru, en }")
            return ()
        found = []
        for item in listed:
            at.keys(item, {"code", "ru", "en"}, {"needs_text"}, inside="reasons")
            needs_text = item.get("needs_text", False)
            if not isinstance(needs_text, bool):
                at.wrong("reasons", "needs_text = true или false", "needs_text = true or false")
            code = item.get("code", "")
            if not isinstance(code, str) or not CODE.match(code):
                at.wrong("reasons", "code строчными латинскими буквами", "code in lower-case Latin letters")
            found.append(ReasonCode(str(code), str(item.get("ru", "")), str(item.get("en", "")), needs_text is True))
        return tuple(found)


class _At:
    """One table of the text: asks for its keys and names what is wrong with them."""

    def __init__(self, shape: Shape, table: str, number: int, name: str) -> None:
        self.shape, self.table, self.number, self.name = shape, table, number, name

    def place(self, key: str) -> str:
        return f"{self.name}: {key}" if self.name else key

    def _at(self, key: str) -> Place:
        return self.table, self.number, key

    def line(self, key: str) -> int | None:
        return self.shape.line(self.table, self.number, key)

    def wrong(self, key: str, ru: str, en: str) -> None:
        self.shape.say("wrong_value", self.place(key), self.line(key), f"нужно: {ru}.", f"needed: {en}.", self._at(key))

    def keys(self, row: Mapping[str, Any], needed: set[str], more: set[str], *, inside: str = "") -> None:
        for key in sorted(needed - row.keys()):
            self.shape.say(
                "missing_key",
                self.place(inside or key),
                self.line(inside),
                f"нет ключа «{key}»; добавьте его.",
                f"key “{key}” is missing; add it.",
                self._at(inside or key),
            )
        for key in sorted(row.keys() - needed - more):
            self.shape.say(
                "unknown_key",
                self.place(inside or key),
                self.line(inside or key),
                f"ключ «{key}» не читается; уберите его или исправьте опечатку. "
                f"Бывают: {', '.join(sorted(needed | more))}.",
                f"key “{key}” is not read; remove it or mend it. There are: {', '.join(sorted(needed | more))}.",
            )

    def text(self, row: Mapping[str, Any], key: str) -> str:
        value = row.get(key)
        if key in row and (not isinstance(value, str) or not value.strip() or len(value) > 2000):
            self.wrong(key, "непустой текст", "a text that is not empty")
        return value.strip() if isinstance(value, str) else ""

    def matching(self, row: Mapping[str, Any], key: str, pattern: re.Pattern[str]) -> str:
        value = row.get(key)
        if key in row and (not isinstance(value, str) or not pattern.match(value)):
            says = {
                CODE: ("код: строчные латинские буквы, цифры и _", "a code: lower-case Latin letters, digits and _"),
                VERSION: ('номер версии в кавычках, например "2" или "1.1"', 'a version in quotes: "2" or "1.1"'),
                DAY: ('день года «ММ-ДД», например "02-04"', 'a day of the year, "MM-DD"'),
            }[pattern]
            self.wrong(key, *says)
            return ""
        return value if isinstance(value, str) else ""

    def word(self, row: Mapping[str, Any], key: str, words: tuple[str, ...]) -> str:
        value = row.get(key)
        if key in row and value not in words:
            self.wrong(key, "одно из: " + ", ".join(words), "one of: " + ", ".join(words))
            return ""
        return str(value or "")

    def words(self, row: Mapping[str, Any], key: str, words: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = row.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong(key, "список слов в кавычках", "a list of words in quotes")
            return ()
        for item in value:
            if words is not None and item not in words:
                self.wrong(key, f"«{item}» не бывает; есть: {', '.join(words)}", f"no “{item}”; {', '.join(words)}")
        if len(set(value)) != len(value):
            self.wrong(key, "без повторов", "no repetitions")
        return tuple(value)

    def tables(self, row: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        value = row.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            self.wrong(key, f"таблицы [[{key}]]", f"tables [[{key}]]")
            return []
        return value
