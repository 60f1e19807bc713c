"""A person's browser without a screen: cookies, the page's token, files in a form. For what needs no drawing."""

from __future__ import annotations

import html
import http.cookiejar
import io
import json
import re
import time
import urllib.parse
import urllib.request
from typing import Any

from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import EnvironBuilder


class Client:
    """Speaks to a running program over HTTP, signed in."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), _KeepRefusals()
        )
        status, _page = self.post("/sign-in", {"login": login, "password": password})
        assert status == 200

    def get(self, path: str) -> tuple[int, str]:
        """Status and the words of a page."""
        with self.opener.open(self.url + path, timeout=30) as answer:
            return answer.status, _words(answer.read().decode())

    def json(self, path: str) -> dict[str, Any]:
        with self.opener.open(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, fields: dict[str, str], files: list[tuple[str, bytes]] | None = None) -> tuple[int, str]:
        """Send a form with the token a page carries; the answer after redirects."""
        data: MultiDict[str, Any] = MultiDict({**fields, "csrf_token": self._token()})
        for name, content in files or []:
            data.add("files", FileStorage(io.BytesIO(content), filename=name))
        builder = EnvironBuilder(method="POST", data=data)
        environ = builder.get_environ()
        body, kind = environ["wsgi.input"].read(), environ["CONTENT_TYPE"]
        builder.close()
        request = urllib.request.Request(self.url + path, data=body, headers={"Content-Type": kind})
        with self.opener.open(request, timeout=60) as answer:
            return answer.status, _words(answer.read().decode())

    def upload(self, files: dict[str, bytes], **paper: str) -> str:
        """Hand files in together; the words of the page that comes back."""
        status, page = self.post("/uploads/new", paper, list(files.items()))
        assert status == 200, page
        return page

    def reading(self, upload_id: int, *, patience: float = 60) -> dict[str, Any]:
        """What became of a file, once the job has read it."""
        deadline = time.monotonic() + patience
        while (found := self.json(f"/api/v1/uploads/{upload_id}"))["status"] == "received":
            assert time.monotonic() < deadline, f"the file is still being read: {found}"
            time.sleep(0.1)
        return found

    def _token(self) -> str:
        for path in ("/account", "/sign-in"):
            with self.opener.open(self.url + path, timeout=30) as answer:
                found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
            if found:
                return html.unescape(found[1])
        raise AssertionError("no page carries a token")


class _KeepRefusals(urllib.request.HTTPErrorProcessor):
    """A refusal is an answer with words, not an exception."""

    def http_response(self, request: Any, response: Any) -> Any:
        if 400 <= response.status < 500:
            return response
        return super().http_response(request, response)


def _words(page: str) -> str:
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(text).replace("\xa0", " ").split())
