"""`obektiv bench`: measurements and fault trials; each is its own module and may be absent from a delivery."""

from __future__ import annotations

from app.cli import LazyGroup

group = LazyGroup(
    {
        "accuracy": ("app.bench.accuracy:command", "Точность проверок на синтетических регионах"),
        "speed": ("app.bench.speed:command", "Скорость и память против обещанных границ"),
        "planner": ("app.bench.planner:command", "План назначений против жадного правила"),
        "time": (
            "app.bench.clocks:command",
            "Сроки: ход дела, сдвиг задач за событием, перевод дел на другую версию",
        ),
        "profiles": ("app.bench.profiles:command", "Профили способов искажения"),
        "stretch": ("app.bench.stretches:command", "Растяжение z проверок до номинального 1 %"),
        "faults": ("app.bench.faults:command", "Испытания отказами в полном объёме"),
    },
    name="bench",
    help="Измерения и испытания отказами.",
)
