"""The ear for a login on this machine: whom it lets in, what it shows, and that it lets go of its port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from config.errors import ConfigError
from sync.auth.attempt import Attempt
from sync.auth.loopback import Loopback, can_listen, with_port

STATE = "tilstand-123"
ONWARD = "https://login.idporten.example/authorize?request_uri=urn:x"


@contextmanager
def listening(redirect: str = "http://127.0.0.1:0/callback", state: str = STATE) -> Iterator[Loopback]:
    with Loopback(redirect, connection="kari", random=lambda: "lenke") as ear:
        ear.expect(Attempt(ONWARD, ear.redirect, state, "engang", "bevis"))
        yield ear


def get(address: str, **headers: str) -> httpx.Response:
    return httpx.get(address, headers=headers, timeout=10, trust_env=False, verify=False)


class Visit:
    """A browser that comes back, and is kept waiting for how it ended."""

    def __init__(self, address: str) -> None:
        self.answer: httpx.Response | None = None
        self._thread = threading.Thread(target=self._go, args=(address,))
        self._thread.start()

    def _go(self, address: str) -> None:
        self.answer = get(address)

    def shown(self) -> str:
        self._thread.join(10)
        assert self.answer is not None
        return self.answer.text


@pytest.mark.parametrize(
    ("redirect", "can"),
    [
        ("http://localhost:8765/callback", True),
        ("http://127.0.0.1/", True),
        ("http://[::1]:0/cb", True),
        ("https://localhost:8765/callback", False),
        ("https://arkiv.example/tilbake", False),
    ],
)
def test_we_can_listen_on_plain_loopback_alone(redirect: str, can: bool) -> None:
    assert can_listen(redirect) is can


def test_a_port_that_is_left_to_us_stands_in_the_redirect() -> None:
    with listening() as ear:
        assert ear.redirect.startswith("http://127.0.0.1:") and ":0/" not in ear.redirect
        assert ear.link == ear.redirect.replace("/callback", "/start/lenke")


def test_only_a_port_that_was_left_open_is_filled_in() -> None:
    assert with_port("http://127.0.0.1:0/cb", 4711) == "http://127.0.0.1:4711/cb"
    assert with_port("http://[::1]:0/cb", 4711) == "http://[::1]:4711/cb"
    for fixed in ("http://localhost:8765/cb", "http://localhost/cb", "https://arkiv.example/cb"):
        assert with_port(fixed, 4711) == fixed


def test_the_link_leads_on_once() -> None:
    with listening() as ear:
        first = get(ear.link)
        assert (first.status_code, first.headers["location"]) == (302, ONWARD)
        assert ear.started and ear.wait(0) is None
        assert get(ear.link).status_code == 410
        ended = ear.wait(5)
        assert ended is not None and ended.address is None


def test_a_request_can_be_made_anew_until_the_link_is_used() -> None:
    with listening(state="gammel") as ear:
        assert ear.expect(Attempt(ONWARD + "2", ear.redirect, "ny", "", ""))
        assert get(ear.link).headers["location"] == ONWARD + "2"
        assert not ear.expect(Attempt(ONWARD + "3", ear.redirect, "nyest", "", ""))
        assert get(f"{ear.redirect}?code=1&state=nyest").status_code == 400


def test_whoever_comes_back_is_shown_how_it_ended() -> None:
    with listening() as ear:
        visit = Visit(f"{ear.redirect}?code=kode&state={STATE}")
        arrival = ear.wait(10)
        assert arrival is not None and arrival.address == f"{ear.redirect}?code=kode&state={STATE}"
        assert "kode" not in repr(arrival)
        arrival.reply("Not <logged> in", "ID-porten said <no> & nothing more.")
        assert "Not &lt;logged&gt; in" in visit.shown() and "&lt;no&gt; &amp;" in visit.shown()
        assert visit.answer is not None
        assert visit.answer.headers["cache-control"] == "no-store"
        assert visit.answer.headers["referrer-policy"] == "no-referrer"
        assert visit.answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_only_the_first_who_comes_back_counts() -> None:
    with listening() as ear:
        address = f"{ear.redirect}?code=kode&state={STATE}"
        visit = Visit(address)
        arrival = ear.wait(10)
        assert get(address).status_code == 409
        assert arrival is not None and ear.wait(0) is None
        arrival.reply("Logged in", "")
        assert "Logged in" in visit.shown()


@pytest.mark.parametrize(
    "query", ["", "?code=kode", "?code=kode&state=feil", f"?state={STATE}&state={STATE}", "?%ff=%00"]
)
def test_an_answer_to_another_login_is_turned_away(query: str) -> None:
    strays: list[None] = []
    with Loopback("http://127.0.0.1:0/callback", connection="kari", stray=lambda: strays.append(None)) as ear:
        ear.expect(Attempt(ONWARD, ear.redirect, STATE, "", ""))
        assert get(f"{ear.redirect}{query}").status_code == 400
        assert ear.wait(0) is None and len(strays) == 1


def test_nothing_is_given_before_an_attempt_is_expected() -> None:
    with Loopback("http://127.0.0.1:0/callback", connection="kari") as ear:
        assert get(ear.link).status_code == 404
        assert get(f"{ear.redirect}?code=1&state=").status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1:1", ""])
def test_another_name_for_this_machine_is_not_ours(host: str) -> None:
    with listening() as ear:
        assert get(ear.link, Host=host).status_code == 421
        assert get(f"{ear.redirect}?code=1&state={STATE}", Host=host).status_code == 421
        assert not ear.started and ear.wait(0) is None


def test_other_paths_and_methods_are_nothing() -> None:
    with listening() as ear:
        home = ear.redirect.removesuffix("/callback")
        assert [get(f"{home}{path}").status_code for path in ("/", "/start/", "/start/lenk", "/favicon.ico")] == [
            404
        ] * 4
        assert httpx.post(ear.redirect, data={"code": "1"}, trust_env=False).status_code == 501


def test_a_browser_that_is_still_waiting_is_told_when_the_login_is_broken_off() -> None:
    with listening() as ear:
        visit = Visit(f"{ear.redirect}?code=kode&state={STATE}")
        while ear._arrivals.empty():
            threading.Event().wait(0.01)
    assert "broken off" in visit.shown()


def test_localhost_is_listened_at_under_both_its_addresses() -> None:
    with listening("http://localhost:0/callback") as ear:
        port = int(ear.redirect.split(":")[2].partition("/")[0])
        for host in ("127.0.0.1", "[::1]") if _has_ipv6() else ("127.0.0.1",):
            assert get(f"http://{host}:{port}/start/lenk", Host=f"localhost:{port}").status_code == 404
        with pytest.raises(ConfigError, match="--paste") as taken:
            Loopback(f"http://localhost:{port}/callback", connection="kari")
        assert f"localhost:{port}" in str(taken.value) and "connection.kari.redirect" in str(taken.value)
    with listening(f"http://localhost:{port}/callback"):
        """The port is free again."""


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
def test_one_of_localhosts_addresses_that_is_taken_is_both() -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as other:
        other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        other.bind(("::1", 0))
        other.listen()
        with pytest.raises(ConfigError):
            Loopback(f"http://localhost:{other.getsockname()[1]}/callback", connection="kari")


def test_requests_are_in_no_log(capfd: pytest.CaptureFixture[str]) -> None:
    with listening() as ear:
        get(f"{ear.redirect}?code=hemmelig&state=feil")
        get(ear.link)
        with socket.create_connection(("127.0.0.1", int(ear.authority.split(":")[1]))) as rude:
            rude.sendall(b"\x00\xff nonsense\r\n\r\n")
            rude.recv(100)
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
