"""The page on accuracy, rendered from the JSON of a run of `obektiv bench accuracy`."""

from __future__ import annotations

from typing import Any

from app.reference import accuracy_words as words
from app.reference.accuracy_words import number, percent
from app.reference.tables import markdown_table

_LARGE = "n ≥ 50"
_SIZES = ("size", "size_together")
_PEERS_HEAD = (
    "кто", "найдено при 1 % ложных", "при 5 %", "частичная AUC", "AUC", "своё правило: найдено", "ложных", "побеждён"
)  # fmt: skip
_INTRO = """\
Что значат слова:

* **AUC** — вероятность, что школа с искажением стоит в списке выше честной; 0,5 — жребий, 1 — безошибочно.
* **Средняя сила** — меняется 60 % работ, которые этот способ может изменить; слабая — 35 %, сильная — 85 %.
* **Найдено при 1 % ложных** — доля школ с искажением выше порога, над которым 1 % честных: так правила сравниваются при
  равном числе напрасных подозрений.
* Свой генератор — `app/detectors/simulate.py`; генератор другого устройства — `app/detectors/simulate_other.py`: иные
  работы, распределения, модель заданий и иной способ каждого искажения. На нём не настраивали ничего, кроме
  растяжения z до номинального 1 % (`obektiv bench stretch`, другие зёрна).
* Особенности честных школ («обычные особенности»): сильные гимназии и лицеи, классы по успеваемости, строгие и мягкие
  журналы и учителя, необычные параллели, непройденные темы, малые сельские школы.
* ✓ — внутри 0,7–1,3 %; ✗ — точно снаружи (биномиальный критерий, 1 %); ? — сказать нельзя. Вместе взятые регионы держат
  планку, если доля внутри, а где испытаний меньше 7 300, — если она не точно снаружи.
"""


def accuracy_page(result: dict[str, Any]) -> str:
    """The page.

    Parameters
    ----------
    result : dict
        What `obektiv bench accuracy --out` wrote.

    Returns
    -------
    str
        Markdown.
    """
    extent, option = ("малый", "--quick") if result["quick"] else ("полный", "--full")
    head = (
        f"Прогон: {extent}, зерно {result['seed']}, регионов {result['regions']} по {result['schools']} школ; "
        f"параметры проверок {result['params']}. Повторить: "
        f"`obektiv bench accuracy {option} --seed {result['seed']}`.\n"
    )
    parts = [
        head,
        _INTRO,
        *_bars(result["bars"]),
        *_size(result["size"], result["size_together"], result["bars"]),
        *_honest(result["honest"]),
        *_power(result["power"]),
        *_ranking(result["ranking"]),
        *_real(result["real"]),
        peers_part(result),
    ]
    return "\n".join(parts)


def peers_part(result: dict[str, Any]) -> str:
    """The part of the page that compares with peers; the page on detectors ends with it too."""
    return "\n".join(_peers(result["peers"], result["peer_wins"], result["bars"]))


def _bars(bars: list[dict[str, Any]]) -> list[str]:
    own = [bar for bar in bars if not bar["code"].startswith("peer_")]
    rows = [
        [words.bar(bar["code"]), words.where(bar["where"]), _asked(bar), _measured(bar), _met(bar["met"])]
        for bar in own
    ]
    met = sum(bar["met"] is True for bar in bars)
    return [
        "## Планки\n",
        f"Выполнено {met} из {len(bars)}, считая сравнения с соседями (они ниже).\n",
        markdown_table(["требование", "где", "планка", "измерено", "выполнено"], rows),
    ]


def _asked(bar: dict[str, Any]) -> str:
    if bar["code"] in _SIZES:
        return "все"
    sign = "≥" if bar["better"] == "high" else "≤"
    return f"{sign} {_value(bar, bar['asked'])}"


def _measured(bar: dict[str, Any]) -> str:
    if bar["code"] in _SIZES:
        counted = bar["details"]
        return f"{counted['inside']} ✓, {counted['outside']} ✗, {counted['open']} ?"
    return _value(bar, bar["measured"])


def _value(bar: dict[str, Any], value: float | None) -> str:
    if bar["code"].startswith(("auc", "real")):
        return number(value)
    return percent(value)


def _met(met: bool | None) -> str:
    return {True: "да", False: "**нет**", None: "—"}[met]


def _size(size: dict[str, Any], together: dict[str, Any], bars: list[dict[str, Any]]) -> list[str]:
    parts = ["## Ложные срабатывания при номинальном 1 %\n"]
    for generator, worlds in size.items():
        for world, detectors in worlds.items():
            bands = list(dict.fromkeys(band for cells in detectors.values() for band in cells))
            rows = [
                [f"`{name}`", *(_rate(cells.get(band, {}).get("all")) for band in bands)]
                for name, cells in detectors.items()
            ]
            parts += [
                f"{words.titled(generator)}, {words.WORLDS[world]}; в скобках число испытаний.\n",
                markdown_table(["проверка", *(f"n = {band}" for band in bands)], rows),
            ]
        parts += _together(together[generator], generator) if generator in together else []
    rows = _off(bars)
    if rows:
        head = ["где", "проверка", "работ или вид школ", "доля"]
        parts += [
            "Где доля по всем регионам вместе вне 0,7–1,3 %:\n",
            markdown_table(head, rows, right=False),
        ]
    rows = _outside(bars)
    if rows:
        head = ["где", "проверка", "вид школ", "клеток", "чаще всего"]
        parts += [
            "Где доля точно вне 0,7–1,3 %, по видам школ (клетка — регион × число работ):\n",
            markdown_table(head, rows, right=False),
        ]
    return parts


def _together(detectors: dict[str, Any], generator: str) -> list[str]:
    """All regions with peculiarities together: bands of works, then kinds of school."""
    places = list(dict.fromkeys(place for cells in detectors.values() for place in cells))
    parts = []
    for head, chosen in (
        ("число работ", [place for place in places if place not in words.GROUPS]),
        ("вид школ", [place for place in places if place in words.GROUPS]),
    ):
        rows = [[f"`{name}`", *(_rate(cells.get(place)) for place in chosen)] for name, cells in detectors.items()]
        parts += [
            f"{words.titled(generator)}, все регионы с особенностями вместе, {head}; в скобках число испытаний.\n",
            markdown_table(["проверка", *(words.GROUPS.get(place, f"n = {place}") for place in chosen)], rows),
        ]
    return parts


def _off(bars: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            words.where(bar["where"]),
            f"`{detector}`",
            words.GROUPS.get(place, f"n = {place}"),
            f"{percent(share, 2)} из {tests}",
        ]
        for bar in bars
        for detector, place, share, tests in bar["details"].get("off", [])
    ]


def _outside(bars: list[dict[str, Any]]) -> list[list[str]]:
    found: dict[tuple[str, str, str], list[tuple[float, str]]] = {}
    for bar in bars:
        for world, detector, band, group, share, tests in bar["details"].get("outside_cells", []):
            place = f"{percent(share, 2)} из {tests} ({words.WORLDS[world]}, n = {band})"
            found.setdefault((bar["where"], detector, group), []).append((share, place))
    return [
        [words.where(where), f"`{detector}`", words.GROUPS.get(group, group), str(len(cells)), max(cells)[1]]
        for (where, detector, group), cells in found.items()
    ]


def _rate(cell: dict[str, Any] | None) -> str:
    if cell is None or cell["rate"] is None:
        return "—"
    return f"{percent(cell['rate'], 2)} {words.VERDICTS[cell['verdict']]} ({cell['tests']})"


def _honest(honest: dict[str, Any]) -> list[str]:
    rows = [
        [words.where(g), words.WORLDS[w], percent(cell["case"], 2), percent(cell["watch"], 2), str(cell["schools"])]
        for g, worlds in honest.items()
        for w, cell in worlds.items()
    ]
    head = ["генератор", "регион", "«дело» (≤ 0,5 %)", "«наблюдать» (≤ 5 %)", "школ"]
    return ["## Честные школы по уровням\n", markdown_table(head, rows)]


def _power(power: dict[str, float]) -> list[str]:
    if not power:
        return []
    row = ["найдено при 1 %", *(number(share, 2) for share in power.values())]
    text = "Подняты 60 % работ, которым до границы не хватало одного — трёх баллов.\n"
    return ["## Мощность проверки границ\n", text, markdown_table(["", *(f"n = {n}" for n in power)], [row])]


def _ranking(ranking: dict[str, Any]) -> list[str]:
    parts = ["## Ранжирование школ по силе признаков\n"]
    for generator, strengths in ranking.items():
        cells = [
            (strength, scope, strengths[strength][scope])
            for strength in words.STRENGTHS
            for scope in words.SCOPES
            if scope in strengths.get(strength, {})
        ]
        main = strengths.get("medium", {}).get("school")
        parts.append(f"### {words.titled(generator)}\n")
        if main is not None:
            labels = [label for label in words.LABELS if label in main["auc"]["all"]]
            rows = [
                [words.LABELS[label], *(_area(main["auc"][size].get(label)) for size in ("all", _LARGE))]
                for label in labels
            ]
            head = ["способ", "AUC, все школы", "AUC, от 50 работ"]
            parts += ["Средняя сила, вся школа; в скобках 95-процентный интервал.\n", markdown_table(head, rows)]
        rows = [[words.STRENGTHS[strength], words.SCOPES[scope], *_corner(cell)] for strength, scope, cell in cells]
        head = ["сила", "где", "AUC", "от 50 работ", "найдено", "от 50 работ", "ложных среди найденных", "при доле 5 %"]
        parts += [
            "Все виды вместе; «найдено» — доля школ с искажением в уровнях «дело» и «выраженные признаки».\n",
            markdown_table(head, rows),
        ]
        labels = [label for label in words.LABELS if any(label in cell["auc"]["all"] for _, _, cell in cells)]
        rows = [
            [words.LABELS[label], *(_short(cell["auc"]["all"].get(label)) for _, _, cell in cells)] for label in labels
        ]
        head = ["AUC, все школы", *(f"{words.STRENGTHS[s]}, {words.SCOPES[w]}" for s, w, _ in cells)]
        parts.append(markdown_table(head, rows))
    return parts


def _corner(cell: dict[str, Any]) -> list[str]:
    label = "mix" if "mix" in cell["auc"]["all"] else "several"
    tiers = cell.get("tiers")
    row = [_short(cell["auc"][size].get(label)) for size in ("all", _LARGE)]
    keys = ("found", "found_50", "false_discovery", "false_discovery_base")
    return row + [percent(tiers[key]) if tiers else "—" for key in keys]


def _area(cell: dict[str, Any] | None) -> str:
    if cell is None:
        return "—"
    return f"{number(cell['auc'])} ({number(cell['low'], 2)}–{number(cell['high'], 2)})"


def _short(cell: dict[str, Any] | None) -> str:
    return "—" if cell is None else number(cell["auc"])


def _real(real: dict[str, Any]) -> list[str]:
    parts = ["## Искажения, внесённые в работы настоящего региона\n"]
    if "bases" not in real:
        return [*parts, f"Не измерено: {real['reason']}.\n"]
    parts.append(
        "Искажение средней силы внесено в случайную десятую часть школ; остальные школы региона не все честны, поэтому "
        "единицы здесь не бывает.\n"
    )
    for base, cell in real["bases"].items():
        if "reason" in cell:
            parts.append(f"* {words.where(base)}: не измерено, {cell['reason']}.\n")
            continue
        labels = [label for label in words.LABELS if label in cell["auc"]["all"]]
        rows = [
            [words.LABELS[label], *(_area(cell["auc"][size].get(label)) for size in ("all", _LARGE))]
            for label in labels
        ]
        tiers, spread = cell["tiers"], ", ".join(number(value) for value in cell["by_replicate"])
        parts += [
            f"### {words.titled(base)}\n",
            f"Школ с 10 работами и больше: {cell['schools']}; AUC по повторам: {spread}. В «деле» "
            f"{percent(tiers['found'])} изменённых школ (от 50 работ {percent(tiers['found_50'])}) и "
            f"{percent(tiers['honest_case'])} остальных.\n",
            markdown_table(["способ", "AUC, от 10 работ", "AUC, от 50 работ"], rows),
        ]
    return parts


def _peers(peers: dict[str, Any], wins: list[dict[str, Any]], bars: list[dict[str, Any]]) -> list[str]:
    if not peers:
        return []
    parts = [
        "## Соседи: те же школы, тот же прогон\n",
        "Сосед побеждён, если ни при 1 %, ни при 5 % ложных он не находит больше нас. «Своё правило» — то, по которому "
        "сосед сам называет школу (хотя бы на одной работе); у нас это уровни «дело» и «выраженные признаки».\n",
    ]
    beaten = {
        (bar["where"], bar["details"]["size"], bar["code"]): bar["met"] for bar in bars if "size" in bar["details"]
    }
    for where, sizes in peers.items():
        for size, methods in sizes.items():
            rows = [
                [words.PEERS.get(name, name), *_method(cell), _met(beaten.get((where, size, f"peer_{name}")))]
                for name, cell in methods.items()
            ]
            ours = methods["evidence"]
            many = "от 10 работ" if size == "n ≥ 10" else "от 50 работ"
            missing = [f"{words.PEERS.get(n, n)}: {c['reason']}" for n, c in methods.items() if "reason" in c]
            parts += [
                f"{words.titled(where)}, {many}: {ours['planted']} с искажением средней силы, {ours['honest']} прочих."
                "\n",
                markdown_table(_PEERS_HEAD, rows),
                *(f"Не измерено — {reason}.\n" for reason in missing),
            ]
    return [*parts, *_wins(wins)]


def _method(cell: dict[str, Any]) -> list[str]:
    if "reason" in cell:
        return ["—"] * 6
    rule = cell.get("rule")
    return [
        percent(cell["tpr_1"]),
        percent(cell["tpr_5"]),
        number(cell["partial_auc"]),
        number(cell["auc"]),
        percent(rule["tpr"]) if rule else "—",
        percent(rule["fpr"]) if rule else "—",
    ]


def _wins(wins: list[dict[str, Any]]) -> list[str]:
    title = "### Где сосед лучше\n"
    if not wins:
        return [title, "Нигде: ни по одному показателю и ни по одному виду искажений.\n"]
    rows = [
        [
            words.where(win["where"]),
            "от 10 работ" if win["size"] == "n ≥ 10" else "от 50 работ",
            words.PEERS.get(win["peer"], win["peer"]),
            words.MEASURES.get(win["measure"]) or f"AUC: {words.LABELS.get(win['measure'], win['measure'])}",
            number(win["theirs"]),
            number(win["ours"]),
        ]
        for win in wins
    ]
    return [title, markdown_table(["где", "школы", "сосед", "показатель", "у соседа", "у нас"], rows, right=False)]
