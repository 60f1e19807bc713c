"""`obektiv backup` and `obektiv restore`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli.opening import open_context
from app.cli.saying import answer, json_option, progress, speaks
from app.days import local


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Файл или папка копии; по умолчанию OBEKTIV_HOME/backups.")
@json_option
@speaks
def backup(out: Path | None, as_json: bool) -> None:
    """Сделать копию: база, все файлы, якоря журнала и секреты. Храните её как ключ: права файла 0600."""
    from app.backup import create

    context = open_context(is_migrating=False)
    at = datetime.now(UTC)
    out = out or context.settings.home / "backups"
    if out.is_dir() or not out.suffix:
        out = out / f"obektiv-{local(at):%Y%m%d-%H%M%S}.tar.gz"
    with progress("Копия") as line:
        manifest = create(context, out, at=at, report=line)
    size = out.stat().st_size
    rows, objects = sum(manifest["rows"].values()), sum(name.startswith("objects/") for name in manifest["files"])
    if as_json:
        answer({"file": str(out), "size": size, **{key: manifest[key] for key in manifest if key != "files"}})
    else:
        click.echo(
            f"{out}: {size / 2**20:.1f} МБ, строк {rows}, файлов {objects}. В копии есть секреты: храните её как ключ."
        )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@speaks
def restore(file: Path, as_json: bool) -> None:
    """Восстановить FILE в пустую установку и проверить журнал. Все входят заново."""
    from app.backup import restore as bring_back
    from app.settings import Settings

    with progress("Восстановление") as line:
        restored = bring_back(Settings.from_env(), file, report=line)
    if as_json:
        answer(vars(restored))
    else:
        click.echo(f"Восстановлено: строк {sum(restored.rows.values())}, файлов {restored.objects}. Журнал цел.")
