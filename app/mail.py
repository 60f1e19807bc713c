"""Letters: one SMTP conversation a letter, and whether a refusal is final."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from app.errors import Misconfigured, Reason, Refused

TIMEOUT = 20.0
"""Seconds a mail server may keep silent."""


@dataclass(frozen=True)
class MailServer:
    """Where letters go: ``smtp://host:25``, ``smtp+starttls://user:password@host:587`` or ``smtps://…:465``."""

    host: str
    port: int
    is_tls: bool
    is_starttls: bool
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> MailServer:
        """Raises Misconfigured where the address cannot be used."""
        ports = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise _wrong(str(error)) from error
        if parts.scheme not in ports or not parts.hostname:
            raise _wrong("ждут smtp://, smtp+starttls:// или smtps:// и имя сервера")
        if parts.username and parts.scheme == "smtp":
            raise _wrong("пароль без шифрования не отправляют: нужен smtp+starttls:// или smtps://")
        return cls(
            parts.hostname,
            port or ports[parts.scheme],
            parts.scheme == "smtps",
            parts.scheme == "smtp+starttls",
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )


def send(server: MailServer, letter: EmailMessage) -> None:
    """Hand a letter to the mail server.

    Raises
    ------
    Refused
        The server refused this letter for good (a 5xx answer): repeating it changes nothing.
    OSError, smtplib.SMTPException
        The server did not answer or asks to come later: worth another try.
    """
    context = ssl.create_default_context()
    try:
        with (
            smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
            if server.is_tls
            else smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        ) as line:
            if server.is_starttls:
                line.starttls(context=context)
            if server.user:
                line.login(server.user, server.password or "")
            line.send_message(letter)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        if code < 500:
            raise
        raise _refused(code, said) from error
    except smtplib.SMTPResponseException as error:
        if error.smtp_code < 500:
            raise
        raise _refused(error.smtp_code, error.smtp_error) from error


def _refused(code: int, said: bytes | str) -> Refused:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return Refused(
        Reason(
            "mail_refused",
            f"Почтовый сервер не принял письмо ({code} {text}). Проверьте адрес и настройки почты.",
            f"The mail server refused the letter ({code} {text}). Check the address and the mail settings.",
        )
    )


def _wrong(why: str) -> Misconfigured:
    # The value may hold a password, so it is not repeated.
    return Misconfigured(f"OBEKTIV_SMTP_URL: {why}")
