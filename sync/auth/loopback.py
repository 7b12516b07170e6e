"""The ear for a login in the browser of this machine: waits at the redirect address, on loopback alone (RFC 8252).

The browser is sent to a start link of one use, which leads on to ID-porten: what stands in a process list when a
browser is opened is then worth nothing to whoever reads it there. A start link that is used twice ends the login.
Requests are in no log. Nothing is asked from here; this listens.
"""

import hmac
import queue
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

from config.environments import is_loopback
from config.errors import ConfigError
from sync.auth.attempt import Attempt, belongs_to

_REPLY_SECONDS: Final = 90.0  # how long a browser is kept waiting for how the login ended
_SHOW_SECONDS: Final = 5.0  # how long we wait for it to be shown that
_IDLE_SECONDS: Final = 10.0
_PORT_TRIES: Final = 20
_PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} – Dialogarkiv</title><style>'
    "body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}}</style></head>"
    "<body><h1>{title}</h1><p>{sentence}</p></body></html>"
)


def can_listen(redirect: str) -> bool:
    """Whether a redirect address leads to a plain http port of this machine."""
    parts = urlsplit(redirect)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def with_port(redirect: str, port: int) -> str:
    """A redirect address whose port was left open (0) with this one; any other as it is."""
    parts = urlsplit(redirect)
    if parts.port != 0:
        return redirect
    return parts._replace(netloc=f"{parts.netloc.removesuffix(':0')}:{port}").geturl()


@dataclass(slots=True, eq=False)
class Arrival:
    """A browser that came back; it waits for `reply`. `address` None: the start link was used twice."""

    address: str | None = field(repr=False)
    _told: threading.Event = field(default_factory=threading.Event)
    _shown: threading.Event = field(default_factory=threading.Event)
    _title: str = "Not logged in"
    _sentence: str = "The login was broken off. See the terminal."

    def reply(self, title: str, sentence: str) -> None:
        """What the browser shows in the end; returns when it was sent there."""
        self._title, self._sentence = title, sentence
        self._told.set()
        if self.address is not None:
            self._shown.wait(_SHOW_SECONDS)

    def outcome(self) -> tuple[str, str]:
        self._told.wait(_REPLY_SECONDS)
        return self._title, self._sentence

    def shown(self) -> None:
        self._shown.set()


class Loopback:
    """Listens while it is entered. `redirect` is the address with the port that was taken.

    ConfigError when the port cannot be had. `stray()` is called for each answer that belongs to another login.
    """

    def __init__(
        self,
        redirect: str,
        *,
        connection: str,
        stray: Callable[[], None] = lambda: None,
        random: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        parts = urlsplit(redirect)
        self.host = parts.hostname or ""
        self._servers = _listen(self, self.host, 80 if parts.port is None else parts.port, redirect, connection)
        # As registered, but for a port that was left to us.
        self.redirect = with_port(redirect, int(self._servers[0].server_address[1]))
        self.authority = urlsplit(self.redirect).netloc
        self.path = parts.path or "/"
        self.stray = stray
        self._start = f"/start/{random()}"
        self._attempt: Attempt | None = None
        self._started = False
        self._returned = False
        self._arrivals: queue.Queue[Arrival] = queue.Queue()
        self._lock = threading.Lock()

    def __enter__(self) -> "Loopback":
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), name="login", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(queue.Empty):
            while True:
                self._arrivals.get_nowait().reply("Not logged in", "The login was broken off. See the terminal.")
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def link(self) -> str:
        """Where a browser is to begin; works once."""
        return f"http://{self.authority}{self._start}"

    @property
    def started(self) -> bool:
        """Whether the start link was used."""
        with self._lock:
            return self._started

    def expect(self, attempt: Attempt) -> bool:
        """From now on the link leads to this attempt, and answers to it are taken. False once the link was used: what
        it led to then stands.
        """
        with self._lock:
            if not self._started:
                self._attempt = attempt
            return not self._started

    def wait(self, seconds: float) -> Arrival | None:
        """The next browser that comes back, or None."""
        try:
            return self._arrivals.get(timeout=seconds)
        except queue.Empty:
            return None

    def start(self, path: str) -> str | None:
        """Where a start link leads; None for a path that is none. "" when it has been used: that ends the login."""
        with self._lock:
            attempt, used = self._attempt, self._started
            if attempt is None or not hmac.compare_digest(path.encode(), self._start.encode()):
                return None
            self._started = True
        if used:
            self._arrivals.put(Arrival(None))
        return "" if used else attempt.url

    def arrived(self, target: str) -> Arrival | str:
        """The arrival to wait for, or why there is none: `foreign`, or `late` for the second of the same login."""
        address = f"http://{self.authority}{target}"
        with self._lock:
            if self._attempt is None or not belongs_to(address, self._attempt):
                return "foreign"
            if self._returned:
                return "late"
            self._returned = True
        arrival = Arrival(address)
        self._arrivals.put(arrival)
        return arrival


class _Server(ThreadingHTTPServer):
    """Keeps its listener at hand, and asks no name server what it is called."""

    daemon_threads = True
    # Two listeners on one port would share what comes.
    allow_reuse_port = False

    def __init__(self, family: socket.AddressFamily, place: tuple[str, int], loopback: Loopback) -> None:
        self.address_family = family
        self.loopback = loopback
        super().__init__(place, _Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.loopback.host, self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is no matter; a traceback would quote nothing of use."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _IDLE_SECONDS
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "dialogarkiv", ""

    def do_GET(self) -> None:
        loopback = self.server.loopback
        if self.headers.get("Host", "").lower() != loopback.authority.lower():
            # Another name for this machine: a page elsewhere may be trying to talk to us.
            self._show(421, "Not here", "This address is for logging in alone.")
            return
        path = self.path.partition("?")[0]
        if path == loopback.path:
            self._come_back(loopback)
            return
        onward = loopback.start(path)
        if onward:
            self._answer(302, b"", ("Location", onward))
        elif onward is None:
            self._show(404, "Nothing here", "This address is for logging in alone.")
        else:
            self._show(
                410, "Used already", "This link works once. Somebody may have used it before you: run the login again."
            )

    def _come_back(self, loopback: Loopback) -> None:
        found = loopback.arrived(self.path)
        if isinstance(found, Arrival):
            try:
                self._show(200, *found.outcome())
            finally:
                found.shown()
        elif found == "late":
            self._show(409, "Back already", "This login has come back before. See the terminal.")
        else:
            loopback.stray()
            self._show(400, "Another login", "This answer belongs to another login. The newest page is the one to use.")

    def _show(self, status: int, title: str, sentence: str) -> None:
        page = _PAGE.format(title=escape(title), sentence=escape(sentence)).encode()
        self._answer(status, page, ("Content-Type", "text/html; charset=utf-8"))

    def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.close_connection = True
        self.send_response(status)
        for name, value in (
            *headers,
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
            ("X-Content-Type-Options", "nosniff"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a request line here holds the code."""


def _listen(loopback: Loopback, host: str, port: int, redirect: str, connection: str) -> list[_Server]:
    """A server for each address that browsers may take the host for; port 0 takes a free one."""
    families = [socket.AF_INET6] if ":" in host else [socket.AF_INET]
    if host == "localhost":
        # Whoever held the other one would be sent the code.
        families.append(socket.AF_INET6)
    for remaining in range(_PORT_TRIES if port == 0 else 1, 0, -1):
        servers: list[_Server] = []
        try:
            for family in families:
                name = "::1" if family == socket.AF_INET6 else ("127.0.0.1" if host == "localhost" else host)
                at = servers[0].server_address[1] if servers else port
                try:
                    servers.append(_Server(family, (name, int(at)), loopback))
                except OSError:
                    if not servers or _has_ipv6():
                        raise
            return servers
        except OSError as error:
            for server in servers:
                server.server_close()
            if remaining == 1:
                raise _taken(redirect, connection, error) from None
    raise AssertionError("unreachable")


def _has_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _taken(redirect: str, connection: str, error: OSError) -> ConfigError:
    return ConfigError(
        None,
        f"connection.{connection}.redirect",
        f'"{redirect}"',
        f"this program cannot listen there ({error.strerror}).",
        "End the program that holds the port, perhaps another login, and try again; or log in with --paste.",
    )
