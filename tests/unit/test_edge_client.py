"""What the client sends, and what it does with the answers."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from sync.dialogporten.client import DialogportenClient
from sync.dialogporten.errors import (
    BadBody,
    CutBody,
    DialogForbidden,
    HostNotAllowed,
    NotAuthenticated,
    Redirected,
    TokenError,
    Unexpected,
    WrongScope,
)
from sync.dialogporten.http import HttpEdge
from sync.dialogporten.retry import Gate, Retrier, Told, ignore
from sync.dialogporten.search import SearchParams

BASE = "https://platform.example/dialogporten"
DIALOG = "01a201f6-d692-7189-978d-a9b633a191fa"
ACTIVITY = "01a201f6-d692-7189-978d-a9b633a191fb"
PERSON = "urn:altinn:person:identifier-no:03886595947"
NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
JSON = {"content-type": "application/json; charset=utf-8"}


class Tokens:
    """A token source that renews when told to."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.invalidated: list[str] = []

    def bearer(self) -> str:
        return self.tokens[0]

    def invalidate(self, token: str) -> None:
        self.invalidated.append(token)
        if len(self.tokens) > 1:
            self.tokens.pop(0)


class Server:
    """Answers with what it is told, and remembers what came."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answers.pop(0) if self.answers else httpx.Response(200, content=b"{}", headers=JSON)


def edge(server: Server, told: Told = ignore) -> HttpEdge:
    hosts = frozenset({"platform.example"})
    return HttpEdge(hosts=hosts, transport=httpx.MockTransport(server), now=lambda: NOW, told=told)


def unhurried(told: Told = ignore) -> Retrier:
    """Waits without waiting: time passes by being waited for."""
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return False

    return Retrier(gate=Gate(lambda: sum(waits)), wait=wait, jitter=lambda: 0.0, told=told)


def client(server: Server, tokens: Tokens | None = None, base: str = BASE) -> DialogportenClient:
    return DialogportenClient(
        edge(server),
        base,
        tokens or Tokens("abc"),
        connection="regnskap",
        retrier=unhurried(),
    )


CALLS: list[tuple[Callable[[DialogportenClient], bytes], str, bool]] = [
    (lambda c: c.parties(), "/api/v1/enduser/parties", True),
    (lambda c: c.limits(), "/api/v1/metadata/limits", False),
    (lambda c: c.service_resources_metadata(), "/api/v1/metadata/serviceresources", False),
    (lambda c: c.search(SearchParams(parties=(PERSON,))), "/api/v1/enduser/dialogs", True),
    (lambda c: c.dialog(DIALOG), f"/api/v1/enduser/dialogs/{DIALOG}", True),
    (lambda c: c.transmissions(DIALOG), f"/api/v1/enduser/dialogs/{DIALOG}/transmissions", True),
    (lambda c: c.activities(DIALOG), f"/api/v1/enduser/dialogs/{DIALOG}/activities", True),
    (lambda c: c.activity(DIALOG, ACTIVITY), f"/api/v1/enduser/dialogs/{DIALOG}/activities/{ACTIVITY}", True),
    (lambda c: c.seenlog(DIALOG), f"/api/v1/enduser/dialogs/{DIALOG}/seenlog", True),
    (lambda c: c.labellog(DIALOG), f"/api/v1/enduser/dialogs/{DIALOG}/context/labellog", True),
    (lambda c: c.lookup(f"urn:altinn:dialog-id:{DIALOG}"), "/api/v1/enduser/dialoglookup", True),
]


@pytest.mark.parametrize(("call", "path", "with_token"), CALLS, ids=[path for _, path, _ in CALLS])
def test_each_call_is_one_get_below_the_base_with_the_right_headers(
    call: Callable[[DialogportenClient], bytes], path: str, with_token: bool
) -> None:
    server = Server()
    asking = client(server)
    assert call(asking) == b"{}"
    (asked,) = server.asked
    assert (asked.method, asked.url.host, asked.url.path) == ("GET", "platform.example", "/dialogporten" + path)
    assert asked.headers.get("authorization") == ("Bearer abc" if with_token else None)
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["user-agent"].startswith("dialogarkiv/")
    assert "accept-language" not in asked.headers
    assert asking.requests == 1


def test_a_base_that_ends_in_a_slash_gives_the_same_address() -> None:
    server = Server()
    client(server, base=BASE + "/").parties()
    assert server.asked[0].url.path == "/dialogporten/api/v1/enduser/parties"


def test_an_escaped_argument_arrives_as_it_was_meant() -> None:
    server = Server()
    token = "updatedat_2026-01-02T03:04:05.1234560Z,id_019b7a00-0000-7000-8000-000000000001"
    client(server).search(
        SearchParams(parties=("urn:altinn:person:idporten-email:a+b@c.no",), continuation_token=token)
    )
    assert server.asked[0].url.params["party"] == "urn:altinn:person:idporten-email:a+b@c.no"
    assert server.asked[0].url.params["continuationToken"] == token
    assert b"%2B" in server.asked[0].url.query


@pytest.mark.parametrize("hostile", ["../parties", f"{DIALOG}/../x", "", "x?y", f"{DIALOG}\r\nHost: evil"])
def test_an_id_that_is_no_uuid_never_becomes_an_address(hostile: str) -> None:
    server = Server()
    with pytest.raises(ValueError, match="UUID"):
        client(server).transmissions(hostile)
    assert server.asked == []


def test_a_401_throws_the_token_away_and_asks_once_more_with_another() -> None:
    server = Server(httpx.Response(401), httpx.Response(200, content=b"[]", headers=JSON))
    tokens = Tokens("old", "new")
    assert client(server, tokens).transmissions(DIALOG) == b"[]"
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer old", "Bearer new"]
    assert tokens.invalidated == ["old"]


def test_a_second_401_is_final() -> None:
    server = Server(*[httpx.Response(401)] * 9)
    with pytest.raises(NotAuthenticated):
        client(server, Tokens("old", "new", "newer")).parties()
    assert len(server.asked) == 2


def test_a_token_that_cannot_be_renewed_is_not_sent_twice() -> None:
    server = Server(*[httpx.Response(401)] * 9)
    with pytest.raises(NotAuthenticated):
        client(server, Tokens("fixed")).parties()
    assert len(server.asked) == 1


def test_what_may_pass_is_asked_again() -> None:
    server = Server(httpx.Response(502), httpx.Response(503, headers={"retry-after": "1"}))
    asking = client(server)
    assert asking.parties() == b"{}"
    assert asking.requests == 3


def test_an_error_knows_dialog_connection_party_and_path() -> None:
    body = b'{"title": "Forbidden.", "errors": {"Forbidden": ["Forbidden"]}, "traceId": "00-aa-bb-00"}'
    with pytest.raises(DialogForbidden) as refused:
        client(Server(httpx.Response(403, content=body))).seenlog(DIALOG)
    error = refused.value
    assert (error.dialog_id, error.connection, error.trace_id, error.at) == (DIALOG, "regnskap", "00-aa-bb-00", NOW)
    assert error.url_path == f"/dialogporten/api/v1/enduser/dialogs/{DIALOG}/seenlog"
    with pytest.raises(NotAuthenticated) as unknown:
        client(Server(httpx.Response(401))).search(SearchParams(parties=(PERSON,)))
    assert unknown.value.party == PERSON
    assert "03886595947" not in str(unknown.value)


@pytest.mark.parametrize("body", [b"", b"<html>Logg inn</html>", b'"text"', b'{"items": ['])
def test_a_200_that_is_not_json_is_no_answer(body: bytes) -> None:
    with pytest.raises(BadBody):
        client(Server(*[httpx.Response(200, content=body)] * 9)).parties()


def test_a_redirect_names_the_host_it_points_at_and_nothing_more() -> None:
    server = Server(httpx.Response(302, headers={"location": "https://login.example/authorize?state=geheim"}))
    with pytest.raises(Redirected) as refused:
        client(server).parties()
    assert len(server.asked) == 1
    assert refused.value.target == "login.example"
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "base",
    [
        "https://platform.example:8443/dialogporten",
        "https://platform.example.evil.example/dialogporten",
        "https://evil.example/dialogporten",
        "http://platform.example/dialogporten",
        "https://user:pass@platform.example/dialogporten",
        "ftp://platform.example/dialogporten",
    ],
)
def test_a_token_goes_only_to_a_host_of_the_environment(base: str) -> None:
    server = Server()
    with pytest.raises(HostNotAllowed) as refused:
        client(server, Tokens("geheim"), base=base).parties()
    assert server.asked == []
    assert "geheim" not in str(refused.value)
    assert "pass" not in str(refused.value)


def test_plain_http_to_another_machine_is_refused_even_without_a_token() -> None:
    server = Server()
    with pytest.raises(HostNotAllowed):
        client(server, base="http://platform.example/dialogporten").limits()
    assert server.asked == []


@pytest.mark.parametrize("token", ["abc\r\nX-Evil: 1", "abc def", "", "bl\u00e5b\u00e6r"])
def test_a_token_with_impossible_characters_is_refused_without_being_shown(token: str) -> None:
    server = Server()
    with pytest.raises(TokenError) as refused:
        client(server, Tokens(token)).parties()
    assert server.asked == []
    assert not token or token not in str(refused.value)


def test_cookies_of_one_answer_are_not_sent_with_the_next_request() -> None:
    server = Server(httpx.Response(200, content=b"{}", headers={"set-cookie": "session=one; Path=/"}))
    http = edge(server)
    for name in ("one", "two"):
        DialogportenClient(http, BASE, Tokens(name)).parties()
    assert "cookie" not in server.asked[1].headers


def test_nothing_that_is_logged_or_told_holds_a_token_or_a_query(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    server = Server(httpx.Response(503, headers={"retry-after": "1"}))

    def hear(event: str, fields: object) -> None:
        heard.append(f"{event} {fields}")

    with caplog.at_level(logging.DEBUG):
        DialogportenClient(edge(server, told=hear), BASE, Tokens("geheim"), retrier=unhurried(hear)).search(
            SearchParams(parties=(PERSON,))
        )
    everything = "\n".join(heard) + caplog.text
    for event in ("http_answer", "request_refused", "throttled", "request_retried"):
        assert event in everything
    assert "geheim" not in everything
    assert "03886595947" not in everything
    assert "orderBy" not in everything


def test_an_unframed_answer_without_an_end_was_cut() -> None:
    class Unframed(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b'{"items": [{"id": '

    server = Server(*[httpx.Response(200, stream=Unframed()) for _ in range(9)])
    with pytest.raises(CutBody):
        client(server).parties()


def test_a_token_that_one_dialog_refuses_is_proven_once_and_that_dialog_is_blamed() -> None:
    empty, parties = httpx.Response(403), httpx.Response(200, content=b"{}", headers=JSON)
    server = Server(empty, parties, httpx.Response(403), httpx.Response(401))
    asking = client(server)
    for call in (asking.transmissions, asking.dialog, asking.seenlog):
        with pytest.raises(Unexpected, match="This dialog alone") as told:
            call(DIALOG)
        assert told.value.dialog_id == DIALOG
    asked = [request.url.path.rsplit("/", 1)[1] for request in server.asked]
    assert asked == ["transmissions", "parties", DIALOG, "seenlog"]


def test_a_token_that_is_refused_elsewhere_too_is_to_blame() -> None:
    server = Server(httpx.Response(403), httpx.Response(403))
    with pytest.raises(WrongScope) as told:
        client(server).transmissions(DIALOG)
    assert told.value.dialog_id is None
