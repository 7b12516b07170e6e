"""A person at ID-porten's pages: with a real headless Chromium, or filling in the same forms over HTTP.

`ByForms` needs nothing; `ByBrowser` needs Debian's packages chromium and chromium-driver, see `missing_browser`.
Both come back with the address they ended up at and what stands there.
"""

from __future__ import annotations

import os
import queue
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urljoin

import httpx

from tests.acceptance.sandbox_process import PATIENCE_SECONDS

OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    # This machine is all there is.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver names the id of an element


@dataclass(frozen=True)
class Choices:
    """What the person does: the buttons they press, the scopes they take the tick away from, their level."""

    login: str = "login"
    consent: str = "approve"
    untick: tuple[str, ...] = ()
    acr: str | None = None


@dataclass(frozen=True)
class Page:
    """Where one ended up: the address in full, and the words of the page (none where no server answers there)."""

    url: str
    text: str = ""


APPROVES = Choices()


class Person(Protocol):
    """Visits an address, goes through the pages, and tells where that ended."""

    def visit(self, address: str, choices: Choices = APPROVES) -> Page: ...

    def withdraw(self, profile: str, pid: str) -> None:
        """Takes back, on the person's own page, whatever any program may do."""


# Over HTTP


@dataclass
class _Form(HTMLParser):
    """The first form of a page: where it goes, and what it sends as it stands."""

    action: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._done = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if self._done:
            return
        if tag == "form":
            self.action = found["action"]
        elif tag == "input" and "name" in found:
            if found.get("type") not in ("radio", "checkbox") or "checked" in found:
                self.fields.append((found["name"], found.get("value", "")))
        elif tag == "button":
            self.buttons[found["id"]] = (found["name"], found["value"])

    def handle_endtag(self, tag: str) -> None:
        self._done = self._done or tag == "form"


class ByForms:
    """Fills in the forms as a browser would, without one."""

    def visit(self, address: str, choices: Choices = APPROVES) -> Page:
        page, form = _follow("GET", address)
        if form is None:
            return page
        fields = [(name, choices.acr if name == "acr" and choices.acr else value) for name, value in form.fields]
        page, form = self._press(page, form, fields, choices.login)
        if form is None:
            return page
        kept = [(name, value) for name, value in form.fields if value not in choices.untick]
        return self._press(page, form, kept, choices.consent)[0]

    def withdraw(self, profile: str, pid: str) -> None:
        page, form = _follow("GET", profile)
        while form is not None:
            fields = [(name, pid if name == "pid" else value) for name, value in form.fields]
            page, form = self._press(page, form, fields, next(iter(form.buttons)))
        assert "No program may act for you" in page.text

    def _press(self, page: Page, form: _Form, fields: list[tuple[str, str]], button: str) -> tuple[Page, _Form | None]:
        return _follow("POST", urljoin(page.url, form.action), urlencode([*fields, form.buttons[button]]))


def _follow(method: str, address: str, body: str | None = None) -> tuple[Page, _Form | None]:
    """The page that a request ends at, through all redirects, and its form; an address where nobody answers is one."""
    headers = {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"}
    while True:
        try:
            answer = httpx.request(
                method, address, content=body, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False, verify=False
            )
        except httpx.ConnectError:
            return Page(address), None
        if "location" not in answer.headers:
            break
        method, address, body, headers = "GET", urljoin(address, answer.headers["location"]), None, {}
    form = _Form()
    form.feed(answer.text)
    return Page(address, re.sub(r"<[^>]+>", " ", answer.text)), form if form.action else None


# With Chromium


def missing_browser() -> str | None:
    """Why there is no real browser to test with; None when there is."""
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(lacking)} not installed (Debian: chromium chromium-driver)" if lacking else None


class ByBrowser:
    """A Chromium that listens to us through ChromeDriver, by the W3C's WebDriver protocol."""

    def __init__(self, driver: str, options: dict[str, Any]) -> None:
        self._driver = driver
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        self._session = f"/session/{self._ask('POST', '/session', wanted)['sessionId']}"
        # A page that is still being loaded is waited for.
        self._ask("POST", f"{self._session}/timeouts", {"implicit": 30_000, "pageLoad": 60_000})

    def visit(self, address: str, choices: Choices = APPROVES) -> Page:
        self.open(address)
        return self.go_on(choices)

    def open(self, address: str) -> None:
        self._ask("POST", f"{self._session}/url", {"url": address})

    def go_on(self, choices: Choices = APPROVES) -> Page:
        """From the page of the login to the end."""
        if choices.acr:
            self._press(f"input[name=acr][value={choices.acr}]")
        self._press(f"#{choices.login}")
        if choices.login != "cancel":
            for scope in choices.untick:
                self._press(f'input[name=scope][value="{scope}"]')
            self._press(f"#{choices.consent}")
        return self.page()

    def page(self) -> Page:
        url = self._ask("GET", f"{self._session}/url", None)
        body = self._find("body")
        return Page(url, self._ask("GET", f"{self._session}/element/{body}/text", None))

    def withdraw(self, profile: str, pid: str) -> None:
        self.open(profile)
        self._press(f'input[name=pid][value="{pid}"]')
        self._press("#show")
        while "No program may act for you" not in self.page().text:
            self._press("#withdraw")

    def close(self) -> None:
        self._ask("DELETE", self._session, None)

    def _press(self, selector: str) -> None:
        with suppress(_NoSuchHost):
            self._ask("POST", f"{self._session}/element/{self._find(selector)}/click", {})

    def _find(self, selector: str) -> str:
        found = self._ask("POST", f"{self._session}/element", {"using": "css selector", "value": selector})
        return str(found[ELEMENT])

    def _ask(self, method: str, path: str, body: Any) -> Any:
        address = f"{self._driver}{path}"
        answer = httpx.request(method, address, json=body, timeout=PATIENCE_SECONDS, trust_env=False, verify=False)
        value = answer.json()["value"]
        if answer.status_code == 200:
            return value
        # Sent on to a host that there is not: the address is what one copies from there.
        if "net::ERR" in value["message"]:
            raise _NoSuchHost(value["message"])
        raise AssertionError(f"{path}: {value['error']}: {value['message']}")


class _NoSuchHost(Exception):
    """The browser shows its own error page."""


@contextmanager
def driver() -> Iterator[str]:
    """A ChromeDriver's address, until the block ends."""
    process = subprocess.Popen(
        ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                yield f"http://127.0.0.1:{found[1]}"
                return
        raise AssertionError("ChromeDriver did not start")
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


@contextmanager
def browser(folder: Path) -> Iterator[ByBrowser]:
    """A Chromium of its own, until the block ends."""
    arguments = [*OPTIONS, f"--user-data-dir={folder / 'chromium'}"]
    with driver() as address:
        found = ByBrowser(address, {"args": arguments, "binary": shutil.which("chromium")})
        try:
            yield found
        finally:
            found.close()


class Opener:
    """A program for $BROWSER that hands the address it is given to the test, and starts Chromium if so wanted."""

    def __init__(self, folder: Path, *, chromium: bool) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self._pipe = folder / "opened"
        os.mkfifo(self._pipe)
        script = folder / "open-browser"
        command = f"printf '%s\\n' \"$1\" > '{self._pipe}'\n"
        if chromium:
            options = shlex.join([*OPTIONS, f"--user-data-dir={folder / 'opened-chromium'}"])
            command += f"exec chromium {options} \"$1\" 2> '{self._pipe}' > /dev/null\n"
        script.write_text(f"#!/bin/sh\n{command}", encoding="utf-8")
        script.chmod(0o700)
        self.command = f"{script} %s"
        threading.Thread(target=self._read, daemon=True).start()

    def address(self) -> str:
        """What the program was started with."""
        return self._lines.get(timeout=PATIENCE_SECONDS)

    def debugger(self) -> str:
        """Where the Chromium that was started can be spoken to."""
        while True:
            line = self._lines.get(timeout=PATIENCE_SECONDS)
            if found := re.search(r"DevTools listening on ws://([0-9.:]+)/", line):
                return found[1]

    def _read(self) -> None:
        # A pipe ends when its writer does; the next writer finds it open again.
        while self._pipe.exists():
            with suppress(FileNotFoundError), self._pipe.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    self._lines.put(line.rstrip("\n"))
