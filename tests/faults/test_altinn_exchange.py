"""Tokens of Maskinporten and ID-porten exchanged for Altinn's, and what may go wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from sync.auth.altinn import AltinnExchange, ExchangedTokens, Provider
from sync.auth.source import FixedToken, TokenSource
from sync.dialogporten.client import DialogportenClient
from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    Busy,
    ExchangeRefused,
    HostNotAllowed,
    ServerFault,
    TooLarge,
)
from sync.dialogporten.http import HttpEdge
from sync.dialogporten.retry import Retrier, RetryPolicy
from sync.doctoring.claims import read_claims
from sync.sandbox import seed
from sync.sandbox.altinn_exchange import Exchange
from sync.sandbox.seed import people
from sync.sandbox.server import SandboxServer
from sync.sandbox.steps import claims_for
from sync.sandbox.world import World

PERSON = people.SOLVEIG
PATH = "/authentication/api/v1/exchange/"
START = datetime.now(UTC)


@dataclass
class Minted:
    """A source of upstream tokens, each new; `invalidate` is what costs a renewal."""

    mint: Callable[[], str]
    renewals: int = 0
    _token: str = ""

    def bearer(self) -> str:
        if not self._token:
            self.renewals += 1
            self._token = self.mint()
        return self._token

    def invalidate(self, token: str) -> None:
        if token == self._token:
            self._token = ""


@dataclass
class Platform:
    """The sandbox, an edge whose monotonic clock the test moves and whose pauses take no time."""

    server: SandboxServer
    elapsed: float = 0.0
    pauses: list[float] = field(default_factory=list)
    told: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        host = self.server.url.removeprefix("http://")
        self.http = HttpEdge(
            hosts=frozenset({host}),
            now=lambda: datetime.now(UTC),
            monotonic=lambda: self.elapsed,
            told=lambda name, fields: self.told.append((str(name), fields)),
        )

    @property
    def world(self) -> World:
        return self.server.world

    def token(self, provider: Provider, seconds: int = 120, **more: object) -> str:
        """One of the upstream issuers' tokens."""
        world = self.world
        who = people.BAKERY_SYSTEM_USER if provider == "maskinporten" else f"pid:{PERSON.pid}"
        now = int(datetime.now(UTC).timestamp())
        claims = {**claims_for(world, who), "iat": now, "exp": now + seconds, **more}
        return world.issuers.sign(world.issuer if provider == "maskinporten" else world.idporten_issuer, claims)

    def exchanged(self, provider: Provider, upstream: TokenSource) -> ExchangedTokens:
        exchange = AltinnExchange(self.http, self.server.url)
        return ExchangedTokens(exchange, provider, upstream, monotonic=lambda: self.elapsed, connection="bakeri")

    def organisation(self, seconds: int = 120) -> tuple[ExchangedTokens, Minted]:
        upstream = Minted(lambda: self.token("maskinporten", seconds))
        return self.exchanged("maskinporten", upstream), upstream

    def person(self, scope: str, seconds: int = 120) -> tuple[ExchangedTokens, Minted]:
        upstream = Minted(lambda: self.token("id-porten", seconds, scope=scope))
        return self.exchanged("id-porten", upstream), upstream

    def client(self, token: TokenSource, policy: RetryPolicy | None = None) -> DialogportenClient:
        retrier = Retrier(policy, wait=self._pause, jitter=lambda: 0.5)
        base = f"{self.server.url}/dialogporten"
        return DialogportenClient(self.http, base, token, connection="bakeri", retrier=retrier)

    def exchanges(self) -> int:
        return sum(1 for name, fields in self.told if name == "http_answer" and PATH in str(fields["path"]))

    def fault(self, status: int, *, times: int | None = None, body: str = "", **more: object) -> None:
        self.server.faults.add({"path": PATH, "status": status, "times": times, "body": body, **more})

    def _pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return False


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World()) as running:
        seed.load(running.world, START)
        yield running


@pytest.fixture
def platform(server: SandboxServer) -> Iterator[Platform]:
    server.faults.waiting.clear()
    server.world.exchange.change(Exchange().told())
    made = Platform(server)
    yield made
    made.http.close()


def refused(tokens: TokenSource) -> ArkivError:
    with pytest.raises(ArkivError) as caught:
        tokens.bearer()
    assert "eyJ" not in f"{caught.value!s} {caught.value!r}" and PERSON.pid not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def test_an_exchanged_token_opens_dialogporten_and_lives_longer_than_what_it_was_made_from(platform: Platform) -> None:
    tokens, upstream = platform.organisation(seconds=120)
    client = platform.client(tokens)
    client.parties()
    platform.elapsed += 1500
    client.parties()
    assert (platform.exchanges(), upstream.renewals) == (1, 1)
    claims = read_claims(tokens.bearer())
    assert claims is not None and claims.user == "system-user" and claims.level == 3
    platform.elapsed += 300
    client.parties()
    assert platform.exchanges() == 2, "half an hour is over, less the margin"


def test_a_persons_exchanged_token_ends_with_the_one_it_was_made_from(platform: Platform) -> None:
    tokens, _ = platform.person("digdir:dialogporten altinn:instances.read", seconds=600)
    platform.client(tokens).parties()
    claims = read_claims(tokens.bearer())
    assert claims is not None and claims.user == "person" and claims.level == 4
    platform.elapsed += 560
    tokens.bearer()
    assert platform.exchanges() == 1
    platform.elapsed += 15
    tokens.bearer()
    assert platform.exchanges() == 2


def test_a_token_in_quotes_and_details_that_are_no_list_are_understood(platform: Platform) -> None:
    platform.world.exchange.change({"is_quoted": True, "details_as_object": True})
    tokens, _ = platform.organisation()
    assert platform.client(tokens).parties()
    claims = read_claims(tokens.bearer())
    assert claims is not None and claims.system_users == (people.BAKERY_SYSTEM_USER,)


def test_how_long_a_token_lives_is_told_by_altinns_clock_not_by_ours(platform: Platform) -> None:
    platform.http.now = lambda: datetime.now(UTC) + timedelta(hours=2)
    platform.http.clock._now = platform.http.now
    tokens, _ = platform.organisation()
    tokens.bearer()
    (granted,) = [fields for name, fields in platform.told if name == "token_exchanged"]
    assert abs(int(str(granted["seconds"])) - 1800) <= 5


# A 401 that may be an outage


def test_a_401_is_tried_again_with_one_fresh_token_until_altinn_is_back(platform: Platform) -> None:
    platform.fault(401, times=3)
    tokens, upstream = platform.organisation()
    assert platform.client(tokens).parties()
    assert (platform.exchanges(), upstream.renewals) == (4, 2)
    assert len(platform.pauses) == 3 and platform.pauses == sorted(platform.pauses)


def test_a_401_that_stays_ends_within_the_budget_with_exit_code_3(platform: Platform) -> None:
    platform.world.exchange.change({"register_is_down": True})
    tokens, upstream = platform.person("digdir:dialogporten altinn:instances.read")
    client = platform.client(tokens)
    with pytest.raises(ExchangeRefused) as caught:
        client.parties()
    assert caught.value.exit_code == 3 and caught.value.passing
    assert "its register is down" in str(caught.value) and "user in Altinn" in str(caught.value)
    assert platform.exchanges() == RetryPolicy().attempts and sum(platform.pauses) < RetryPolicy().total
    with pytest.raises(ExchangeRefused):
        client.parties()
    assert upstream.renewals == 2, "a renewal is spent once, however long it goes on"
    assert caught.value.trace_id is not None, "what Altinn's service desk asks for"


def test_a_budget_that_is_spent_ends_the_waiting(platform: Platform) -> None:
    platform.world.exchange.change({"register_is_down": True})
    tokens, _ = platform.organisation()
    with pytest.raises(ExchangeRefused):
        platform.client(tokens, RetryPolicy(total=0.6)).parties()
    assert platform.exchanges() == 2 and sum(platform.pauses) <= 0.6


def test_an_organisation_is_not_told_about_persons(platform: Platform) -> None:
    platform.world.exchange.change({"register_is_down": True})
    error = refused(platform.organisation()[0])
    assert isinstance(error, ExchangeRefused) and "person" not in str(error)


# What no waiting mends


def test_a_person_without_a_scope_of_altinns_is_told_which_one_to_add(platform: Platform) -> None:
    tokens, upstream = platform.person("digdir:dialogporten")
    with pytest.raises(ExchangeRefused) as caught:
        platform.client(tokens).parties()
    assert not caught.value.passing and "altinn:instances.read" in str(caught.value)
    assert (platform.exchanges(), upstream.renewals, platform.pauses) == (1, 1, [])


@pytest.mark.parametrize(
    ("status", "says"),
    [(400, "platform's, without a path"), (404, "altinn address"), (410, "Altinn 2"), (429, "locked")],
)
def test_other_refusals_have_their_own_words_and_are_final(platform: Platform, status: int, says: str) -> None:
    platform.fault(status)
    error = refused(platform.organisation()[0])
    assert isinstance(error, ExchangeRefused) and not error.passing
    assert says in error.sentence and error.exit_code == 3 and error.status == status


def test_an_outage_that_says_so_keeps_its_kind(platform: Platform) -> None:
    platform.fault(503, headers={"Retry-After": "7"})
    error = refused(platform.organisation()[0])
    assert isinstance(error, Busy) and error.retry_after == 7 and "token exchange" in str(error)
    platform.server.faults.waiting.clear()
    platform.fault(429, headers={"Retry-After": "3"})
    assert isinstance(refused(platform.organisation()[0]), Busy)
    platform.server.faults.waiting.clear()
    platform.fault(500)
    assert isinstance(refused(platform.organisation()[0]), ServerFault)


@pytest.mark.parametrize("body", ["", "not a token", '"', '"a.b"', "<html>login</html>", "{}", "a.b.c", '"a.b.c'])
def test_a_200_that_is_no_token_is_not_used(platform: Platform, body: str) -> None:
    platform.fault(200, body=body)
    error = refused(platform.organisation()[0])
    assert isinstance(error, BadBody) and (len(body) < 3 or body not in str(error))


def test_a_token_that_has_ended_already_or_never_says_when_is_not_used(platform: Platform) -> None:
    for claims in (
        {"exp": int(START.timestamp()) - 5},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**400},
    ):
        platform.server.faults.waiting.clear()
        platform.fault(200, body=json.dumps(platform.token("maskinporten", **claims)))
        assert isinstance(refused(platform.organisation()[0]), BadBody)


def test_an_endless_answer_is_not_read(platform: Platform) -> None:
    platform.http._limit = 1000
    platform.fault(200, body="a" * 5000)
    assert isinstance(refused(platform.organisation()[0]), TooLarge)


def test_no_token_goes_to_a_host_that_is_not_altinns(platform: Platform) -> None:
    exchange = AltinnExchange(platform.http, "https://altinn.example")
    fixed = FixedToken(lambda: platform.token("maskinporten"))
    tokens = ExchangedTokens(exchange, "maskinporten", fixed, monotonic=lambda: 0.0)
    assert isinstance(refused(tokens), HostNotAllowed)
    assert platform.exchanges() == 0


def test_nothing_secret_is_told(platform: Platform) -> None:
    tokens, upstream = platform.person("digdir:dialogporten altinn:instances.read")
    platform.fault(401, times=1)
    platform.client(tokens).parties()
    told = repr(platform.told) + repr(tokens)
    assert "eyJ" not in told and PERSON.pid not in told
    assert upstream.bearer().split(".")[1] not in told and tokens.bearer().split(".")[1] not in told
    assert {"token_exchanged", "token_refused"} <= {name for name, _ in platform.told}
