"""`obektiv doctor`: what is in order and what to mend."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import click

from app.cli.saying import answer, json_option, speaks
from app.days import local

if TYPE_CHECKING:
    from app.context import AppContext


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Check:
    name: str
    health: Health
    message: str


_SIGN = {Health.OK: "✓", Health.WARNING: "!", Health.FAILURE: "✗"}


@click.command()
@json_option
@speaks
def command(as_json: bool) -> None:
    """Проверить базу, журнал, очередь, место на диске и сказать, что поправить."""
    from app.context import AppContext
    from app.settings import Settings

    context = AppContext.from_settings(Settings.from_env())
    checks = [_guarded(check, context) for check in CHECKS]
    if as_json:
        answer({"healthy": all(c.health is not Health.FAILURE for c in checks), "checks": [asdict(c) for c in checks]})
    else:
        for check in checks:
            click.echo(f"{_SIGN[check.health]} {check.name}: {check.message}")
    if any(check.health is Health.FAILURE for check in checks):
        raise SystemExit(1)


def _guarded(check: Callable[[AppContext], Check], context: AppContext) -> Check:
    name = check.__name__.removeprefix("check_")
    try:
        return check(context)
    except Exception as error:
        cause = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Check(name, Health.FAILURE, f"проверка не выполнена: {cause}")


def check_database(context: AppContext) -> Check:
    name = context.engine.dialect.name
    if name != "sqlite":
        with context.engine.connect() as connection:
            version = connection.exec_driver_sql("SHOW server_version").scalar()
        return Check("database", Health.OK, f"PostgreSQL {version}")
    from app.database import needs_checkpoint_rule

    with context.engine.execution_options(readonly=True).connect() as connection:
        verdict = connection.exec_driver_sql("PRAGMA quick_check").scalar()
    if verdict != "ok":
        return Check(
            "database", Health.FAILURE, f"файл базы повреждён: {verdict}; восстановите копию (obektiv restore)"
        )
    rule = "; контрольные точки WAL делает только планировщик" if needs_checkpoint_rule() else ""
    return Check("database", Health.OK, f"SQLite {sqlite3.sqlite_version}, файл цел{rule}")


def check_schema(context: AppContext) -> Check:
    from app import migrating

    current, head = migrating.current(context.engine), migrating.head()
    if current == head:
        return Check("schema", Health.OK, head)
    return Check("schema", Health.FAILURE, f"{current or 'пустая база'}, нужна {head}; выполните obektiv migrate")


def check_journal(context: AppContext) -> Check:
    from app.database import acting
    from app.jobs.reconciler import anchors_folder
    from app.policy import SYSTEM
    from app.workflows import journal

    anchors = journal.read_anchors(anchors_folder(context))
    with acting(context.sessions, SYSTEM) as session:
        faults = journal.verify(session, context.settings.keys["journal"], anchors)
    if faults:
        return Check("journal", Health.FAILURE, f"цепочка нарушена, записей: {len(faults)}; obektiv journal verify")
    return Check("journal", Health.OK, f"цепочка цела, якорей {len(anchors)}")


def check_jobs(context: AppContext) -> Check:
    from sqlalchemy import func, select

    from app.models import OutboxJob
    from app.terms import JobStatus

    with context.engine.execution_options(readonly=True).connect() as connection:
        dead = connection.scalar(select(func.count()).where(OutboxJob.status == JobStatus.DEAD)) or 0
        oldest = connection.scalar(select(func.min(OutboxJob.created_at)).where(OutboxJob.status == JobStatus.PENDING))
        waiting = connection.scalar(select(func.count()).where(OutboxJob.status == JobStatus.PENDING)) or 0
    age = int((datetime.now(UTC) - oldest).total_seconds()) if oldest else 0
    message = f"ждут {waiting}, старейшая {age} с, остановлено после сбоев {dead}"
    if age > 300:
        return Check("jobs", Health.FAILURE, f"{message}; работают ли обработчики (obektiv worker)?")
    return Check("jobs", Health.WARNING if dead else Health.OK, message)


def check_redis(context: AppContext) -> Check:
    import redis

    from app.jobs.queues import connect

    try:
        with connect(context.settings.redis_url) as client:
            version = client.info("server").get("valkey_version") or client.info("server")["redis_version"]
            policy = client.info("memory").get("maxmemory_policy")
    except redis.exceptions.RedisError:
        return Check("redis", Health.WARNING, "не отвечает: программа не запущена, или задания подождут планировщика")
    if policy not in (None, "noeviction"):
        return Check("redis", Health.WARNING, f"{version}, maxmemory-policy {policy}: нужно noeviction")
    return Check("redis", Health.OK, str(version))


def check_scheduler(context: AppContext) -> Check:
    from app.jobs.reconciler import lock_path

    with lock_path(context).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return Check("scheduler", Health.OK, "работает")
    return Check("scheduler", Health.WARNING, "не работает на этой машине")


def check_disk(context: AppContext) -> Check:
    usage = shutil.disk_usage(context.settings.home)
    free, share = usage.free / 2**30, usage.free / usage.total
    message = f"свободно {free:.1f} ГБ ({100 * share:.0f} %)"
    if free < 1 or share < 0.02:
        return Check("disk", Health.FAILURE, f"{message}; освободите место")
    return Check("disk", Health.WARNING if share < 0.1 else Health.OK, message)


def check_home(context: AppContext) -> Check:
    home = context.settings.home
    parts = sum(1 for _ in context.settings.objects.rglob("*.part")) if context.settings.objects.exists() else 0
    return Check("home", Health.OK, f"{home}, файлов {sum(1 for _ in context.store)}, недописанных {parts}")


def check_clock(context: AppContext) -> Check:
    """Days of orders and deadlines follow this clock, so whoever looks must be able to see it wrong."""
    now = local(datetime.now(UTC))
    return Check("clock", Health.OK, f"{context.settings.timezone}: сейчас {now:%d.%m.%Y %H:%M} (OBEKTIV_TIMEZONE)")


CHECKS: tuple[Callable[[AppContext], Check], ...] = (
    check_database,
    check_schema,
    check_journal,
    check_jobs,
    check_redis,
    check_scheduler,
    check_disk,
    check_home,
    check_clock,
)
