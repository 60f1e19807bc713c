"""What a workflow's file may name: guards with their parameters, forms, fields, rights.

A guard's function is registered under the same name in `app.workflows.guards`, a form in `app.admin.case_forms`; a test
holds the lists together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.terms import DocumentKind


@dataclass(frozen=True)
class ParamSpec:
    """A parameter of a guard: a whole number between two ends, or one of some words."""

    name: str
    ru: str
    en: str
    default: Any = None
    low: int = 0
    high: int = 10_000
    words: tuple[str, ...] = ()

    @property
    def is_required(self) -> bool:
        return self.default is None

    def takes(self, value: Any) -> bool:
        if self.words:
            return value in self.words
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high


@dataclass(frozen=True)
class GuardSpec:
    """A condition of a move. The titles may name parameters; `form` supplies what the guard misses."""

    name: str
    ru: str
    en: str
    params: tuple[ParamSpec, ...] = ()
    form: str | None = None

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {param.name: given.get(param.name, param.default) for param in self.params}

    def title(self, given: Mapping[str, Any], locale: str = "ru") -> str:
        words = self.values(given)
        if "kind" in words and words["kind"] in set(DocumentKind):
            words["kind"] = DocumentKind(words["kind"]).title(locale)
        if "field" in words and words["field"] in FIELDS:
            words["field"] = FIELDS[words["field"]][locale == "en"]
        return (self.en if locale == "en" else self.ru).format(**words)


WORDS: dict[str, tuple[str, str]] = {
    "any": ("кто-нибудь из них", "either of them"),
    "pair": ("школа-наставник", "a mentoring school"),
    "curator": ("куратор", "a curator"),
    "ever": ("за всё время дела", "at any time of the case"),
    "stage": ("с начала этапа", "since the stage began"),
}
"""Words that parameters take: Russian and English name; kinds of documents have their own."""

FIELDS: dict[str, tuple[str, str]] = {"curator": ("куратор", "curator")}
"""Fields of a case that a state may ask for: code → Russian and English name."""

_ACTS = ParamSpec("acts", "сколько актов нужно", "how many acts are needed", 1, 1, 20)
_WORKS = ParamSpec("works", "сколько работ перепроверить самое меньшее", "least number of re-marked works", 0, 0, 5000)

GUARDS: dict[str, GuardSpec] = {
    spec.name: spec
    for spec in (
        GuardSpec("protocol", "Протокол собеседования", "Interview protocol", form="interview"),
        GuardSpec("order", "Приказ о назначении куратора", "Order appointing a curator", form="order"),
        GuardSpec(
            "independent",
            "Куратор из методической службы или объективной школы, без конфликта интересов",
            "Curator from a methodical service or an objective school, without conflict of interest",
            form="order",
        ),
        GuardSpec(
            "act",
            "Акт обученного независимого наблюдателя",
            "Act of a trained independent observer",
            (_ACTS,),
            form="observation",
        ),
        GuardSpec(
            "remarked", "Выборка перепроверена полностью", "Sample re-marked completely", (_WORKS,), form="recheck"
        ),
        GuardSpec("conclusion", "Вывод и основания предложены", "Verdict and grounds proposed", form="conclusion"),
        GuardSpec("dismissal", "Основание для снятия признака", "Grounds for dismissing the sign", form="conclusion"),
        GuardSpec("follows", "Вывод следует из перепроверки", "Verdict follows from the recheck"),
        GuardSpec("clean", "В актах нет грубых нарушений", "No gross violation in the acts"),
        GuardSpec(
            "indicators", "Причины низких результатов разобраны", "Causes of low results found", form="diagnosis"
        ),
        GuardSpec(
            "programme",
            "Программа помощи согласована и действует",
            "Help programme agreed and in force",
            form="programme",
        ),
        GuardSpec(
            "mentor",
            "Назначена школа-наставник или куратор",
            "A mentoring school or a curator appointed",
            (ParamSpec("who", "кто подходит", "who will do", "any", words=("any", "pair", "curator")),),
            form="mentoring",
        ),
        GuardSpec(
            "reviewed",
            "Динамика оценена",
            "Dynamics reviewed",
            (ParamSpec("since", "с какого времени", "since when", "ever", words=("ever", "stage")),),
            form="low_review",
        ),
        GuardSpec("follows_review", "Вывод следует из оценки динамики", "Verdict follows from the review"),
        GuardSpec("road_map_accepted", "Дорожная карта школы принята", "The school's road map is accepted"),
        GuardSpec(
            "road_map_settled",
            "Обязательное в дорожной карте сделано или снято с причиной",
            "What the road map makes obligatory is done or waived with a reason",
        ),
        GuardSpec("second", "Утверждает второй человек", "A second person approves"),
        GuardSpec(
            "document",
            "Документ оформлен: {kind}",
            "Document issued: {kind}",
            (ParamSpec("kind", "вид документа", "kind of document", words=tuple(DocumentKind)),),
        ),
        GuardSpec(
            "field",
            "Заполнено: {field}",
            "Filled in: {field}",
            (ParamSpec("field", "поле дела", "field of the case", words=tuple(FIELDS)),),
        ),
    )
}

FORMS = frozenset(
    {
        "interview", "handover", "order", "observation", "recheck", "conclusion",
        "diagnosis", "programme", "mentoring", "low_review",
    }
)  # fmt: skip
"""Forms of a case that a state may offer."""

RIGHTS: dict[str, tuple[str, str]] = {
    "case:assign": ("назначать куратора", "appoint a curator"),
    "case:close": ("утверждать закрытие", "approve a closure"),
    "case:conclude": ("предлагать вывод", "propose a verdict"),
    "case:interview": ("проводить собеседование", "hold the interview"),
    "case:observe": ("вести наблюдение", "lead the observation"),
    "case:open": ("открывать дело", "open a case"),
    "case:recheck": ("вести перепроверку", "lead the recheck"),
    "case:return": ("возвращать дело назад", "lead a case back"),
    "case:support": ("вести помощь школе", "lead the help for a school"),
}
"""Rights that a move may ask for: code → Russian and English name."""

PERMISSIONS = frozenset(RIGHTS)

RESERVED = frozenset(
    {
        "go_on",
        "hand_interview",
        "hold",
        "interview_back",
        "migrate",
        "open",
        "propose",
        "reopen",
        "resume",
        "wake",
        "withdraw",
    }
)
"""Words that the journal already uses of a case; no trigger may be called so."""

CLOSING = frozenset({"conclusion", "dismissal"})
"""Guards that see to a verdict; every way into the final state has one of them."""
