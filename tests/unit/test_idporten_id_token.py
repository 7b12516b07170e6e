"""The id_token proves who logged in only when every part of it is right."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from config.keys import SigningKey
from sync.auth.id_token import Expected, NotVerified, is_enough, read_keys, verify

ISSUER, CLIENT = "https://idporten.example", "klient-1"
KEY = SigningKey("deres-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
EXPECTED = Expected(ISSUER, CLIENT, "engang", "idporten-loa-substantial", NOW, "tilgang")
KEYS = read_keys(json.dumps({"keys": [KEY.public_jwk()]}).encode())
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "emne",
    "acr": "idporten-loa-high",
    "nonce": "engang",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 120,
}


def token(algorithm: str = "RS256", **changed: Any) -> str:
    claims = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    return jwt.encode(claims, KEY.private_key, algorithm=algorithm, headers={"kid": KEY.kid})


def flaw(signed: str | None, expected: Expected = EXPECTED) -> str:
    with pytest.raises(NotVerified) as wrong:
        verify(signed, KEYS, expected)
    assert not signed or signed not in str(wrong.value)
    return wrong.value.flaw


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_a_good_one_tells_who_and_how(algorithm: str) -> None:
    login = verify(token(algorithm), KEYS, EXPECTED)
    assert (login.subject, login.acr) == ("emne", "idporten-loa-high")
    assert "emne" not in repr(login)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"iss": f"{ISSUER}/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "en-annen"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": [CLIENT, "en-annen"]}, "audience"),
        ({"aud": [CLIENT, "en-annen"], "azp": "en-annen"}, "audience"),
        ({"azp": "en-annen"}, "audience"),
        ({"exp": None}, "form"),
        ({"exp": "i morgen"}, "form"),
        ({"exp": True}, "form"),
        ({"iat": None}, "form"),
        ({"exp": int(NOW.timestamp()) - 60}, "expired"),
        ({"iat": int(NOW.timestamp()) + 61}, "future"),
        ({"nonce": "en-annen"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": ["engang"]}, "nonce"),
        ({"at_hash": "AAAA"}, "binding"),
        ({"at_hash": 7}, "binding"),
        ({"sub": None}, "form"),
        ({"sub": ""}, "form"),
        ({"acr": None}, "acr"),
        ({"acr": "idporten-loa-low"}, "acr"),
        ({"acr": "Level4"}, "acr"),
    ],
)
def test_whatever_is_wrong_is_named(changed: dict[str, Any], expected: str) -> None:
    assert flaw(token(**changed)) == expected


def test_a_token_for_several_is_ours_when_it_says_so() -> None:
    assert verify(token(aud=[CLIENT, "en-annen"], azp=CLIENT), KEYS, EXPECTED).subject == "emne"


def test_a_minute_of_disagreement_between_clocks_is_borne() -> None:
    for apart in (timedelta(seconds=179), timedelta(seconds=-60)):
        late = Expected(ISSUER, CLIENT, "engang", "idporten-loa-high", NOW + apart, "tilgang")
        assert verify(token(), KEYS, late).subject == "emne"


def test_the_hash_of_the_access_token_binds_the_two() -> None:
    # The left half of SHA-256("tilgang"), base64url.
    assert verify(token(at_hash="ZaZVUFAGEVXHR4uthy5EXg"), KEYS, EXPECTED).subject == "emne"
    other = Expected(ISSUER, CLIENT, "engang", "idporten-loa-high", NOW, "et-annet")
    assert flaw(token(at_hash="ZaZVUFAGEVXHR4uthy5EXg"), other) == "binding"


def test_nobody_signs_for_id_porten() -> None:
    public = KEY.public_jwk()["n"]  # known to everybody
    by_hmac = jwt.encode(GOOD, public, algorithm="HS256", headers={"kid": KEY.kid})
    unsigned = jwt.encode(GOOD, "", algorithm="none", headers={"kid": KEY.kid})
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode(GOOD, stranger, algorithm="RS256", headers={"kid": KEY.kid})
    by_other_kid = jwt.encode(GOOD, stranger, algorithm="RS256", headers={"kid": "deres-9"})
    assert [flaw(by_hmac), flaw(unsigned), flaw(forged), flaw(by_other_kid)] == [
        "algorithm",
        "algorithm",
        "signature",
        "key",
    ]
    head, body, signature = token().split(".")
    assert flaw(f"{head}.{body[:-2]}AA.{signature}") in ("signature", "form")


@pytest.mark.parametrize("algorithm", [["RS256"], {"RS256": 1}, 256, None])
def test_an_algorithm_that_is_no_word_is_none(algorithm: object) -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": KEY.kid}).encode()).rstrip(b"=").decode()
    assert flaw(head + token()[token().index(".") :]) == "algorithm"


@pytest.mark.parametrize("nonsense", ["", None, "x", "a.b.c", "eyJ" * 50, "ø.å.æ"])
def test_what_is_no_token_is_none(nonsense: str | None) -> None:
    assert flaw(nonsense) == ("form" if nonsense else "missing")


def test_a_key_set_gives_the_signing_keys_that_can_be_read() -> None:
    jwk = KEY.public_jwk()
    mixed = [
        {"kty": "EC", "crv": "P-256", "kid": "ec"},
        {**jwk, "kid": "enc", "use": "enc"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        "nonsense",
        {name: value for name, value in jwk.items() if name not in ("use", "alg")},
    ]
    assert list(read_keys(json.dumps({"keys": mixed}).encode())) == [KEY.kid]
    for body in (b"", b"[]", b'{"keys": 7}', b"[" * 100_000):
        assert read_keys(body) == {}


def test_a_lone_key_needs_no_name() -> None:
    unnamed = jwt.encode(GOOD, KEY.private_key, algorithm="RS256")
    assert verify(unnamed, KEYS, EXPECTED).subject == "emne"
    other = SigningKey("deres-2", KEY.private_key).public_jwk()
    with pytest.raises(NotVerified):
        verify(unnamed, read_keys(json.dumps({"keys": [KEY.public_jwk(), other]}).encode()), EXPECTED)


def test_a_level_is_compared_as_a_least_one() -> None:
    low, substantial, high = "idporten-loa-low", "idporten-loa-substantial", "idporten-loa-high"
    assert is_enough(high, substantial) and is_enough(substantial, substantial) and not is_enough(substantial, high)
    assert not is_enough(low, substantial) and not is_enough("Level9", high) and is_enough("ny-loa", "ny-loa")
