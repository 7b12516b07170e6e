"""Answers that break off, never come, are too large, or send us elsewhere: a real socket on the other side."""

import gzip
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.dialogporten.client import DialogportenClient
from sync.dialogporten.errors import (
    ArkivError,
    ConnectFailed,
    Context,
    CutBody,
    Redirected,
    Stopped,
    TimedOut,
    TooLarge,
)
from sync.dialogporten.http import HttpEdge, Timeouts
from sync.dialogporten.retry import Retrier

Line = Callable[[socket.socket, bytes], None]
CONTEXT = Context(at=datetime(2026, 11, 22, 6, 30, tzinfo=UTC), url_path="/x")
SHORT = Timeouts(connect=2.0, read=0.2, write=2.0, pool=2.0, whole=0.5)


class Server:
    """A socket that says what it is told to, byte for byte, to one connection after the other."""

    def __init__(self, *lines: Line) -> None:
        self.lines = list(lines)
        self.asked: list[bytes] = []
        self.reached = threading.Event()
        self.release = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def close(self) -> None:
        self.release.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                asked = b""
                while b"\r\n\r\n" not in asked:
                    got = connection.recv(65536)
                    if not got:
                        break
                    asked += got
                self.asked.append(asked)
                self.reached.set()
                line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
                line(connection, asked)


@contextmanager
def serving(*lines: Line) -> Iterator[Server]:
    server = Server(*lines)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def edge(server: Server, timeouts: Timeouts | None = None, response_bytes: int = 1_000_000) -> Iterator[HttpEdge]:
    http = HttpEdge(hosts=frozenset({server.host}), timeouts=timeouts, response_bytes=response_bytes)
    try:
        yield http
    finally:
        http.close()


def saying(data: bytes) -> Line:
    return lambda connection, asked: connection.sendall(data)


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Connection: close", b"Content-Type: application/json", *headers]
    if not any(line.lower().startswith((b"content-length", b"transfer-encoding")) for line in headers):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


WHOLE = answer(b'{"items": []}')
CHUNKED = b"Transfer-Encoding: chunked"


def test_a_whole_answer_comes_through_as_it_was_sent() -> None:
    with serving(saying(WHOLE)) as server, edge(server) as http:
        got = http.get(server.url + "/x", context=CONTEXT, bearer="abc")
        assert (got.status, got.body, got.headers["content-type"]) == (200, b'{"items": []}', "application/json")
        sent = server.asked[0].lower()
        assert b"\r\nauthorization: bearer abc\r\n" in sent
        assert b"accept: application/json" in sent
        assert b"accept-language" not in sent


@pytest.mark.parametrize(
    "data",
    [
        answer(b'{"items": []}', b"Content-Length: 500"),
        answer(b"", b"Content-Length: 500"),
        answer(b'd\r\n{"items": []}\r\n', CHUNKED),
        answer(b'ff\r\n{"items": []}', CHUNKED),
        answer(b"not a chunk\r\n", CHUNKED),
        answer(gzip.compress(b"[]" * 1000)[:10] + b"\xff" * 40, b"Content-Encoding: gzip"),
    ],
    ids=["short", "empty", "no last chunk", "half a chunk", "bad chunk", "bad gzip"],
)
def test_an_answer_that_breaks_off_is_never_taken_for_whole(data: bytes) -> None:
    """The part that came may well be valid JSON."""
    with serving(saying(data)) as server, edge(server) as http, pytest.raises(CutBody):
        http.get(server.url + "/x", context=CONTEXT)


def test_a_connection_that_is_reset_in_the_middle_is_a_cut() -> None:
    def reset(connection: socket.socket, asked: bytes) -> None:
        connection.sendall(answer(b'{"items": []}', b"Content-Length: 500"))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with serving(reset) as server, edge(server) as http, pytest.raises(CutBody):
        http.get(server.url + "/x", context=CONTEXT)


def test_an_answer_that_is_thrown_away_is_told() -> None:
    heard: list[tuple[str, object]] = []
    with serving(saying(answer(b"[]", b"Content-Length: 500"))) as server:
        http = HttpEdge(
            hosts=frozenset({server.host}), told=lambda event, fields: heard.append((event, fields.get("error")))
        )
        with pytest.raises(CutBody):
            http.get(server.url + "/x", context=CONTEXT)
        http.close()
    assert heard == [("response_discarded", "CutBody")]


def test_a_cut_answer_is_asked_for_again() -> None:
    cut = saying(answer(b'{"items": []}', b"Content-Length: 500"))
    with serving(cut, cut, saying(WHOLE)) as server, edge(server) as http:
        retrier = Retrier(wait=lambda seconds: False, jitter=lambda: 0.0)
        client = DialogportenClient(http, server.url, FixedSource(), retrier=retrier)
        assert client.parties() == b'{"items": []}'
        assert len(server.asked) == 3


class FixedSource:
    def bearer(self) -> str:
        return "geheim"

    def invalidate(self, token: str) -> None:
        raise AssertionError("nobody refused it")


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200 OK\r\nContent-", b"nonsense\r\n\r\n"], ids=["none", "half", "nonsense"]
)
def test_a_connection_that_ends_before_an_answer_is_no_answer(data: bytes) -> None:
    with serving(saying(data)) as server, edge(server) as http, pytest.raises(ConnectFailed):
        http.get(server.url + "/x", context=CONTEXT)


def test_nobody_at_home_is_said_without_the_token() -> None:
    with serving(saying(WHOLE)) as server:
        host = server.host
    http = HttpEdge(hosts=frozenset({host}))
    with pytest.raises(ConnectFailed) as failed:
        http.get(f"http://{host}/x?party=geheim", context=CONTEXT, bearer="geheim")
    http.close()
    assert host in str(failed.value)
    assert "geheim" not in f"{failed.value!s} {failed.value!r}"
    assert failed.value.__cause__ is None
    assert failed.value.exit_code == 5


def hanging(before: bytes) -> Callable[[Server], Line]:
    def line_for(server: Server) -> Line:
        def hang(connection: socket.socket, asked: bytes) -> None:
            connection.sendall(before)
            server.release.wait(10)

        return hang

    return line_for


@pytest.mark.parametrize("before", [b"", answer(b"{", b"Content-Length: 500")], ids=["no answer", "half an answer"])
def test_a_server_that_hangs_is_left(before: bytes) -> None:
    with serving(saying(WHOLE)) as server, edge(server, SHORT) as http:
        server.lines = [hanging(before)(server)]
        with pytest.raises(TimedOut):
            http.get(server.url + "/x", context=CONTEXT)


def test_an_answer_that_trickles_is_left_although_each_byte_is_in_time() -> None:
    with serving(saying(WHOLE)) as server, edge(server, SHORT) as http:

        def trickle(connection: socket.socket, asked: bytes) -> None:
            connection.sendall(answer(b"", b"Content-Length: 5000"))
            while not server.release.wait(0.05):
                connection.sendall(b" ")

        server.lines = [trickle]
        with pytest.raises(TimedOut, match="trickling"):
            http.get(server.url + "/x", context=CONTEXT)


def until_it_reads(thread: threading.Thread) -> None:
    """Until the thread sits in the socket's `recv`: seen there ten times running."""
    seen = 0
    tick = threading.Event()
    for _ in range(1000):
        frame = sys._current_frames().get(thread.ident or 0)
        there = frame is not None and frame.f_code.co_name == "read" and "httpcore" in frame.f_code.co_filename
        seen = seen + 1 if there else 0
        if seen == 10:
            return
        tick.wait(0.01)
    raise AssertionError("the thread never read")


@pytest.mark.parametrize("before", [b"", answer(b"{", b"Content-Length: 500")], ids=["no answer", "half an answer"])
def test_closing_frees_a_thread_that_waits_for_an_answer(before: bytes) -> None:
    with serving(saying(WHOLE)) as server, edge(server) as http:
        server.lines = [hanging(before)(server)]
        ended: list[ArkivError] = []

        def ask() -> None:
            try:
                http.get(server.url + "/x", context=CONTEXT)
            except ArkivError as error:
                ended.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        assert server.reached.wait(5)
        until_it_reads(thread)
        http.close()
        thread.join(5)
        assert not thread.is_alive()
        assert [type(error) for error in ended] == [Stopped]
    with pytest.raises(Stopped):
        http.get(server.url + "/x", context=CONTEXT)


def test_an_answer_larger_than_the_limit_is_not_read() -> None:
    body = b"[" + b" " * 5000 + b"]"
    with serving(saying(answer(body))) as server, edge(server, response_bytes=len(body)) as http:
        assert http.get(server.url + "/x", context=CONTEXT).body == body
    for data in (
        answer(body),
        answer(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), CHUNKED),
        answer(gzip.compress(body), b"Content-Encoding: gzip"),
        answer(b"", b"Content-Length: " + b"9" * 18),
    ):
        with serving(saying(data)) as server, edge(server, response_bytes=len(body) - 1) as http:
            with pytest.raises(TooLarge) as refused:
                http.get(server.url + "/x", context=CONTEXT)
            assert "limits.response_bytes" in str(refused.value)
            assert refused.value.who == "operator"


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"303 See Other", b"307 Temporary", b"308 Permanent"])
def test_a_redirect_is_not_followed_and_the_other_host_hears_nothing(status: bytes) -> None:
    with serving(saying(WHOLE)) as other, serving(saying(WHOLE)) as server, edge(server) as http:
        server.lines = [saying(answer(b"", b"Location: " + other.url.encode() + b"/login?geheim", status=status))]
        with pytest.raises(Redirected) as refused:
            http.get(server.url + "/x", context=CONTEXT, bearer="geheim")
        assert other.asked == []
        assert refused.value.target == "127.0.0.1"
        assert "geheim" not in str(refused.value)


def test_neither_netrc_nor_a_proxy_of_the_environment_touches_a_local_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login kari password geheim\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(saying(WHOLE)) as proxy, serving(saying(WHOLE)) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with edge(server) as http:
            http.get(server.url + "/x", context=CONTEXT, bearer="abc")
            http.get(server.url + "/x", context=CONTEXT)
        assert proxy.asked == []
        assert b"bearer abc" in server.asked[0].lower()
        assert b"authorization" not in server.asked[1].lower()


def test_the_http_library_logs_neither_address_nor_headers(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), serving(saying(WHOLE)) as server, edge(server) as http:
        http.get(server.url + "/x?party=03886595947", context=CONTEXT, bearer="geheim")
    assert "03886595947" not in caplog.text
    assert "geheim" not in caplog.text


def test_a_wait_in_a_retry_ends_when_the_edge_is_closed() -> None:
    busy = answer(b"", b"Retry-After: 200", status=b"503 Service Unavailable")
    with serving(saying(busy)) as server, edge(server) as http:
        client = DialogportenClient(http, server.url, FixedSource())
        ended: list[ArkivError] = []

        def ask() -> None:
            try:
                client.parties()
            except ArkivError as error:
                ended.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        assert server.reached.wait(5)
        http.close()
        thread.join(5)
        assert not thread.is_alive()
        assert [type(error) for error in ended] == [Stopped]
