"""Rules of time: read strictly, kept as they were said, told in words, turned into days."""

from __future__ import annotations

import json
import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendars import Anchor, Layer, Rule, Span, Vacation, academic_year, occurrences, parse_rule, russia
from app.errors import WrongFormat
from app.terms import DayDirection, DayOffPolicy, DayUnit, EventKind, RuleKind

YEAR = academic_year(date(2026, 10, 1))
DAYS = st.dates(date(2019, 1, 1), date(2027, 12, 31))
DAY_OF_YEAR = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda d: {"month": d.month, "day": d.day})
COMMON = st.fixed_dictionaries(
    {}, optional={"day_off": st.sampled_from([str(p) for p in DayOffPolicy]), "avoid_vacations": st.booleans()}
)
DAY = st.fixed_dictionaries({}, optional={"day": st.integers(1, 31)})


def with_kind(kind, fields):
    return st.tuples(fields, COMMON).map(lambda parts: {"kind": str(kind), **parts[0], **parts[1]})


TABLES = st.one_of(
    with_kind(RuleKind.DATE, DAYS.map(lambda day: {"on": day})),
    with_kind(RuleKind.DATE, DAY_OF_YEAR),
    with_kind(RuleKind.WINDOW, st.tuples(DAY_OF_YEAR, DAY_OF_YEAR).map(lambda e: {"from": e[0], "to": e[1]})),
    with_kind(RuleKind.WINDOW, st.tuples(DAYS, DAYS).map(sorted).map(lambda e: {"from": e[0], "to": e[1]})),
    with_kind(
        RuleKind.OFFSET,
        st.fixed_dictionaries(
            {
                "event": st.sampled_from([str(e) for e in EventKind]),
                "days": st.integers(0, 200),
                "unit": st.sampled_from([str(u) for u in DayUnit]),
                "direction": st.sampled_from([str(d) for d in DayDirection]),
            },
            optional={"subject": st.sampled_from(["RU", "MA"]), "grade": st.integers(1, 11)},
        ),
    ),
    with_kind(RuleKind.MONTHLY, st.integers(1, 31).map(lambda day: {"day": day})),
    with_kind(RuleKind.QUARTERLY, DAY),
    with_kind(
        RuleKind.MONTHS,
        st.tuples(st.sets(st.integers(1, 12), min_size=1).map(list), DAY).map(lambda p: {"months": p[0], **p[1]}),
    ),
    st.just({"kind": "constantly"}),
    with_kind(
        RuleKind.YEAR_END, st.fixed_dictionaries({}, optional={"year": st.sampled_from(["academic", "calendar"])})
    ),
)


def due_days(table, *anchors, calendar=None, span=YEAR):
    return [due.due_on for due in occurrences(parse_rule(table), anchors, calendar or russia(), span)]


@given(TABLES)
def test_a_rule_survives_json(table):
    rule = parse_rule(table)

    assert parse_rule(json.loads(json.dumps(rule.to_json()))) == rule


@given(TABLES)
def test_every_rule_has_words_in_both_languages(table):
    rule = parse_rule(table)

    assert rule.words()
    assert rule.words("en").isascii() or "“" in rule.words("en")
    assert rule.words() != rule.words("en")


@given(TABLES, st.lists(DAYS, max_size=4), DAYS)
def test_occurrences_are_in_order_begin_before_they_end_and_fall_on_working_days(table, days, day):
    rule, calendar = parse_rule(table), russia()
    anchors = [Anchor(rule.event or EventKind.UPLOAD, on) for on in days]

    found = occurrences(rule, anchors, calendar, academic_year(day))

    assert [due.said_on or due.starts_on for due in found] == sorted(due.said_on or due.starts_on for due in found)
    for due in found:
        if due.due_on is None:
            assert rule.kind is RuleKind.CONSTANTLY
            continue
        assert due.starts_on <= due.due_on
        assert due.said_on in academic_year(day)
        assert rule.day_off is DayOffPolicy.KEEP or calendar.is_working(due.due_on)


@given(TABLES, st.lists(DAYS, max_size=3), DAYS)
def test_a_span_cut_in_two_finds_the_same_occurrences(table, days, middle):
    rule, calendar = parse_rule(table), russia()
    anchors = [Anchor(rule.event or EventKind.UPLOAD, on) for on in days]
    whole = Span(date(2018, 12, 31), date(2028, 1, 1))
    if rule.kind is RuleKind.CONSTANTLY or middle == whole.ends_on:
        return
    halves = Span(whole.starts_on, middle), Span(date.fromordinal(middle.toordinal() + 1), whole.ends_on)

    parts = [due for half in halves for due in occurrences(rule, anchors, calendar, half)]

    assert [due.due_on for due in parts] == [due.due_on for due in occurrences(rule, anchors, calendar, whole)]


def test_a_day_of_the_year_comes_in_its_academic_year():
    assert due_days({"kind": "date", "month": 9, "day": 30}) == [date(2026, 9, 30)]
    assert due_days({"kind": "date", "month": 5, "day": 15, "day_off": "keep"}) == [date(2027, 5, 15)]


def test_a_due_day_on_a_day_off_goes_where_the_policy_says():
    victory = {"kind": "date", "on": date(2027, 5, 9)}

    assert due_days(victory) == [date(2027, 5, 11)]
    assert due_days({**victory, "day_off": "previous"}) == [date(2027, 5, 7)]
    assert due_days({**victory, "day_off": "keep"}) == [date(2027, 5, 9)]


def test_an_offset_follows_its_event():
    rule = {"kind": "offset", "event": "publication", "days": 10, "unit": "working", "direction": "after"}

    assert due_days(rule, Anchor(EventKind.PUBLICATION, date(2026, 10, 30))) == [date(2026, 11, 16)]
    assert due_days(rule, Anchor(EventKind.PUBLICATION, date(2026, 11, 2))) == [date(2026, 11, 17)]
    assert due_days({**rule, "direction": "before"}, Anchor(EventKind.PUBLICATION, date(2026, 11, 5))) == [
        date(2026, 10, 21)
    ]
    assert due_days(rule, Anchor(EventKind.UPLOAD, date(2026, 10, 30))) == []


def test_an_offset_of_one_paper_takes_its_event_and_those_of_every_paper():
    rule = {"kind": "offset", "event": "sitting", "days": 1, "unit": "calendar", "direction": "after", "subject": "RU"}
    russian, maths = (Anchor(EventKind.SITTING, date(2027, 4, day), subject=s) for day, s in ((13, "RU"), (20, "MA")))
    every = Anchor(EventKind.SITTING, date(2027, 4, 27))

    assert due_days({**rule, "grade": 5}, russian, maths, every) == [date(2027, 4, 14), date(2027, 4, 28)]


def test_a_move_of_the_case_is_named_by_its_trigger():
    rule = {"kind": "offset", "event": "case_move", "days": 5, "unit": "working", "direction": "after"}
    moves = (
        Anchor(EventKind.CASE_MOVE, date(2026, 10, 1), detail="assign"),
        Anchor(EventKind.CASE_MOVE, date(2026, 10, 2), detail="observe"),
    )

    assert due_days({**rule, "detail": "assign"}, *moves) == [date(2026, 10, 8)]


def test_what_is_due_in_a_month_stays_in_it():
    assert due_days({"kind": "months", "months": [1, 7]}) == [date(2027, 1, 29), date(2027, 7, 30)]
    assert due_days({"kind": "quarterly"})[:2] == [date(2026, 9, 30), date(2026, 12, 30)]
    assert due_days({"kind": "monthly", "day": 25})[:3] == [date(2026, 9, 25), date(2026, 10, 26), date(2026, 11, 25)]


def test_the_academic_year_ends_when_the_event_says_so():
    rule = {"kind": "year_end"}

    assert due_days(rule) == [date(2027, 5, 31)]
    assert due_days(rule, Anchor(EventKind.ACADEMIC_YEAR_END, date(2027, 5, 26))) == [date(2027, 5, 26)]
    assert due_days({"kind": "year_end", "year": "calendar", "day_off": "previous"}) == [date(2026, 12, 30)]


def test_a_rule_may_avoid_school_vacations():
    spring = Layer(vacations=(Vacation("Весенние каникулы", Span(date(2027, 3, 27), date(2027, 4, 4))),))

    assert due_days(
        {"kind": "date", "on": date(2027, 3, 30), "avoid_vacations": True}, calendar=russia().with_layers(spring)
    ) == [date(2027, 4, 5)]


def test_a_window_over_the_new_year_begins_in_the_old_one():
    rule = parse_rule({"kind": "window", "from": {"month": 12, "day": 15}, "to": {"month": 1, "day": 20}})

    (due,) = occurrences(rule, [], russia(), YEAR)

    assert (due.starts_on, due.due_on) == (date(2026, 12, 15), date(2027, 1, 20))


def offset(event, days, unit, direction):
    return {"kind": "offset", "event": event, "days": days, "unit": unit, "direction": direction}


def window(*ends):
    return {"kind": "window"} | {key: {"month": m, "day": d} for key, (m, d) in zip(("from", "to"), ends, strict=True)}


@pytest.mark.parametrize(
    ("table", "ru"),
    [
        (offset("publication", 21, "working", "after"), "в течение 21 рабочего дня после публикации списка"),
        (offset("sitting", 3, "calendar", "before"), "за 3 календарных дня до проведения работы"),
        (offset("upload", 0, "calendar", "after"), "в день загрузки результатов"),
        (window((10, 1), (10, 15)), "с 1 по 15 октября"),
        (window((9, 20), (10, 5)), "с 20 сентября по 5 октября"),
        ({"kind": "months", "months": [7, 1]}, "январь, июль"),
        ({"kind": "monthly", "day": 25}, "ежемесячно до 25 числа"),
        ({"kind": "year_end"}, "до конца учебного года"),
    ],
)
def test_words_are_those_of_an_order(table, ru):
    assert parse_rule(table).words() == ru


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("date", "таблица с ключом kind"),
        ({}, "kind"),
        ({"kind": "sometimes"}, "sometimes"),
        ({"kind": "date"}, "нужны month и day"),
        ({"kind": "date", "month": 2, "day": 30}, "day: нужно целое от 1 до 29"),
        ({"kind": "date", "on": "30.09.2026"}, "дата вида 2026-09-30"),
        ({"kind": "date", "on": date(2026, 9, 30), "month": 9}, "или on, или month и day"),
        ({"kind": "date", "on": date(2026, 9, 30), "colour": "red"}, "лишний ключ colour"),
        ({"kind": "monthly"}, "нет ключа day"),
        ({"kind": "months", "months": []}, "непустой список"),
        ({"kind": "months", "months": [1, 1]}, "назван дважды"),
        ({"kind": "constantly", "day_off": "next"}, "лишний ключ day_off"),
        ({"kind": "window", "from": date(2026, 2, 1), "to": date(2026, 1, 1)}, "to раньше, чем from"),
        ({"kind": "window", "from": date(2026, 2, 1), "to": {"month": 3, "day": 1}}, "одного вида"),
        ({"kind": "quarterly", "avoid_vacations": "yes"}, "true или false"),
        (
            {"kind": "offset", "event": "upload", "days": 1, "unit": "working", "direction": "after", "detail": "x"},
            "detail называет ход дела",
        ),
        ({"kind": "offset", "event": "upload", "days": True, "unit": "working", "direction": "after"}, "целое"),
    ],
)
def test_a_wrong_rule_is_refused_by_name(table, why):
    with pytest.raises(WrongFormat, match=why):
        parse_rule(table)


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=5), st.integers(), st.none()), max_size=5))
def test_rubbish_is_refused_and_never_breaks_the_reader(table):
    try:
        rule = parse_rule(table)
    except WrongFormat:
        return
    assert isinstance(rule, Rule)


def test_a_rule_reads_from_toml_as_from_json():
    table = tomllib.loads('rule = {kind = "window", from = 2026-10-01, to = 2026-10-15}')["rule"]

    assert parse_rule(table) == parse_rule({"kind": "window", "from": "2026-10-01", "to": "2026-10-15"})
