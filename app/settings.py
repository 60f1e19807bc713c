"""Settings: one row each, read from the environment once, loud when wrong."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.errors import Misconfigured
from app.mail import MailServer
from app.storage import write_atomically

SETTINGS: tuple[tuple[str, str, str], ...] = (
    ("OBEKTIV_HOME", "instance", "папка со всем, что программа хранит: база, исходные файлы, документы, сокет"),
    ("DATABASE_URL", "", "адрес базы; пусто — SQLite в OBEKTIV_HOME"),
    ("REDIS_URL", "", "адрес Redis или Valkey; пусто — встроенный на unix-сокете"),
    ("OBEKTIV_HOST", "127.0.0.1", "адрес, на котором отвечает сайт"),
    ("OBEKTIV_PORT", "8000", "порт сайта"),
    ("OBEKTIV_MAX_UPLOAD_MB", "20", "наибольший размер загружаемого файла, МБ"),
    ("OBEKTIV_SECURE_COOKIES", "0", "1 — cookie только по HTTPS"),
    ("OBEKTIV_TRUSTED_HOSTS", "", "имена сайта через запятую; пусто — любые"),
    ("OBEKTIV_TIMEZONE", "Europe/Moscow", "часовой пояс региона"),
    ("OBEKTIV_URL", "", "адрес сайта для ссылок в письмах и календаре; пусто — http://OBEKTIV_HOST:OBEKTIV_PORT"),
    (
        "OBEKTIV_SMTP_URL",
        "",
        "почтовый сервер: smtp://, smtp+starttls://имя:пароль@сервер:587 или smtps://; пусто — писем нет, только "
        "оповещения на сайте",
    ),
    ("OBEKTIV_MAIL_FROM", "", "адрес отправителя писем; обязателен вместе с OBEKTIV_SMTP_URL"),
)
"""Name, default, meaning. The settings page of the documentation is printed from here."""


@dataclass(frozen=True)
class Settings:
    home: Path
    database_url: str
    redis_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    max_upload_mb: int = 20
    secure_cookies: bool = False
    trusted_hosts: tuple[str, ...] = ()
    timezone: str = "Europe/Moscow"
    site_url: str = "http://127.0.0.1:8000"
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    embedded_redis: bool = True
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the environment; a bad value names the variable and the value."""
        environ = os.environ if environ is None else environ
        values = {name: environ.get(name, default) for name, default, _ in SETTINGS}
        home = Path(values["OBEKTIV_HOME"]).resolve()
        home.mkdir(parents=True, exist_ok=True)
        database_url = values["DATABASE_URL"] or f"sqlite:///{home / 'obektiv.db'}"
        if database_url.startswith(("postgres://", "postgresql://")):
            database_url = "postgresql+psycopg://" + database_url.split("://", 1)[1]
        host, port = values["OBEKTIV_HOST"], _integer(values, "OBEKTIV_PORT", 0, 65535)
        smtp_url, mail_from = values["OBEKTIV_SMTP_URL"], values["OBEKTIV_MAIL_FROM"]
        if smtp_url:
            MailServer.parse(smtp_url)
            if "@" not in mail_from:
                raise Misconfigured(f"OBEKTIV_MAIL_FROM={mail_from!r}: к OBEKTIV_SMTP_URL нужен адрес отправителя")
        return cls(
            home=home,
            database_url=database_url,
            redis_url=values["REDIS_URL"] or f"unix://{redis_socket(home)}",
            host=host,
            port=port,
            max_upload_mb=_integer(values, "OBEKTIV_MAX_UPLOAD_MB", 1, 2048),
            secure_cookies=_flag(values, "OBEKTIV_SECURE_COOKIES"),
            trusted_hosts=tuple(h.strip() for h in values["OBEKTIV_TRUSTED_HOSTS"].split(",") if h.strip()),
            timezone=_timezone(values["OBEKTIV_TIMEZONE"]),
            site_url=(values["OBEKTIV_URL"] or f"http://{host}:{port}").rstrip("/"),
            smtp_url=smtp_url,
            mail_from=mail_from,
            embedded_redis=not values["REDIS_URL"],
            keys={name: secret(home, name) for name in ("session", "journal")},
        )

    @property
    def objects(self) -> Path:
        return self.home / "objects"


def secret(home: Path, name: str) -> bytes:
    """The secret called `name`: 32 bytes kept in a 0600 file, made on first use."""
    path = home / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        part = path.with_name(f"{name}.{secrets.token_hex(6)}.part")
        write_atomically(part, secrets.token_bytes(32))
        part.chmod(0o600)
        # Linking fails when the name exists: of two processes starting at once, one makes the key and both read it.
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
        part.unlink()
    content = path.read_bytes()
    if len(content) != 32:
        raise Misconfigured(f"секрет {path} повреждён: ожидаются 32 байта, найдено {len(content)}")
    if path.stat().st_mode & 0o077:
        raise Misconfigured(f"секрет {path} доступен другим пользователям; выполните chmod 600")
    return content


def redis_socket(home: Path) -> Path:
    """Where the embedded Valkey listens; a unix socket path may not exceed about 107 bytes."""
    path = home / "valkey.sock"
    if len(str(path).encode()) <= 100:
        return path
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"obektiv-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "valkey.sock"


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"OBEKTIV_TIMEZONE={name!r}: нужен часовой пояс из базы IANA, например Asia/Vladivostok"
        raise Misconfigured(message) from error
    return name


def _integer(values: Mapping[str, str], name: str, low: int, high: int) -> int:
    try:
        number = int(values[name])
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise Misconfigured(f"{name}={values[name]!r}: нужно целое число от {low} до {high}")
    return number


def _flag(values: Mapping[str, str], name: str) -> bool:
    if values[name] not in ("0", "1"):
        raise Misconfigured(f"{name}={values[name]!r}: нужно 0 или 1")
    return values[name] == "1"
