"""`obektiv`: one program for the site, its parts, and everything that can be done without the site.

Each command is loaded when it is called, so that ``--help`` answers at once. Exit codes: 0 done, 1 refused with
reasons, 2 wrong usage.
"""

from __future__ import annotations

import importlib

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("app.cli.up:command", "Запустить всё: сайт, обработчики, планировщик, встроенный Valkey"),
    "web": ("app.cli.parts:web", "Только сайт"),
    "worker": ("app.cli.parts:worker", "Только обработчик одной очереди"),
    "scheduler": ("app.cli.parts:scheduler", "Только планировщик"),
    "import": ("app.cli.importing:command", "Загрузить файлы ВПР, контекстную форму, федеральный список"),
    "screen": ("app.cli.screening:command", "Прогнать проверки за год"),
    "cases": ("app.cli.cases:command", "Список дел"),
    "workflow": ("app.cli.workflow:group", "Ходы дел: список, описание, проверка файла"),
    "demo": ("app.cli.demo:command", "Создать демонстрационный регион"),
    "user": ("app.cli.user:group", "Люди: завести первого администратора"),
    "journal": ("app.cli.journal:group", "Журнал действий: проверка целостности"),
    "doctor": ("app.cli.doctor:command", "Проверить установку и сказать, что поправить"),
    "backup": ("app.cli.keeping:backup", "Сделать резервную копию"),
    "restore": ("app.cli.keeping:restore", "Восстановить из резервной копии"),
    "migrate": ("app.cli.parts:migrate", "Привести схему базы к версии программы"),
    "detect": ("app.cli.detect:detect", "Проверки по простым файлам, без базы"),
    "scale": ("app.cli.scale:command", "КДР или РДР и ВПР на одной шкале, по простым файлам"),
    "roadmap": ("app.cli.roadmap:group", "Дорожные карты: шаблоны, их мероприятия, проверка файла"),
    "docs": ("app.cli.docs:command", "Напечатать справочные страницы из кода"),
    "bench": ("app.cli.bench:group", "Измерения и испытания отказами"),
}
"""Name → where the command is, and its line in the help."""


class LazyGroup(click.Group):
    """A group whose commands are imported on use."""

    def __init__(self, table: dict[str, tuple[str, str]], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        module, name = self.table[cmd_name][0].split(":")
        try:
            return getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith("app."):
                raise
            raise click.ClickException(
                f"команда «{cmd_name}» не входит в эту поставку (нет модуля {error.name})"
            ) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Команды"):
            formatter.write_dl([(name, title) for name, (_, title) in self.table.items()])


main = LazyGroup(
    COMMANDS,
    name="obektiv",
    help="Объектив: признаки необъективности результатов и дело от признаков до закрытия.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
