"""The edge and the tokens against the sandbox: a real grant, real requests, real refusals."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from config.keys import SigningKey
from sync.auth.maskinporten import Grantee, Maskinporten
from sync.auth.source import FixedToken, SystemUserTokens, TokenSource
from sync.dialogporten.client import DialogportenClient, SearchParams
from sync.dialogporten.errors import (
    ArkivError,
    BadRequest,
    Busy,
    ClockSkew,
    ConnectFailed,
    CutBody,
    DialogForbidden,
    Gone,
    LevelTooLow,
    NotAuthenticated,
    NotFound,
    ServerFault,
    TokenRefused,
    TooBroad,
    Unexpected,
    WrongScope,
    WrongUser,
)
from sync.dialogporten.http import HttpEdge
from sync.dialogporten.limits import ask_limits
from sync.dialogporten.retry import Gate, Retrier, RetryPolicy
from sync.sandbox.server import SandboxServer
from sync.sandbox.world import World

ORG, OTHER = "310000000", "310000108"
PARTY = f"urn:altinn:organization:identifier-no:{ORG}"
CLIENT = "11111111-2222-4333-8444-555555555555"
SYSTEM_USER = "3f0e1c0a-1111-4222-8333-0123456789ab"
SERVICE, SECRET_SERVICE = "urn:altinn:resource:demo-service", "urn:altinn:resource:demo-secret"
KEY = SigningKey("edge-test-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
STRANGE_KEY = SigningKey("edge-test-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))


@dataclass
class Bench:
    """A sandbox with one organisation, one system user and one client, and an edge to talk to it."""

    server: SandboxServer
    http: HttpEdge
    controls: httpx.Client
    waits: list[float] = field(default_factory=list)

    def control(self, method: str, path: str, body: object = None) -> object:
        answer = self.controls.request(method, f"{self.server.url}/control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def write(self, method: str, path: str, body: object = None, at: str | None = None) -> Mapping[str, object]:
        step = {"at": at, "request": {"method": method, "path": path, "headers": {}, "body": body}}
        answers = self.control("POST", "steps", [step])
        assert isinstance(answers, list)
        assert answers[0]["status"] < 300, answers
        found: Mapping[str, object] = answers[0]
        return found

    def dialog(self, **given: object) -> str:
        text = [{"value": "Varsel om vedtak", "languageCode": "nb"}]
        body: dict[str, object] = {
            "serviceResource": SERVICE,
            "party": PARTY,
            "status": "RequiresAttention",
            "content": {"title": {"value": text}, "summary": {"value": text}},
            **given,
        }
        created = self.write("POST", "/api/v1/serviceowner/dialogs", body)["body"]
        assert isinstance(created, str)
        return created

    def tokens(
        self, key: SigningKey = KEY, client_id: str = CLIENT, org: str = ORG, external_ref: str | None = None
    ) -> SystemUserTokens:
        grantee = Grantee(client_id, key, org, external_ref=external_ref, connection="regnskap")
        issuer = Maskinporten(self.http, f"{self.server.url}/maskinporten/")
        return SystemUserTokens(issuer, grantee, monotonic=self.http.monotonic)

    def client(self, token: TokenSource | None = None, attempts: int = 3) -> DialogportenClient:
        def wait(seconds: float) -> bool:
            self.waits.append(seconds)
            return False

        # Time passes by waiting alone, so nobody really waits.
        gate = Gate(lambda: sum(self.waits))
        retrier = Retrier(RetryPolicy(attempts=attempts), gate=gate, wait=wait, jitter=lambda: 0.0)
        return DialogportenClient(
            self.http, self.server.dialogporten, token or self.tokens(), connection="regnskap", retrier=retrier
        )

    def minted(self, **claims: object) -> FixedToken:
        made = self.control("POST", "token", {"system_user": SYSTEM_USER, "claims": claims})
        assert isinstance(made, dict)
        return FixedToken(lambda: str(made["access_token"]))


@pytest.fixture
def bench() -> Iterator[Bench]:
    with SandboxServer(World()) as server, httpx.Client(timeout=10, verify=False) as controls:
        http = HttpEdge(hosts=frozenset({server.url}))
        made = Bench(server, http, controls)
        made.control(
            "POST",
            "clients",
            {
                "client_id": CLIENT,
                "keys": [KEY.public_jwk()],
                "scopes": ["digdir:dialogporten", "altinn:instances.read"],
                "org": OTHER,
            },
        )
        made.control(
            "POST",
            "system-users",
            {"id": SYSTEM_USER, "org": ORG, "client_id": CLIENT, "external_ref": None, "system_id": f"{OTHER}_demo"},
        )
        made.control("PUT", "access", access())
        yield made
        http.close()


def access(**grants: object) -> dict[str, object]:
    party = {"party": PARTY, "name": "EKSEMPEL AS", "partyType": "Organization", "isDeleted": False}
    return {
        "parties": [party],
        "callers": {SYSTEM_USER: {"parties": [PARTY], **grants}},
        "levels": {SECRET_SERVICE: 4},
    }


def test_a_real_grant_leads_to_parties_limits_lists_and_children(bench: Bench) -> None:
    dialog_id = bench.dialog()
    client = bench.client()
    parties = json.loads(client.parties())["authorizedParties"]
    assert [party["party"] for party in parties] == [PARTY]
    assert ask_limits(client).parties == 100
    page = json.loads(client.search(SearchParams(parties=(PARTY,))))
    assert [item["id"] for item in page["items"]] == [dialog_id]
    assert page["orderBy"] == "updatedat_asc,id_asc"
    for read in (client.transmissions, client.activities, client.seenlog, client.labellog):
        assert json.loads(read(dialog_id)) == []
    assert json.loads(client.lookup(f"urn:altinn:dialog-id:{dialog_id}"))["dialogId"] == dialog_id
    assert client.requests == 8
    assert json.loads(client.dialog(dialog_id))["id"] == dialog_id
    assert len(json.loads(client.seenlog(dialog_id))) == 1, "opening marks; nothing before it did"


def test_pages_are_walked_with_the_servers_own_tokens(bench: Bench) -> None:
    ids = {bench.dialog() for _ in range(5)}
    client = bench.client()
    found: list[str] = []
    params = SearchParams(parties=(PARTY,), limit=2)
    pages = 0
    while True:
        page = json.loads(client.search(params))
        found += [item["id"] for item in page["items"]]
        pages += 1
        if not page["hasNextPage"]:
            break
        params = SearchParams(parties=(PARTY,), limit=2, continuation_token=page["continuationToken"])
    assert (set(found), len(found), pages) == (ids, 5, 3)


def test_eight_threads_share_one_token_and_one_metadata_request(bench: Bench) -> None:
    bench.dialog()
    client = bench.client()
    together = threading.Barrier(8)

    def ask() -> int:
        together.wait(10)
        return len(json.loads(client.search(SearchParams(parties=(PARTY,))))["items"])

    with ThreadPoolExecutor(8) as pool:
        assert [each.result(20) for each in [pool.submit(ask) for _ in range(8)]] == [1] * 8
    assert len(bench.server.world.registry.used_jti) == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (lambda bench: bench.tokens(external_ref="lonn"), "MP-303"),
        (lambda bench: bench.tokens(org=OTHER), "MP-303"),
        (lambda bench: bench.tokens(external_ref="with.dot"), "MP-302"),
        (lambda bench: bench.tokens(client_id="99999999-2222-4333-8444-555555555555"), "MP-100"),
        (lambda bench: bench.tokens(key=STRANGE_KEY), "MP-124"),
    ],
    ids=["reference", "owner", "dot", "client", "key"],
)
def test_a_refused_grant_carries_maskinportens_code(
    bench: Bench, given: Callable[[Bench], SystemUserTokens], code: str
) -> None:
    with pytest.raises(TokenRefused) as refused:
        given(bench).bearer()
    assert refused.value.code == code
    assert refused.value.permanent


def test_a_clock_that_is_far_off_signs_nothing_and_a_bit_off_still_does(bench: Bench) -> None:
    bench.control("PUT", "date-skew", {"seconds": 90})
    with pytest.raises(ClockSkew):
        bench.tokens().bearer()
    assert bench.server.world.registry.used_jti == set()
    bench.control("PUT", "date-skew", {"seconds": -8})
    assert bench.tokens().bearer()


def test_a_token_that_ran_out_is_renewed_after_the_401(bench: Bench) -> None:
    class Stale:
        def __init__(self) -> None:
            self.invalidated = 0

        def bearer(self) -> str:
            return fresh.bearer() if self.invalidated else stale.bearer()

        def invalidate(self, token: str) -> None:
            self.invalidated += 1

    stale, fresh = bench.minted(exp=int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())), bench.tokens()
    source = Stale()
    assert json.loads(bench.client(source).parties())["authorizedParties"]
    assert source.invalidated == 1
    with pytest.raises(NotAuthenticated):
        bench.client(stale).parties()


def test_each_refusal_of_the_server_is_the_error_it_means(bench: Bench) -> None:
    alive, deleted = bench.dialog(), bench.dialog()
    secret = bench.dialog(serviceResource=SECRET_SERVICE)
    bench.write("DELETE", f"/api/v1/serviceowner/dialogs/{deleted}")
    client = bench.client()

    def refused(kind: type[ArkivError], call: Callable[[], object]) -> ArkivError:
        with pytest.raises(kind) as found:
            call()
        assert type(found.value) is kind
        return found.value

    refused(Gone, lambda: client.transmissions(deleted))
    refused(NotFound, lambda: client.labellog(deleted))
    refused(LevelTooLow, lambda: client.transmissions(secret))
    refused(NotFound, lambda: client.transmissions("01a201f6-d692-7189-978d-a9b633a191fa"))
    bad = refused(BadRequest, lambda: client.search(SearchParams(parties=(PARTY + "1",))))
    assert isinstance(bad, BadRequest)
    assert bad.keys == ("party[0]",)
    refused(WrongScope, bench.client(bench.minted(scope="altinn:instances.read")).parties)
    refused(WrongUser, bench.client(bench.minted(authorization_details=[])).parties)
    bench.control("PUT", "access", {"parties": [], "callers": {}, "levels": {}})
    refused(DialogForbidden, lambda: client.lookup(f"urn:altinn:dialog-id:{alive}"))
    refused(NotFound, lambda: client.transmissions(alive))
    assert bad.trace_id


def test_a_hidden_dialog_says_when_it_will_be_seen(bench: Bench) -> None:
    hidden = bench.dialog(visibleFrom="2099-05-06T07:08:09Z")
    with pytest.raises(NotFound) as refused:
        bench.client().dialog(hidden)
    assert refused.value.reason == "hidden"
    assert refused.value.visible_from == datetime(2099, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "cut"}, CutBody),
        ({"kind": "drop"}, ConnectFailed),
        ({"status": 503, "headers": {"Retry-After": "3"}, "body": "Maintenance"}, Busy),
        ({"status": 429}, Busy),
        ({"status": 500}, ServerFault),
        ({"status": 404, "body": "<html>gateway</html>"}, Unexpected),
        ({"status": 422}, TooBroad),
    ],
)
def test_faults_on_the_way_are_told_apart_and_those_that_pass_are_overcome(
    bench: Bench, fault: dict[str, object], expected: type[ArkivError]
) -> None:
    bench.dialog()
    params = SearchParams(parties=(PARTY,))
    bench.control("POST", "faults", [{"method": "GET", "path": "/enduser/dialogs", **fault}])
    with pytest.raises(expected):
        bench.client(attempts=1).search(params)
    bench.control("DELETE", "faults")
    bench.control("POST", "faults", [{"method": "GET", "path": "/enduser/dialogs", "times": 2, **fault}])
    if expected in (Unexpected, TooBroad):
        with pytest.raises(expected):
            bench.client().search(params)
    else:
        assert len(json.loads(bench.client().search(params))["items"]) == 1
        assert bench.waits.count(3.0) == (2 if fault.get("headers") else 0), "the server's own wait is kept to"
