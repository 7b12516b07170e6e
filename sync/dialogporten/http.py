"""The owner of httpx: one client for every request of this program, and the rules that hold for all of them.

No redirect is followed; a bearer leaves only for hosts of the environment, over https or to this machine; no
`Accept-Language` (the server would prune texts); no cookies, no netrc; an answer is whole or it is an error; an
answer larger than the limit is not read. Every answer's `Date` is shown to the server clock.
"""

import logging
import os
import socket
import ssl
import threading
import time
import weakref
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Final
from urllib.parse import quote_plus, urljoin, urlsplit

import httpx

from config.events import Event
from sync.dialogporten.clock import ServerClock, utc_now
from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    ConnectFailed,
    Context,
    CutBody,
    HostNotAllowed,
    NotTheApi,
    Redirected,
    Stopped,
    TimedOut,
    TokenError,
    TooLarge,
)
from sync.dialogporten.nesting import is_nested_too_deep
from sync.dialogporten.origins import Origin, origin
from sync.dialogporten.retry import Told, ignore

RESPONSE_BYTES: Final = 64 * 1024 * 1024
TOKEN_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. The server may take 25 s upstream and 20 s to search, hence `read`; `whole` ends a trickling answer."""

    connect: float = 10.0
    read: float = 60.0
    write: float = 20.0
    pool: float = 60.0
    whole: float = 300.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete answer: header names in lower case; `framed` when the server said where the body ends."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    framed: bool = True


class HttpEdge:
    """Sends requests; thread safe. `hosts` are the `host[:port]` that may get a bearer.

    `stop` ends waiting and reading everywhere; `close` sets it and breaks open connections, so that a thread in the
    middle of an answer gets Stopped at once. `told(event, fields)` hears of each answer: method, path, status,
    bytes, milliseconds.
    """

    def __init__(
        self,
        *,
        hosts: frozenset[str],
        concurrency: int = 8,
        timeouts: Timeouts | None = None,
        response_bytes: int = RESPONSE_BYTES,
        clock: ServerClock | None = None,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        stop: threading.Event | None = None,
        told: Told = ignore,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        _silence_httpx()
        self.now = now
        self.monotonic = monotonic
        self.stop = stop or threading.Event()
        self.clock = clock or ServerClock(now=now, monotonic=monotonic, told=told)
        self._hosts = frozenset(host.lower() for host in hosts)
        self._limit = response_bytes
        self.told = told
        self._timeouts = timeouts or Timeouts()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        # Reentrant: a signal handler may close us while its own thread holds it.
        self._lock = threading.RLock()
        self._client = httpx.Client(
            headers={"Accept": "application/json", "User-Agent": f"dialogarkiv/{_version()}"},
            # Cookies of one system user's answers must not travel with another's requests.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(
                connect=self._timeouts.connect,
                read=self._timeouts.read,
                write=self._timeouts.write,
                pool=self._timeouts.pool,
            ),
            limits=httpx.Limits(
                max_connections=concurrency + 2, max_keepalive_connections=concurrency + 2, keepalive_expiry=20.0
            ),
            follow_redirects=False,
            # Plain http goes to this machine only; a proxy would read the bearer.
            mounts={"http://": None},
            verify=_trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
            transport=transport,
        )

    def may_carry_bearer(self, url: str) -> bool:
        """Is this address one of the environment's, and safe against listeners?"""
        found = origin(url)
        return found is not None and found.safe and found.listed(self._hosts)

    def get(self, url: str, *, context: Context, bearer: str | None = None) -> Answer:
        """The complete answer, whatever its status; Unreachable, Redirected, HostNotAllowed or Stopped otherwise."""
        return self._request("GET", url, context=context, bearer=bearer)

    def post_form(
        self, url: str, fields: Mapping[str, str], *, context: Context, basic: tuple[str, str] | None = None
    ) -> Answer:
        """As `get`, form-encoded; carries no bearer, but a client's id and secret where `basic` gives them. The caller
        vouches for the host.
        """
        more = None if basic is None else {"Authorization": _basic(*basic)}
        return self._request("POST", url, context=context, form=fields, more=more)

    def put_json(
        self, url: str, body: bytes, *, context: Context, bearer: str | None = None, headers: Mapping[str, str]
    ) -> Answer:
        """As `get`, with a JSON body and more headers (`If-Match`)."""
        more = {"Content-Type": "application/json", **headers}
        return self._request("PUT", url, context=context, bearer=bearer, content=body, more=more)

    def wait(self, seconds: float) -> bool:
        """Sleeps; True when we were asked to stop meanwhile."""
        return self.stop.wait(seconds)

    def close(self) -> None:
        """Stops everything that waits or reads, in every thread, and closes the connections."""
        self.stop.set()
        with self._lock:
            opened = list(self._sockets)
        for each in opened:
            # The plain socket's shutdown, for TLS too: it wakes a reader and leaves the TLS object it is using alone.
            with suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)
        self._client.close()

    def _request(
        self,
        method: str,
        url: str,
        *,
        context: Context,
        bearer: str | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Answer:
        target = self._allowed(url, bearer is not None, context)
        headers = dict(more or {})
        if bearer is not None:
            headers["Authorization"] = f"Bearer {_clean(bearer, context)}"
        if self.stop.is_set():
            raise _never_left(Stopped("Stopped before asking.", context=context))
        sent = self.monotonic()
        answered = False
        try:
            with self._client.stream(
                method, url, headers=headers, data=form, content=content, extensions={"trace": self._trace}
            ) as response:
                answered = True
                found = {name.lower(): value for name, value in response.headers.items()}
                self.clock.observe(str(target), found, sent)
                self._not_redirected(response, url, context)
                body = self._body(response, sent, context)
        except ArkivError as error:
            self._discarded(error)
            raise
        except Exception as error:
            if self.stop.is_set():
                raise Stopped("Stopped in the middle of a request.", context=context) from None
            if isinstance(error, httpx.HTTPError):
                # Without the cause: its request carries the bearer.
                failure = _unreachable(error, target, answered, context)
                self._discarded(failure)
                raise failure from None
            raise
        took = self.monotonic() - sent
        self.told(
            Event.HTTP_ANSWER,
            {
                "method": method,
                "path": context.url_path,
                "status": response.status_code,
                "bytes": len(body),
                "ms": round(took * 1000),
                "connection": context.connection,
            },
        )
        framed = "content-length" in found or "chunked" in found.get("transfer-encoding", "")
        return Answer(response.status_code, found, body, framed)

    def _allowed(self, url: str, with_bearer: bool, context: Context) -> Origin:
        target = origin(url)
        if target is None:
            raise HostNotAllowed(
                "The address is not an http address that we can use. Check the environment.", context=context
            )
        if not target.safe:
            raise HostNotAllowed(
                f"{target} is not this machine, and plain http would show everything to listeners. Use https.",
                context=context,
            )
        if with_bearer and not target.listed(self._hosts):
            raise HostNotAllowed(f"{target} is not a host of this environment; no token goes there.", context=context)
        return target

    def _not_redirected(self, response: httpx.Response, url: str, context: Context) -> None:
        if not 300 <= response.status_code < 400 or "location" not in response.headers:
            return
        try:
            to = urlsplit(urljoin(url, response.headers["location"])).hostname or "nowhere"
        except ValueError:
            to = "an unreadable address"
        raise Redirected(
            f"The server sends us on to {to}, and a token follows nobody. Check the base address of the environment.",
            target=to,
            context=context,
            status=response.status_code,
        )

    def _body(self, response: httpx.Response, sent: float, context: Context) -> bytes:
        declared = response.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared[:18]) > self._limit:
            raise self._too_large(response.status_code, context)
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self._limit:
                raise self._too_large(response.status_code, context)
            if self.stop.is_set():
                raise Stopped("Stopped in the middle of an answer.", context=context)
            if self.monotonic() - sent > self._timeouts.whole:
                raise TimedOut(
                    f"The answer was still trickling in after {self._timeouts.whole:.0f} s.",
                    context=context,
                    status=response.status_code,
                )
            chunks.append(chunk)
        return b"".join(chunks)

    def _discarded(self, error: ArkivError) -> None:
        if isinstance(error, CutBody | TooLarge):
            self.told(Event.RESPONSE_DISCARDED, {"error": type(error).__name__, **error.facts()})

    def _too_large(self, status: int, context: Context) -> TooLarge:
        return TooLarge(
            f"The answer is larger than {self._limit} bytes and was not read. "
            "If it is a genuine dialog, raise limits.response_bytes.",
            context=context,
            status=status,
        )

    def _trace(self, event: str, info: Mapping[str, object]) -> None:
        """Remembers each socket as it is connected or wrapped in TLS, so that `close` can break it."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            stream = info.get("return_value")
            ask = getattr(stream, "get_extra_info", None)
            found = ask("socket") if ask is not None else None
            if isinstance(found, socket.socket):
                with self._lock:
                    self._sockets.add(found)
                if self.stop.is_set():
                    # Connected after `close` had looked: nobody else would break this one.
                    with suppress(OSError):
                        socket.socket.shutdown(found, socket.SHUT_RDWR)


def complete_json(answer: Answer, context: Context) -> bytes:
    """The body of a 200 that is JSON from its first to its last character; BadBody, NotTheApi or CutBody otherwise.

    Only the ends and the nesting are looked at: decoding is the wire types' matter. Without framing, a broken
    connection looks like an end.
    """
    body = answer.body
    if is_nested_too_deep(body):
        raise BadBody(
            "The answer is nested deeper than any that the API promises; nothing of it is used.",
            context=context,
            status=answer.status,
        )
    first, last = body.lstrip()[:1], body.rstrip()[-1:]
    if first in (b"{", b"[") and last in (b"}", b"]"):
        return body
    if first in (b"{", b"[") and not answer.framed:
        raise CutBody("The answer broke off.", context=context, status=answer.status)
    raise NotTheApi(
        "The answer is not JSON. A login page or a proxy may stand in between; check the base address.",
        context=context,
        status=answer.status,
    )


def _clean(bearer: str, context: Context) -> str:
    # A stray line break would otherwise end up, token and all, in the HTTP library's error text.
    if not bearer or not TOKEN_CHARACTERS.issuperset(bearer):
        raise TokenError("The token is empty or holds characters that no token has. Set it anew.", context=context)
    return bearer


def _basic(name: str, secret: str) -> str:
    # Each is form-encoded first, as OAuth wants it.
    return f"Basic {b64encode(f'{quote_plus(name)}:{quote_plus(secret)}'.encode()).decode()}"


def _unreachable(error: httpx.HTTPError, target: Origin, answered: bool, context: Context) -> ArkivError:
    failure = _unanswered(error, target, answered, context)
    unsent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
    return _never_left(failure) if unsent else failure


def _never_left(failure: ArkivError) -> ArkivError:
    failure.left = False
    return failure


def _unanswered(error: httpx.HTTPError, target: Origin, answered: bool, context: Context) -> ArkivError:
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(f"{target} did not answer in time ({type(error).__name__}).", context=context)
    if isinstance(error, httpx.DecodingError) or answered:
        return CutBody(f"The answer of {target} broke off ({type(error).__name__}).", context=context)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ConnectFailed(
            f"The certificate of {target} is not trusted here. Behind a company proxy, set SSL_CERT_FILE.",
            context=context,
        )
    return ConnectFailed(
        f"No connection to {target} ({type(error).__name__}). Check the network, the proxy and the address.",
        context=context,
    )


def _version() -> str:
    try:
        return version("dialogarkiv")
    except PackageNotFoundError:
        return "dev"


@cache
def _trusted(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """The certificates that this environment trusts. Reading them takes a twentieth of a second, so it is done once."""
    return httpx.create_ssl_context()


def _silence_httpx() -> None:
    """These loggers write whole addresses (national ids in the query) and, in debug, whole headers."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
