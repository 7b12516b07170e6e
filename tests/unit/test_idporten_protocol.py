"""What is sent to ID-porten, to the letter, and what of its metadata and answers is taken."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from config.keys import SigningKey
from sync.auth.attempt import base64url
from sync.auth.grant import Client, ClientSecret
from sync.auth.idporten import IdPorten
from sync.auth.idporten_metadata import read_metadata
from sync.dialogporten.errors import ArkivError, BadBody, BadGateway, ConnectFailed, ServerFault, TokenRefused
from sync.dialogporten.http import HttpEdge

ISSUER = "https://idporten.example"
PAGES = "https://login.idporten.example"
KEY = SigningKey("nokkel-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
THEIRS = SigningKey("deres-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
LATER = SigningKey("deres-2", rsa.generate_private_key(public_exponent=65537, key_size=2048))
START = datetime(2026, 11, 22, 6, 30, 0, 250_000, tzinfo=UTC)
CLIENT = Client(
    "kari",
    "11111111-2222-4333-8444-555555555555",
    KEY,
    "https://arkiv.example/tilbake",
    "idporten-loa-high",
    ("openid", "digdir:dialogporten"),
    ISSUER,
)
METADATA: dict[str, object] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{PAGES}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwk",
    "revocation_endpoint": f"{ISSUER}/revoke",
}


class Issuer:
    """An ID-porten that answers what it is told and keeps what it was sent."""

    def __init__(self, **metadata: object) -> None:
        self.metadata = METADATA | metadata
        self.asked: list[httpx.Request] = []
        self.keys = [THEIRS]
        self.id_token_by = THEIRS
        self.nonce = ""
        self.answers: dict[str, Callable[[], httpx.Response]] = {}
        self.extra: dict[str, object] = {}
        http = HttpEdge(
            hosts=frozenset(), transport=httpx.MockTransport(self), now=lambda: START, monotonic=lambda: 1000.0
        )
        counted = iter(range(1, 1000))
        self.idporten = IdPorten(http, ISSUER, random=lambda length: next(counted).to_bytes(length, "big"))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path
        if path in self.answers:
            return self.answers[path]()
        if path == "/.well-known/openid-configuration":
            return httpx.Response(200, json=self.metadata)
        if path == "/jwk":
            shown = httpx.Response(200, json={"keys": [key.public_jwk() for key in self.keys]})
            self.keys = [THEIRS, LATER]
            return shown
        if path == "/revoke":
            return httpx.Response(200)
        body = {
            "access_token": "tilgang",
            "expires_in": 120,
            "refresh_token": "fornyelse",
            "scope": "digdir:dialogporten",
        }
        return httpx.Response(200, json={**body, "id_token": self.id_token(), **self.extra})

    def id_token(self) -> str:
        issued = int(START.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": CLIENT.client_id,
            "sub": "emne",
            "acr": CLIENT.acr,
            "nonce": self.nonce,
            "iat": issued,
            "exp": issued + 120,
        }
        key = self.id_token_by
        return jwt.encode(claims, key.private_key, algorithm="RS256", headers={"kid": key.kid})

    def log_in(self, client: Client = CLIENT) -> str | None:
        attempt = self.idporten.begin(client)
        self.nonce = attempt.nonce
        return self.idporten.finish(client, attempt, f"{client.redirect}?code=kode&state={attempt.state}").acr

    def forms(self) -> list[tuple[str, dict[str, str]]]:
        return [(r.url.path, dict(parse_qsl(r.content.decode()))) for r in self.asked if r.method == "POST"]


def claims_of(form: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = jwt.decode(
        form["client_assertion"],
        KEY.private_key.public_key(),
        algorithms=["RS256"],
        options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
    )
    return found


def test_the_address_is_what_id_porten_asks_for_to_the_letter() -> None:
    attempt = Issuer().idporten.begin(CLIENT)
    parts = urlsplit(attempt.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{PAGES}/authorize"
    assert dict(parse_qsl(parts.query)) == {
        "response_type": "code",
        "client_id": CLIENT.client_id,
        "redirect_uri": CLIENT.redirect,
        "scope": "openid digdir:dialogporten",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": base64url(sha256(attempt.verifier.encode()).digest()),
        "code_challenge_method": "S256",
        "acr_values": "idporten-loa-high",
    }
    assert attempt.verifier not in attempt.url and attempt.seconds is None
    assert 43 <= len(attempt.verifier) <= 128 and "=" not in attempt.verifier


def test_a_pushed_request_carries_the_same_and_the_clients_proof() -> None:
    issuer = Issuer(pushed_authorization_request_endpoint=f"{ISSUER}/par")
    issuer.answers["/par"] = lambda: httpx.Response(201, json={"request_uri": "urn:x:1", "expires_in": 60})
    attempt = issuer.idporten.begin(CLIENT)
    assert attempt.url.startswith(f"{PAGES}/authorize?") and attempt.seconds == 60
    assert dict(parse_qsl(urlsplit(attempt.url).query)) == {"client_id": CLIENT.client_id, "request_uri": "urn:x:1"}
    ((path, form),) = issuer.forms()
    assert path == "/par" and form["state"] == attempt.state and form["scope"] == "openid digdir:dialogporten"
    assert claims_of(form)["iss"] == CLIENT.client_id


@pytest.mark.parametrize("status", [404, 405])
def test_where_pushing_is_not_taken_after_all_the_address_carries_the_request(status: int) -> None:
    issuer = Issuer(pushed_authorization_request_endpoint=f"{ISSUER}/par")
    issuer.answers["/par"] = lambda: httpx.Response(status)
    assert "code_challenge=" in issuer.idporten.begin(CLIENT).url
    required = Issuer(pushed_authorization_request_endpoint=f"{ISSUER}/par", require_pushed_authorization_requests=True)
    required.answers["/par"] = lambda: httpx.Response(status)
    with pytest.raises(TokenRefused):
        required.idporten.begin(CLIENT)


ENDLESS = b'{"request_uri": "urn:x", "expires_in": 1%s}' % (b"0" * 400)


@pytest.mark.parametrize(
    "body", [b"{}", b"nonsense", b'{"request_uri": "urn:x", "expires_in": "soon"}', b"[]", ENDLESS]
)
def test_a_pushed_request_that_is_nowhere_is_an_outage(body: bytes) -> None:
    issuer = Issuer(pushed_authorization_request_endpoint=f"{ISSUER}/par")
    issuer.answers["/par"] = lambda: httpx.Response(201, content=body)
    with pytest.raises(BadBody):
        issuer.idporten.begin(CLIENT)


def test_the_code_is_exchanged_with_verifier_redirect_and_a_signed_proof() -> None:
    issuer = Issuer()
    attempt = issuer.idporten.begin(CLIENT)
    issuer.nonce = attempt.nonce
    issuer.idporten.finish(CLIENT, attempt, f"{CLIENT.redirect}?code=kode&state={attempt.state}")
    ((path, form),) = issuer.forms()
    assert path == "/token" and sorted(form) == [
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "code",
        "code_verifier",
        "grant_type",
        "redirect_uri",
    ]
    assert (form["grant_type"], form["code"]) == ("authorization_code", "kode")
    assert form["code_verifier"] == attempt.verifier and form["redirect_uri"] == CLIENT.redirect
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert jwt.get_unverified_header(form["client_assertion"]) == {"alg": "RS256", "kid": "nokkel-1", "typ": "JWT"}
    claims, issued = claims_of(form), int(START.timestamp())
    assert claims.pop("jti")
    assert claims == {
        "iss": CLIENT.client_id,
        "sub": CLIENT.client_id,
        "aud": ISSUER,
        "iat": issued,
        "exp": issued + 100,
    }


def test_every_proof_is_a_new_one() -> None:
    issuer = Issuer()
    issuer.log_in()
    issuer.idporten.refresh(CLIENT, "fornyelse")
    issuer.idporten.revoke(CLIENT, "fornyelse")
    found = [claims_of(form)["jti"] for _, form in issuer.forms()]
    assert len(found) == len(set(found)) == 3


def test_refreshing_and_revoking_send_the_token_and_nothing_to_spare() -> None:
    issuer = Issuer()
    issuer.idporten.refresh(CLIENT, "gammelt")
    issuer.idporten.revoke(CLIENT, "gammelt")
    (_, refresh), (path, revoke) = issuer.forms()
    proof = {"client_assertion", "client_assertion_type", "client_id"}
    assert {name: value for name, value in refresh.items() if name not in proof} == {
        "grant_type": "refresh_token",
        "refresh_token": "gammelt",
    }
    assert path == "/revoke" and {name: value for name, value in revoke.items() if name not in proof} == {
        "token": "gammelt",
        "token_type_hint": "refresh_token",
    }


def test_a_secret_goes_into_a_header_where_forms_are_not_taken() -> None:
    issuer = Issuer(token_endpoint_auth_methods_supported=["client_secret_basic"])
    secret = Client("ola", "klient:1", ClientSecret("a b%"), CLIENT.redirect, CLIENT.acr, CLIENT.scopes, ISSUER)
    issuer.idporten.refresh(secret, "x")
    sent = issuer.asked[-1]
    assert b64decode(sent.headers["authorization"].removeprefix("Basic ")) == b"klient%3A1:a+b%25"
    assert "client_secret" not in dict(parse_qsl(sent.content.decode()))


def test_metadata_is_read_once() -> None:
    issuer = Issuer()
    issuer.log_in()
    issuer.idporten.refresh(CLIENT, "x")
    assert [f"{r.method} {r.url.path}" for r in issuer.asked] == [
        "GET /.well-known/openid-configuration",
        "GET /jwk",
        "POST /token",
        "POST /token",
    ]


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": f"{ISSUER}/"},
        {"issuer": "https://evil.example"},
        {"token_endpoint": "https://evil.example/token"},
        {"token_endpoint": "https://evilidporten.example/token"},
        {"token_endpoint": "http://idporten.example/token"},
        {"token_endpoint": f"{ISSUER}:8443/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": f"{ISSUER}/\x1b]0;title\x07"},
        {"authorization_endpoint": f"{ISSUER}/a\r\nSet-Cookie:a=b"},
        {"authorization_endpoint": "https://login.idporten.example@evil.example/"},
        {"jwks_uri": "https://evil.example/jwk"},
        {"revocation_endpoint": "https://evil.example/revoke"},
        {"pushed_authorization_request_endpoint": "https://evil.example/par"},
        {"token_endpoint": None},
        {"jwks_uri": 7},
    ],
)
def test_metadata_that_points_elsewhere_gets_nothing(metadata: dict[str, object]) -> None:
    issuer = Issuer(**metadata)
    with pytest.raises(TokenRefused, match="Check the environment's idporten address") as refused:
        issuer.idporten.begin(CLIENT)
    assert (refused.value.method, issuer.forms()) == ("GET", [])


def test_metadata_that_could_not_be_read_is_asked_for_again() -> None:
    issuer = Issuer()
    issuer.answers["/.well-known/openid-configuration"] = lambda: httpx.Response(502)
    with pytest.raises(BadGateway):
        issuer.log_in()
    issuer.answers.clear()
    assert issuer.log_in() == CLIENT.acr


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"issuer": 1}', b"[" * 100_000])
def test_metadata_that_is_none_is_none(body: bytes) -> None:
    assert read_metadata(body) is None


def test_a_key_that_was_changed_meanwhile_is_looked_up_again_once() -> None:
    issuer = Issuer()
    issuer.id_token_by = LATER
    assert issuer.log_in() == CLIENT.acr
    assert [r.url.path for r in issuer.asked].count("/jwk") == 2
    unknown = Issuer()
    unknown.id_token_by = SigningKey("ukjent", LATER.private_key)
    with pytest.raises(TokenRefused, match="its key is not among ID-porten's"):
        unknown.log_in()
    assert [r.url.path for r in unknown.asked].count("/jwk") == 2


def test_without_openid_nothing_is_verified_and_nothing_is_missed() -> None:
    issuer = Issuer()
    issuer.extra = {"id_token": None}
    client = Client("ola", "klient", KEY, CLIENT.redirect, CLIENT.acr, ("digdir:dialogporten",), ISSUER)
    issuer.log_in(client)
    assert "/jwk" not in [r.url.path for r in issuer.asked]


@pytest.mark.parametrize(("acr", "is_taken"), [("idporten-loa-high", True), ("idporten-loa-low", False)])
def test_without_openid_the_access_token_tells_the_level(acr: str, is_taken: bool) -> None:
    issuer = Issuer()
    access = jwt.encode({"acr": acr, "scope": "digdir:dialogporten"}, THEIRS.private_key, algorithm="RS256")
    issuer.extra = {"id_token": None, "access_token": access}
    client = replace(CLIENT, scopes=("digdir:dialogporten",))
    if is_taken:
        assert issuer.log_in(client) == acr
    else:
        with pytest.raises(TokenRefused, match="at a lower level"):
            issuer.log_in(client)


# What the vault relies on


@pytest.mark.parametrize(
    "odd",
    [
        {"expires_in": None},
        {"expires_in": "NaN", "scope": 7},
        {"refresh_token": None, "id_token": "nonsense"},
        {"refresh_token": "", "refresh_expires_in": -1, "authorization_expires_in": 1e300},
        {"refresh_token": "ét", "expires_in": -7},
        {"refresh_token": "a\nb", "expires_in": 10**400},
    ],
)
def test_a_refresh_that_gave_a_token_never_fails_for_what_stands_beside_it(odd: dict[str, object]) -> None:
    issuer = Issuer()
    issuer.extra = odd
    grant = issuer.idporten.refresh(CLIENT, "x")
    assert grant.access.value == "tilgang" and grant.access.usable_until > 1000
    assert grant.refresh_token in (None, "fornyelse") and grant.ends_at is None
    assert grant.scopes[-1] == "digdir:dialogporten"


@pytest.mark.parametrize(
    ("answer", "error", "method"),
    [
        (lambda: httpx.Response(200, json={"refresh_token": "ny"}), BadBody, "POST"),
        (lambda: httpx.Response(200, content=b"<html>"), BadBody, "POST"),
        (lambda: httpx.Response(200, json={"access_token": "ét"}), BadBody, "POST"),
        (lambda: httpx.Response(400, json={"error": "invalid_grant"}), TokenRefused, "POST"),
        (lambda: httpx.Response(500), ServerFault, "POST"),
    ],
)
def test_a_refresh_that_failed_tells_whether_the_token_may_be_used_up(
    answer: Callable[[], httpx.Response], error: type[ArkivError], method: str
) -> None:
    issuer = Issuer()
    issuer.answers["/token"] = answer
    with pytest.raises(error) as failed:
        issuer.idporten.refresh(CLIENT, "x")
    assert failed.value.method == method


def test_a_refresh_is_one_request() -> None:
    issuer = Issuer()

    def down() -> httpx.Response:
        raise httpx.ConnectError("refused")

    issuer.answers["/token"] = down
    with pytest.raises(ConnectFailed):
        issuer.idporten.refresh(CLIENT, "x")
    assert len(issuer.forms()) == 1


def test_a_description_that_repeats_what_we_sent_is_not_repeated() -> None:
    issuer = Issuer()
    body = {"error": "strange_error", "error_description": "I do not like gammelt-token-123 of you"}
    issuer.answers["/token"] = lambda: httpx.Response(400, content=json.dumps(body))
    with pytest.raises(TokenRefused) as refused:
        issuer.idporten.refresh(CLIENT, "gammelt-token-123")
    assert "gammelt-token-123" not in str(refused.value) and "I do not like" in str(refused.value)


def test_a_description_that_repeats_the_clients_secret_is_not_repeated() -> None:
    issuer = Issuer()
    body = {"error": "strange_error", "error_description": "hemmelig-77 is not the secret of klient"}
    issuer.answers["/token"] = lambda: httpx.Response(401, content=json.dumps(body))
    with pytest.raises(TokenRefused) as refused:
        issuer.idporten.refresh(replace(CLIENT, credential=ClientSecret("hemmelig-77")), "x")
    assert "hemmelig-77" not in str(refused.value) and "is not the secret" in str(refused.value)


def test_life_times_are_counted_from_before_we_asked() -> None:
    issuer = Issuer()
    issuer.extra = {"expires_in": 100, "authorization_expires_in": 7_776_000}
    grant = issuer.idporten.refresh(CLIENT, "x")
    assert (grant.access.usable_until, grant.access.lifetime) == (1080.0, 100.0)
    assert grant.ends_at == START + timedelta(days=90)
