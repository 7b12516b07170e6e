"""A person's login at ID-porten: what is asked for, what is believed of the answers, and what every "no" says."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from config.keys import SigningKey
from sync.auth.attempt import Attempt, NotAnAnswer
from sync.auth.grant import Client, ClientSecret, Grant
from sync.auth.idporten import IdPorten
from sync.dialogporten.errors import ArkivError, Busy, ClockSkew, TokenRefused
from sync.dialogporten.http import HttpEdge
from sync.sandbox.idporten_authorize import walk_through
from sync.sandbox.idporten_clients import client_of
from sync.sandbox.seed import people
from sync.sandbox.server import SandboxServer
from sync.sandbox.world import World

KEY = SigningKey("nokkel-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
OTHER_KEY = SigningKey("nokkel-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
HIGH, SUBSTANTIAL = "idporten-loa-high", "idporten-loa-substantial"
ALL_SCOPES = ("openid", "digdir:dialogporten", "altinn:instances.read")
REDIRECT = "https://arkiv.example/tilbake"


class Bench:
    """A sandbox, and one program of ours that talks to its ID-porten. Keeps all that is told."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.world = server.world
        self.issuer = f"{server.url}/idporten"
        self.heard: list[tuple[str, Mapping[str, object]]] = []
        self.http = HttpEdge(hosts=frozenset(), told=lambda name, fields: self.heard.append((name, fields)))
        self.idporten = IdPorten(self.http, self.issuer)

    def client(self, name: str = "kari", **registered: Any) -> Client:
        """Registers a client and gives it as a connection of that name has it."""
        fields = {"keys": [KEY.public_jwk()], "redirect_uris": [REDIRECT], "scopes": list(ALL_SCOPES), **registered}
        if "secret" in registered:
            fields["keys"] = []
        self.world.idporten.clients.add(client_of({"client_id": f"client-{name}", **fields}))
        credential = ClientSecret(registered["secret"]) if "secret" in registered else KEY
        return Client(
            name, f"client-{name}", credential, REDIRECT, HIGH, ("openid", "digdir:dialogporten"), self.issuer
        )

    def visit(self, attempt: Attempt, acr: str | None = None, declined: tuple[str, ...] = ()) -> str:
        """What a person does in the browser; the address they end up at."""
        return walk_through(
            self.world.idporten, attempt.url, people.HARALD.pid, acr, declined, self.issuer, datetime.now(UTC)
        )

    def log_in(self, client: Client, acr: str | None = None, declined: tuple[str, ...] = ()) -> Grant:
        attempt = self.idporten.begin(client)
        return self.idporten.finish(client, attempt, self.visit(attempt, acr, declined))

    def refused(self, client: Client, acr: str | None = None, declined: tuple[str, ...] = ()) -> TokenRefused:
        with pytest.raises(TokenRefused) as refused:
            self.log_in(client, acr, declined)
        return refused.value

    def states(self) -> list[str]:
        """How the consents stand at ID-porten, oldest first."""
        told: Any = self.world.idporten.summary(datetime.now(UTC))
        return [grant["state"] for grant in told["grants"]]

    def asked(self) -> list[str]:
        return [f"{fields['method']} {fields['path']}" for name, fields in self.heard if name == "http_answer"]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World()) as running:
        yield running


@pytest.fixture
def bench(server: SandboxServer) -> Iterator[Bench]:
    """The shared sandbox, as it was when it began."""
    found = Bench(server)
    yield found
    found.http.close()
    server.faults.waiting.clear()
    server.world.registry.date_skew_seconds = 0
    server.world.idporten.misbehave([])
    server.world.idporten.offset = 0.0
    server.world.idporten.grants.clear()


def test_a_login_gives_tokens_scopes_and_level(bench: Bench) -> None:
    grant = bench.log_in(bench.client())
    assert grant.scopes == ("openid", "digdir:dialogporten") and grant.acr == HIGH
    assert grant.access.value and grant.refresh_token and grant.subject
    assert grant.access.lifetime == 120 and bench.states() == ["active"]


def test_the_request_is_pushed_so_that_the_address_tells_nothing(bench: Bench) -> None:
    client = bench.client(require_par=True)
    attempt = bench.idporten.begin(client)
    assert set(parse_qs(urlsplit(attempt.url).query)) == {"client_id", "request_uri"}
    assert attempt.seconds == 120
    assert attempt.state not in attempt.url and attempt.nonce not in attempt.url


def test_every_attempt_has_secrets_of_its_own(bench: Bench) -> None:
    client = bench.client()
    one, two = bench.idporten.begin(client), bench.idporten.begin(client)
    made = {one.state, one.nonce, one.verifier, two.state, two.nonce, two.verifier}
    assert len(made) == 6 and all(len(secret) == 43 for secret in made)


def test_life_times_are_taken_from_the_answer_where_it_tells_them(bench: Bench) -> None:
    tells = ["refresh_token_expires_in", "authorization_expires_in"]
    told = bench.log_in(bench.client("kari", tells=tells, authorization_lifetime=7_776_000))
    assert told.refresh_expires_in == 600 and told.ends_at is not None
    assert abs((told.ends_at - datetime.now(UTC)).total_seconds() - 7_776_000) < 60
    silent = bench.log_in(bench.client("ola"))
    assert silent.refresh_expires_in is None and silent.ends_at is None


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_a_secret_is_sent_in_the_way_that_the_client_is_registered_with(bench: Bench, method: str) -> None:
    client = bench.client(secret="hemmelig/ord+æ", auth_method=method)
    grant = bench.log_in(client)
    before = len(bench.asked())
    assert bench.idporten.refresh(client, str(grant.refresh_token)).refresh_token
    assert bench.asked()[before:] == ["POST /idporten/token"], "the way that works is remembered"


def test_another_port_may_be_listened_at_than_the_registered_one(bench: Bench) -> None:
    client = replace(bench.client(redirect_uris=["http://127.0.0.1:0/cb"]), redirect="http://127.0.0.1:0/cb")
    attempt = bench.idporten.begin(client, "http://127.0.0.1:4711/cb")
    address = bench.visit(attempt)
    assert address.startswith("http://127.0.0.1:4711/cb?")
    assert bench.idporten.finish(client, attempt, address).refresh_token


# What a person or the registration does not give


def test_declined_is_told_as_declined(bench: Bench) -> None:
    client = bench.client()
    attempt = bench.idporten.begin(client)
    address = f"{REDIRECT}?error=access_denied&state={attempt.state}&iss={bench.issuer}"
    with pytest.raises(TokenRefused, match=r"Declined: .*nothing was stored.*dialogarkiv login kari") as refused:
        bench.idporten.finish(client, attempt, address)
    assert (refused.value.who, refused.value.exit_code) == ("user", 3)


def test_a_consent_without_dialogporten_is_told_and_given_back(bench: Bench) -> None:
    client = replace(bench.client(), scopes=ALL_SCOPES)
    refused = bench.refused(client, declined=("digdir:dialogporten",))
    assert "left out digdir:dialogporten" in str(refused) and "altinn:instances.read" in str(refused)
    assert refused.who == "user" and bench.states() == ["revoked"]


def test_another_scope_may_be_declined_and_the_grant_says_so(bench: Bench) -> None:
    client = replace(bench.client(), scopes=ALL_SCOPES)
    assert bench.log_in(client, declined=("altinn:instances.read",)).scopes == ("openid", "digdir:dialogporten")


def test_without_a_refresh_token_the_registration_is_to_be_mended(bench: Bench) -> None:
    refused = bench.refused(bench.client(grant_types=["authorization_code"]))
    assert "Register the grant type refresh_token on the client client-kari" in str(refused)
    assert refused.who == "operator" and bench.states() == ["revoked"]


WRONG = {
    "low-acr": ("acr", "lower level than the connection asks for"),
    "other-nonce": ("nonce", "belongs to another login than this one"),
    "other-audience": ("audience", "made for another client than client-kari"),
    "other-issuer": ("issuer", "is of another issuer than http://"),
    "other-signature": ("signature", "its signature does not hold"),
    "expired-id-token": ("expired", "had run out when it came"),
    "no-id-token": ("missing", "there was none"),
    "no-refresh-token": ("refresh_token", "gave no refresh token"),
}


@pytest.mark.parametrize("misbehaviour", WRONG)
def test_an_answer_that_is_not_right_has_a_sentence_of_its_own_and_its_consent_is_given_back(
    bench: Bench, misbehaviour: str
) -> None:
    code, words = WRONG[misbehaviour]
    bench.world.idporten.misbehave([misbehaviour])
    refused = bench.refused(bench.client())
    assert refused.code == code and words in str(refused)
    assert bench.states() == ["revoked"]


@pytest.mark.parametrize(("misbehaviour", "mark"), [("other-state", "state"), ("other-iss", "iss"), ("no-iss", "iss")])
def test_an_answer_that_is_not_ours_is_not_used(bench: Bench, misbehaviour: str, mark: str) -> None:
    bench.world.idporten.misbehave([misbehaviour])
    refused = bench.refused(bench.client())
    assert refused.code == mark and bench.states() == []
    assert "POST /idporten/token" not in bench.asked()


def test_a_login_at_a_higher_level_is_good_enough(bench: Bench) -> None:
    assert bench.log_in(replace(bench.client(), acr=SUBSTANTIAL), acr=HIGH).acr == HIGH


def test_an_address_without_an_answer_uses_nothing_up(bench: Bench) -> None:
    client = bench.client()
    attempt = bench.idporten.begin(client)
    address = bench.visit(attempt)
    with pytest.raises(NotAnAnswer, match=f"begins with {REDIRECT}"):
        bench.idporten.finish(client, attempt, attempt.url)
    assert bench.idporten.finish(client, attempt, address).refresh_token


def test_a_code_works_once_and_with_the_verifier_of_its_own_login(bench: Bench) -> None:
    client = bench.client()
    attempt = bench.idporten.begin(client)
    address = bench.visit(attempt)
    with pytest.raises(TokenRefused, match="did not take the code"):
        bench.idporten.finish(client, replace(attempt, verifier="v" * 43), address)
    again = bench.idporten.begin(client)
    address = bench.visit(again)
    bench.idporten.finish(client, again, address)
    with pytest.raises(TokenRefused, match="works once"):
        bench.idporten.finish(client, again, address)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "ukjent"}, "does not accept the proof of the client ukjent. Check client_id and key"),
        ({"credential": OTHER_KEY}, "does not accept the proof of the client client-kari"),
        ({"credential": ClientSecret("feil")}, "Check client_id and client_secret"),
        ({"redirect": "https://annet.example/cb"}, "redirect (https://annet.example/cb)"),
        ({"scopes": ("openid", "digdir:dialogporten", "altinn:ukjent")}, "altinn:ukjent"),
        ({"acr": "idporten-loa-gigantic"}, "acr"),
    ],
)
def test_what_the_registration_does_not_allow_is_told_before_anybody_logs_in(
    bench: Bench, change: dict[str, Any], words: str
) -> None:
    client = replace(bench.client(), **change)
    with pytest.raises(TokenRefused) as refused:
        bench.idporten.begin(client)
    assert words in str(refused.value) and refused.value.who == "operator"


# Keeping and ending it


def test_a_refresh_gives_the_next_token(bench: Bench) -> None:
    client = bench.client()
    first = bench.log_in(client)
    second = bench.idporten.refresh(client, str(first.refresh_token))
    assert second.refresh_token not in (None, first.refresh_token)
    assert second.access.value != first.access.value and second.scopes == first.scopes and second.acr == HIGH


@pytest.mark.parametrize("how", ["withdrawn", "expired", "idle", "used"])
def test_a_consent_that_has_ended_asks_for_a_new_login(bench: Bench, how: str) -> None:
    client = bench.client()
    token = str(bench.log_in(client).refresh_token)
    if how == "withdrawn":
        bench.world.idporten.withdraw(client.client_id, people.HARALD.pid)
    elif how == "used":
        bench.idporten.refresh(client, token)
    else:
        bench.world.idporten.offset = {"expired": 7201.0, "idle": 601.0}[how]
    with pytest.raises(TokenRefused, match=r"consent of kari has ended.*dialogarkiv login kari") as refused:
        bench.idporten.refresh(client, token)
    assert (refused.value.code, refused.value.who, refused.value.method) == ("invalid_grant", "user", "POST")


def test_revoking_ends_the_consent_and_a_token_that_is_dead_is_no_error(bench: Bench) -> None:
    client = bench.client()
    token = str(bench.log_in(client).refresh_token)
    bench.idporten.revoke(client, token)
    assert bench.states() == ["revoked"]
    bench.idporten.revoke(client, token)
    bench.idporten.revoke(client, "never-heard-of")


@pytest.mark.parametrize("path", ["par", "token", "revoke", "jwks", "well-known"])
def test_an_outage_is_an_outage_wherever_it_strikes(bench: Bench, path: str) -> None:
    client = bench.client()
    bench.server.faults.add({"path": f"/idporten/.*{path}", "status": 503})
    with pytest.raises(Busy):
        if path == "revoke":
            bench.idporten.revoke(client, "x")
        else:
            bench.log_in(client)
    if path == "jwks":
        assert bench.states() == [], "the keys are read before the code is used up"


def test_a_clock_that_is_off_is_told_before_anything_is_signed(bench: Bench) -> None:
    client = bench.client()
    bench.world.registry.date_skew_seconds = 300
    bench.idporten.metadata()
    with pytest.raises(ClockSkew) as off:
        bench.idporten.begin(client)
    assert off.value.method == "GET" and "POST" not in "".join(bench.asked())


# Secrets


def test_no_secret_is_in_any_event_error_or_repr(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = bench.client("kari")
    by_secret = bench.client("ola", secret="et-hemmelig-ord")
    shown: list[str] = []
    hidden: list[str] = ["et-hemmelig-ord", people.HARALD.pid]

    def note(attempt: Attempt, address: str) -> None:
        hidden.extend(
            [attempt.state, attempt.nonce, attempt.verifier, dict(parse_qsl(urlsplit(address).query))["code"]]
        )
        shown.append(repr(attempt))

    for who in (client, by_secret):
        attempt = bench.idporten.begin(who)
        address = bench.visit(attempt)
        note(attempt, address)
        grant = bench.idporten.finish(who, attempt, address)
        following = bench.idporten.refresh(who, str(grant.refresh_token))
        hidden.extend(str(token) for one in (grant, following) for token in (one.refresh_token, one.access.value))
        shown.extend([repr(who), repr(grant), repr(following)])
        for fail in (
            lambda who=who, attempt=attempt, address=address: bench.idporten.finish(who, attempt, address),
            lambda who=who, grant=grant: bench.idporten.refresh(who, str(grant.refresh_token)),
            lambda who=who: bench.idporten.begin(replace(who, redirect="https://feil.example/")),
        ):
            with pytest.raises(ArkivError) as failed:
                fail()
            shown.extend([str(failed.value), repr(failed.value), json.dumps(dict(failed.value.facts()))])
    everything = "\n".join([*shown, *(f"{name} {fields}" for name, fields in bench.heard), caplog.text])
    assert "token_granted" in everything and "token_refused" in everything
    assert [secret for secret in hidden if secret and secret in everything] == []
    assert "eyJ" not in everything, "a JWT, or the start of one"
