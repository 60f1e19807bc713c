"""A person at a browser. Every page looked at must be sound: a quiet console, one heading, a name for every control."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Download, Locator, Page, expect

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""How Chromium is started: without a sandbox in a container, and without talking to anybody but the program."""

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}

_SOUND = """() => {
  const wrong = [];
  const shown = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";
  const say = (what, e) => wrong.push(`${what}: ${e.outerHTML.slice(0, 160)}`);
  if (!["ru", "en"].includes(document.documentElement.lang)) wrong.push("no language on <html>");
  if (!document.title.trim()) wrong.push("no title");
  const headings = [...document.querySelectorAll("h1")].filter(shown);
  if (headings.length !== 1) wrong.push(`${headings.length} headings of level 1`);
  if (!document.querySelector("main")) wrong.push("no <main>");
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!shown(e)) continue;
    const named = (e.labels && [...e.labels].some((l) => l.textContent.trim())) || e.ariaLabel
      || e.getAttribute("aria-labelledby");
    if (!named) say("a field without a label", e);
  }
  for (const e of document.querySelectorAll("a[href], button, summary")) {
    if (shown(e) && !(e.textContent.trim() || e.ariaLabel || e.title || e.getAttribute("aria-labelledby")))
      say("nameless", e);
  }
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) say("no alternative text", e);
  for (const e of document.querySelectorAll("label[for]"))
    if (!document.getElementById(e.htmlFor)) say("a label of nothing", e);
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) wrong.push(`id twice: ${id}`);
  if (/\\b(undefined|NaN|None)\\b|\\[object /.test(document.body.innerText)) wrong.push("a bare value on the page");
  for (const e of document.querySelectorAll("[data-chart]"))
    if (!e.querySelector("svg")) say("a chart that was not drawn", e);
  return wrong;
}"""

_OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const inside = (e) => { for (let p = e.parentElement; p; p = p.parentElement) {
    const o = getComputedStyle(p).overflowX; if (o === "auto" || o === "scroll" || o === "hidden") return true; }
    return false; };
  return [`page is ${document.documentElement.scrollWidth} wide`, ...[...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > width + 1 && !inside(e)).slice(0, 4)
    .map((e) => e.outerHTML.slice(0, 120))];
}"""


class Visitor:
    """One person's browser: actions in the words on the page, and a look at what came of them."""

    shots = 0

    def __init__(self, browser: Browser, url: str, folder: Path) -> None:
        self.folder = folder
        self.context = browser.new_context(
            base_url=url, viewport=WIDE, locale="ru-RU", color_scheme="light", reduced_motion="reduce"
        )
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("requestfailed", lambda request: self._miss(request.url, request.failure))

    def _hear(self, message: Any) -> None:
        if message.type not in ("error", "warning"):
            return
        # A refusal is answered with 409 or 422, a wrong password with 401: the browser notes it, and that is all.
        if re.search(r"status of (401|409|422)\b", message.text) and "/static/" not in message.location.get("url", ""):
            return
        self.complaints.append(f"console: {message.text}")

    def _miss(self, url: str, failure: str | None) -> None:
        if failure != "net::ERR_ABORTED":  # a page left while it was still asking for progress, or a download
            self.complaints.append(f"request: {url}: {failure}")

    # What a person does

    def sign_in(self, login: str, password: str) -> Visitor:
        self.page.goto("/sign-in")
        self.fill("Логин", login)
        self.fill("Пароль", password)
        self.press("Войти")
        expect(self.page.locator(".user-menu")).to_be_visible()
        return self

    def open(self, path: str) -> None:
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def follow(self, text: str, *, inside: str = "body") -> None:
        self.page.locator(inside).get_by_role("link", name=text).first.click()
        self.page.wait_for_load_state()

    def press(self, text: str, *, inside: str = "body") -> None:
        self.page.locator(inside).get_by_role("button", name=text, exact=True).first.click()
        self.page.wait_for_load_state()

    def fill(self, label: str, text: str) -> None:
        self.field(label).fill(text)

    def choose(self, label: str, text: str) -> None:
        """Take the option whose words contain `text`, from a plain list or one that filters."""
        field = self.field(label)
        if field.get_attribute("role") == "combobox":
            field.fill(text)
            self.page.get_by_role("option", name=text).first.click()
            return
        value = field.locator("option", has_text=text).first.get_attribute("value")
        field.select_option(value)

    def tick(self, label: str, *, on: bool = True) -> None:
        self.page.get_by_label(label, exact=True).first.set_checked(on)

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$")).first

    def download(self, text: str) -> Download:
        with self.page.expect_download() as waiting:
            self.page.get_by_role("link", name=text).first.click()
        return waiting.value

    def sign_out(self) -> None:
        self.page.locator(".user-menu > summary").click()
        self.page.get_by_role("button", name=re.compile("Выйти|Sign out")).click()
        expect(self.page).to_have_url(re.compile("/sign-in"))

    # What a person sees

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def waits_for(self, text: str | re.Pattern[str], *, seconds: float = 30) -> None:
        """Something a job will bring; pages with a bar come by themselves."""
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=seconds * 1000)

    def look(self, name: str, *, narrow: bool = False) -> None:
        """Check the page, keep a picture; `narrow` looks at it on a telephone as well."""
        self.page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every(e => e.querySelector('svg'))")
        wrong = self.page.evaluate(_SOUND)
        self._keep(name)
        if narrow:
            self.page.set_viewport_size(NARROW)
            wrong += self._overflow()
            self._keep(f"{name}-390")
            self.page.set_viewport_size(WIDE)
        wrong += self.complaints
        assert not wrong, f"{name} ({self.page.url}):\n" + "\n".join(wrong)

    def _overflow(self) -> list[str]:
        """What sticks out at the right; charts get a moment to follow the page's width."""
        deadline = time.monotonic() + 3
        while (found := self.page.evaluate(_OVERFLOW)) and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
        return list(found)

    def _keep(self, name: str) -> None:
        Visitor.shots += 1
        self.page.screenshot(
            path=self.folder / f"{Visitor.shots:02d}-{name}.png", full_page=True, animations="disabled"
        )

    def leave(self) -> None:
        self.context.close()
