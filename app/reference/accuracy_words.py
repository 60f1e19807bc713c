"""Russian words for what the accuracy measurements name by codes."""

from __future__ import annotations

LABELS = {
    "mix": "все виды вместе",
    "bump": "поднятие к границе отметки",
    "lift_twos": "«2» подняты до «3»",
    "copy_journal": "отметки подогнаны к журналу",
    "inflate": "завышение всего балла",
    "leak_items": "подсказаны трудные задания",
    "lenient_open": "щедрая проверка развёрнутых ответов",
    "copy_class": "списывание в классе",
    "absent_weak": "слабых оставили дома",
    "several": "два-три способа сразу",
}
GENERATORS = {"own": "свой генератор", "other": "генератор другого устройства"}
BASES = {
    "spring_2021": "настоящий регион, весна 2021 (МА4, МА5)",
    "spring_2021_other": "настоящий регион, весна 2021, искажения иным способом",
    "autumn_2020": "настоящий регион, осень 2020 (МА4, РУ4)",
    "spring_2022": "настоящий регион, весна 2022 (МА4)",
}
WORLDS = {
    "plain": "без особенностей",
    "ordinary": "обычные особенности",
    "heaped": "регион приподнят целиком",
    "autumn": "осенняя процедура",
    "history": "с прошлым годом и ОГЭ",
}
GROUPS = {
    "all": "все школы",
    "elite": "гимназии и лицеи",
    "rural": "сельские",
    "odd_journals": "строгий или мягкий журнал",
    "streaming": "классы по успеваемости",
    "swings": "необычная параллель",
    "skipping": "пройдены не все темы",
}
STRENGTHS = {"weak": "слабая", "medium": "средняя", "strong": "сильная"}
SCOPES = {
    "school": "вся школа",
    "paper": "одна работа",
    "class": "один класс",
    "several": "вся школа, два-три способа",
}
PEERS = {
    "evidence": "Обектив",
    "interval": "федеральное правило интервала",
    "peak": "столбец выше 1,5 среднего",
    "fuzzy": "нечёткая кластеризация INVALSI",
    "rddensity": "rddensity",
    "zsum": "сумма семи z",
}
MEASURES = {
    "tpr_1": "найдено при 1 % ложных",
    "tpr_5": "найдено при 5 % ложных",
    "partial_auc": "частичная AUC (до 5 %)",
    "auc": "AUC",
}
VERDICTS = {"inside": "✓", "outside": "✗", "open": "?"}
BARS = {
    "size": "ложные срабатывания 0,7–1,3 %: регион × число работ × вид школ",
    "size_together": "ложные срабатывания 0,7–1,3 %: все регионы вместе",
    "honest_case": "честных школ в «деле»",
    "honest_watch": "честных школ в «наблюдать»",
    "auc_mix": "AUC, все виды, средняя сила",
    "auc_mix_50": "AUC, все виды, от 50 работ",
    "found_50": "найдено «делом», от 50 работ",
    "false_discovery": "ложных среди найденных «делом»",
    "real_mix": "AUC на настоящих работах",
    "real_mix_50": "AUC на настоящих работах, от 50 работ",
}


def where(code: str) -> str:
    """Name of a generator or of a real base."""
    return GENERATORS.get(code) or BASES.get(code, code)


def titled(code: str) -> str:
    """The same at the beginning of a sentence."""
    name = where(code)
    return name[:1].upper() + name[1:]


def bar(code: str) -> str:
    """Name of a bar."""
    if code.startswith("power_"):
        return f"мощность у границ при 1 %, n = {code.removeprefix('power_')}"
    if code.startswith("peer_"):
        return f"лучше, чем {PEERS.get(code.removeprefix('peer_'), code)} (запас)"
    if code in BARS:
        return BARS[code]
    return f"AUC: {LABELS.get(code.removeprefix('auc_'), code)}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a percentage, with a decimal comma."""
    return "—" if value is None else f"{100 * value:.{digits}f} %".replace(".", ",")


def number(value: float | None, digits: int = 3) -> str:
    """A number with a decimal comma."""
    return "—" if value is None else f"{value:.{digits}f}".replace(".", ",")
