"""The grant that is sent to Maskinporten, and the tokens that come of it."""

import json
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from config.keys import SigningKey
from sync.auth.maskinporten import Grantee, Maskinporten, Token, read_token
from sync.auth.source import FixedToken, SystemUserTokens, TokenSource
from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    BadGateway,
    Busy,
    ClockSkew,
    Context,
    HostNotAllowed,
    TokenError,
    TokenRefused,
)
from sync.dialogporten.http import Answer, HttpEdge

ISSUER = "https://maskinporten.example/"
KEY = SigningKey("nokkel-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
START = datetime(2026, 11, 22, 6, 30, 0, 250_000, tzinfo=UTC)
CLIENT = "11111111-2222-4333-8444-555555555555"


class Issuer:
    """A Maskinporten that answers what it is told and keeps what it was sent; and the time it all happens at."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.wall_off = 0.0
        self.metadata: dict[str, object] = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}token"}
        self.refusals: list[httpx.Response] = []
        self.asked: list[httpx.Request] = []
        self.given = 0
        self.lifetime: object = 119
        self.before_answer = threading.Event()
        self.before_answer.set()
        self.heard: list[tuple[str, Mapping[str, object]]] = []
        self.http = HttpEdge(
            hosts=frozenset({"platform.example"}),
            transport=httpx.MockTransport(self),
            now=lambda: START + timedelta(seconds=self.elapsed + self.wall_off),
            monotonic=lambda: self.elapsed,
            told=self.hear,
        )

    def hear(self, event: str, fields: Mapping[str, object]) -> None:
        self.heard.append((event, fields))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        date = format_datetime(START + timedelta(seconds=self.elapsed), usegmt=True)
        if request.method == "GET":
            return httpx.Response(200, json=self.metadata, headers={"date": date})
        self.before_answer.wait(10)
        if self.refusals:
            return self.refusals.pop(0)
        self.given += 1
        body = {"access_token": f"token-{self.given}", "token_type": "Bearer", "expires_in": self.lifetime}
        return httpx.Response(200, json=body, headers={"date": date})

    def grants(self) -> list[dict[str, object]]:
        sent = [dict(parse_qsl(request.content.decode())) for request in self.asked if request.method == "POST"]
        key = KEY.private_key.public_key()
        return [
            jwt.decode(
                form["assertion"],
                key,
                algorithms=["RS256"],
                audience=ISSUER,
                options={"verify_exp": False, "verify_iat": False},
            )
            for form in sent
        ]

    def maskinporten(self) -> Maskinporten:
        numbers = iter(range(1, 1000))
        return Maskinporten(self.http, ISSUER, new_id=lambda: f"jti-{next(numbers)}", told=self.hear)

    def tokens(self, grantee: Grantee | None = None) -> SystemUserTokens:
        return SystemUserTokens(self.maskinporten(), grantee or system_user(), monotonic=lambda: self.elapsed)


def system_user(org: str = "310000000", external_ref: str | None = None) -> Grantee:
    return Grantee(
        client_id=CLIENT,
        key=KEY,
        org=org,
        scopes=("digdir:dialogporten", "altinn:instances.read"),
        external_ref=external_ref,
        connection="regnskap",
    )


def refusal(code: str) -> httpx.Response:
    return httpx.Response(400, json={"error": "invalid_grant", "error_description": f"{code}: no"})


def test_the_grant_is_what_maskinporten_asks_for_to_the_letter() -> None:
    issuer = Issuer()
    issuer.maskinporten().grant(system_user(external_ref="lonn"))
    posted = issuer.asked[-1]
    form = parse_qsl(posted.content.decode())
    assert str(posted.url) == "https://maskinporten.example/token"
    assert posted.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in posted.headers
    assert sorted(name for name, _ in form) == ["assertion", "grant_type"]
    assert dict(form)["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert jwt.get_unverified_header(dict(form)["assertion"]) == {"alg": "RS256", "kid": "nokkel-1", "typ": "JWT"}
    (claims,) = issuer.grants()
    issued = int(START.timestamp())
    assert claims == {
        "iss": CLIENT,
        "aud": ISSUER,
        "scope": "digdir:dialogporten altinn:instances.read",
        "iat": issued,
        "exp": issued + 100,
        "jti": "jti-1",
        "authorization_details": [
            {
                "type": "urn:altinn:systemuser",
                "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": "0192:310000000"},
                "externalRef": "lonn",
            }
        ],
    }


def test_an_external_reference_is_sent_only_if_there_is_one() -> None:
    issuer = Issuer()
    issuer.maskinporten().grant(system_user())
    assert "externalRef" not in json.dumps(issuer.grants())


def test_metadata_is_read_once_however_many_system_users_ask() -> None:
    issuer = Issuer()
    shared = issuer.maskinporten()
    for org in ("310000000", "310000108", "310000205"):
        shared.grant(system_user(org))
    assert [request.method for request in issuer.asked] == ["GET", "POST", "POST", "POST"]
    assert str(issuer.asked[0].url) == "https://maskinporten.example/.well-known/oauth-authorization-server"
    assert [grant["jti"] for grant in issuer.grants()] == ["jti-1", "jti-2", "jti-3"]


def test_metadata_that_could_not_be_read_is_asked_for_again() -> None:
    issuer = Issuer()
    asking = issuer.maskinporten()
    issuer.metadata = {}
    with pytest.raises(TokenRefused):
        asking.grant(system_user())
    issuer.metadata = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}token"}
    assert asking.grant(system_user()).value == "token-1"


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://maskinporten.example", "token_endpoint": f"{ISSUER}token"},
        {"issuer": "https://evil.example/", "token_endpoint": f"{ISSUER}token"},
        {"issuer": ISSUER, "token_endpoint": "https://evil.example/token"},
        {"issuer": ISSUER, "token_endpoint": "http://maskinporten.example/token"},
        {"issuer": ISSUER, "token_endpoint": "https://maskinporten.example:8443/token"},
        {"issuer": ISSUER},
        {"token_endpoint": f"{ISSUER}token"},
    ],
)
def test_metadata_that_points_elsewhere_gets_no_assertion(metadata: dict[str, object]) -> None:
    issuer = Issuer()
    issuer.metadata = metadata
    with pytest.raises(TokenRefused) as refused:
        issuer.maskinporten().grant(system_user())
    assert ISSUER in str(refused.value)
    assert "POST" not in [request.method for request in issuer.asked]


def test_a_token_endpoint_on_a_host_of_the_environment_is_in_order() -> None:
    issuer = Issuer()
    issuer.metadata = {"issuer": ISSUER, "token_endpoint": "https://platform.example/token"}
    assert issuer.maskinporten().grant(system_user()).value == "token-1"


@pytest.mark.parametrize("code", ["MP-012", "MP-130"])
def test_a_used_or_late_grant_is_repeated_once_with_a_new_id(code: str) -> None:
    issuer = Issuer()
    issuer.refusals = [refusal(code)]
    assert issuer.maskinporten().grant(system_user()).value == "token-1"
    assert [grant["jti"] for grant in issuer.grants()] == ["jti-1", "jti-2"]
    again = Issuer()
    again.refusals = [refusal(code), refusal(code), refusal(code)]
    with pytest.raises(TokenRefused) as refused:
        again.maskinporten().grant(system_user())
    assert refused.value.code == code
    assert len(again.grants()) == 2


def test_another_refusal_is_final_at_once() -> None:
    issuer = Issuer()
    issuer.refusals = [refusal("MP-303")]
    with pytest.raises(TokenRefused) as refused:
        issuer.maskinporten().grant(system_user())
    assert refused.value.code == "MP-303"
    assert "310000000" in str(refused.value)
    assert len(issuer.grants()) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(503, headers={"retry-after": "7"}), Busy),
        (httpx.Response(429), Busy),
        (httpx.Response(502), BadGateway),
        (httpx.Response(200, content=b"{}"), BadBody),
        (httpx.Response(200, content=b"<html/>"), BadBody),
        (httpx.Response(200, json={"access_token": 5, "expires_in": 119}), BadBody),
        (httpx.Response(200, json={"access_token": "x"}), BadBody),
        (httpx.Response(200, json={"access_token": "x", "expires_in": 0}), BadBody),
        (httpx.Response(200, json={"access_token": "x", "expires_in": "soon"}), BadBody),
    ],
)
def test_an_answer_without_a_token_names_maskinporten(answer: httpx.Response, expected: type[ArkivError]) -> None:
    issuer = Issuer()
    issuer.refusals = [answer]
    with pytest.raises(expected, match="Maskinporten"):
        issuer.maskinporten().grant(system_user())


@given(st.integers(1, 100_000))
def test_a_token_is_left_before_it_ends_by_half_a_minute_or_a_fifth(lifetime: int) -> None:
    body = json.dumps({"access_token": "x", "expires_in": lifetime}).encode()
    token = read_token(Answer(200, {}, body), 1000.0, Context(at=START))
    assert token.usable_until == pytest.approx(1000.0 + lifetime - min(30.0, lifetime / 5))


def test_a_token_is_used_until_its_margin_and_then_renewed() -> None:
    issuer = Issuer()
    tokens = issuer.tokens()
    assert tokens.bearer() == "token-1"
    issuer.elapsed = 119 * 0.8 - 0.1
    assert tokens.bearer() == "token-1"
    issuer.elapsed = 119 * 0.8 + 0.1
    assert tokens.bearer() == "token-2"
    assert issuer.given == 2


def test_only_the_token_in_use_is_thrown_away() -> None:
    issuer = Issuer()
    tokens = issuer.tokens()
    assert tokens.bearer() == "token-1"
    tokens.invalidate("token-0")
    assert tokens.bearer() == "token-1"
    tokens.invalidate("token-1")
    assert tokens.bearer() == "token-2"
    tokens.invalidate("token-1")
    assert tokens.bearer() == "token-2"


def together(tokens: SystemUserTokens, issuer: Issuer, threads: int = 8) -> list[str]:
    """Eight threads that all find no token; the answer is held back until every one of them asks."""
    issuer.before_answer.clear()
    asking = threading.Barrier(threads + 1)

    def ask() -> str:
        asking.wait(10)
        try:
            return tokens.bearer()
        except ArkivError as error:
            return type(error).__name__

    with ThreadPoolExecutor(threads) as pool:
        answers = [pool.submit(ask) for _ in range(threads)]
        asking.wait(10)
        issuer.before_answer.set()
        return [answer.result(10) for answer in answers]


def test_eight_threads_cause_one_token_request() -> None:
    issuer = Issuer()
    tokens = issuer.tokens()
    assert together(tokens, issuer) == ["token-1"] * 8
    assert [request.method for request in issuer.asked] == ["GET", "POST"]


def test_a_failed_request_is_not_remembered() -> None:
    issuer = Issuer()
    tokens = issuer.tokens()
    issuer.refusals = [refusal("MP-303")] * 8
    assert together(tokens, issuer) == ["TokenRefused"] * 8
    issuer.refusals = []
    assert tokens.bearer() == "token-1"


def test_over_a_minute_of_skew_nothing_is_signed() -> None:
    issuer = Issuer()
    issuer.wall_off = 90.0
    with pytest.raises(ClockSkew) as refused:
        issuer.tokens().bearer()
    assert refused.value.exit_code == 2
    assert "POST" not in [request.method for request in issuer.asked]
    assert [event for event, _ in issuer.heard].count("clock_skewed") == 1


def test_some_seconds_of_skew_are_told_and_the_grant_goes_out() -> None:
    issuer = Issuer()
    issuer.wall_off = 20.0
    assert issuer.tokens().bearer() == "token-1"
    assert "clock_skewed" in [event for event, _ in issuer.heard]


def test_a_clock_that_has_been_set_right_is_believed_after_one_look() -> None:
    issuer = Issuer()
    tokens = issuer.tokens()
    issuer.wall_off = 90.0
    with pytest.raises(ClockSkew):
        tokens.bearer()
    issuer.wall_off = 0.0
    assert tokens.bearer() == "token-1"


def test_a_machine_that_slept_is_measured_anew_before_anything_is_refused() -> None:
    issuer = Issuer()
    tokens = issuer.tokens()
    tokens.bearer()
    # The monotonic clock stood still for an hour that wall clock and server both counted.
    issuer.http.clock.observe("maskinporten.example", {"date": "Sun, 22 Nov 2026 05:30:00 GMT"}, issuer.elapsed)
    tokens.invalidate("token-1")
    assert tokens.bearer() == "token-2"


def test_no_token_or_key_is_in_a_repr_a_log_or_an_event(caplog: pytest.LogCaptureFixture) -> None:
    issuer = Issuer()
    tokens = issuer.tokens()
    with caplog.at_level(logging.DEBUG):
        tokens.bearer()
        tokens.bearer()
    token = Token("geheim", 1.0, 2.0)
    everything = (
        f"{tokens!r} {tokens} {token!r} {system_user()!r} {issuer.heard} {caplog.text} {FixedToken(lambda: 'x')!r}"
    )
    assert "token-1" not in everything
    assert "geheim" not in everything
    assert "eyJ" not in everything
    assert "PrivateKey" not in everything
    granted = dict(issuer.heard)["token_granted"]
    assert (granted["jti"], granted["kid"], granted["client_id"]) == ("jti-1", "nokkel-1", CLIENT)


def test_an_issuer_over_plain_http_on_another_machine_is_refused() -> None:
    issuer = Issuer()
    with pytest.raises(HostNotAllowed):
        Maskinporten(issuer.http, "http://maskinporten.example/").grant(system_user())
    assert issuer.asked == []


def test_a_fixed_token_is_read_each_time_and_never_empty() -> None:
    values = iter([" one\n", "two", ""])
    source: TokenSource = FixedToken(lambda: next(values), connection="lokal")
    assert source.bearer() == "one"
    source.invalidate("one")
    assert source.bearer() == "two"
    with pytest.raises(TokenError):
        source.bearer()
