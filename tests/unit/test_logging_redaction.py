"""No text keeps a national id, a token or a key, wherever in it they stand; anything else stays as it is."""

from __future__ import annotations

import base64
import json
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.identifiers import national_id_check_digits
from config.redaction import redact, redact_value, redacted_traceback

PERSON = "03886595947"


def _national_id(day: date, individual: int, month_added: int, day_added: int) -> str | None:
    nine = f"{day.day + day_added:02d}{day.month + month_added:02d}{day.year % 100:02d}{individual:03d}"
    digits = national_id_check_digits(nine)
    return None if digits is None else nine + digits


NATIONAL_IDS = st.builds(
    _national_id,
    st.dates(date(1900, 1, 1), date(2040, 1, 1)),
    st.integers(0, 999),
    st.sampled_from([0, 40, 80]),
    st.sampled_from([0, 40]),
).filter(lambda number: number is not None)


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


HEADERS = st.tuples(
    st.sampled_from(['{"alg":"RS256","kid":KID}', '{"kid":KID,"alg":"EdDSA"}', '{"typ":"JWT","kid":KID}']),
    st.text(max_size=20),
).map(lambda made: made[0].replace("KID", json.dumps(made[1])))
CLAIMS = st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4).map(json.dumps)


def _token(header: str, claims: str, signature: bytes) -> str:
    return ".".join(_base64(part) for part in (header.encode(), claims.encode(), signature))


JWTS = st.builds(_token, HEADERS, CLAIMS, st.binary(min_size=32, max_size=64))
SPACED_JWTS = st.builds(
    _token,
    st.tuples(st.sampled_from([" ", "  ", "\n", "\r\n  ", "\t"]), HEADERS).map(
        lambda made: "{" + made[0] + made[1][1:]
    ),
    CLAIMS,
    st.binary(min_size=32, max_size=64),
)
# A digit glued to a number makes it another number; an escape in a URL ends in digits and is no such thing.
BEFORE = st.text(max_size=20).filter(
    lambda text: not text[-1:].isdecimal() or not text[-1:].isascii()
) | st.sampled_from(
    ["%3A", "%20", "urn%3Aaltinn%3Aperson%3Aidentifier-no%3A", "\\u00a0", "pid", "https://h/?party=", "%2c%20"]
)
AFTER = st.text(max_size=20).filter(lambda text: not text[:1].isdecimal() or not text[:1].isascii())


@settings(max_examples=300, deadline=None)
@given(BEFORE, NATIONAL_IDS, AFTER)
def test_a_national_id_never_comes_through(before: str, number: str, after: str) -> None:
    assert number not in redact(before + number + after)
    shown = redact_value({"a": [before + number + after], before + number + after: 1})
    assert number not in json.dumps(shown, ensure_ascii=False)


@settings(deadline=None)
@given(NATIONAL_IDS, st.sampled_from([" ", "\u00a0"]))
def test_neither_does_one_written_in_two_groups(number: str, space: str) -> None:
    assert f"{number[:6]}{space}{number[6:]}" not in redact(f"født {number[:6]}{space}{number[6:]}.")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=20), JWTS | SPACED_JWTS, st.text(max_size=20))
def test_a_jwt_never_comes_through_whole_or_in_parts(before: str, token: str, after: str) -> None:
    said = redact(before + token + after)
    header, claims, signature = token.split(".")
    assert header not in said
    assert claims not in said or len(claims) < 8
    assert signature not in said


@settings(deadline=None)
@given(JWTS, st.integers(20, 60))
def test_neither_does_one_that_was_cut_off(token: str, length: int) -> None:
    assert token[:length] not in redact(f"got {token[:length]}")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_what_is_redacted_stays_so(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [hidden]"),
        ("grant_type=x&assertion=abc&y=1", "grant_type=x&assertion=[hidden]&y=1"),
        ("https://h/cb?code=0123456789abcdef0123&state=s", "https://h/cb?code=[hidden]&state=s"),
        ("postgresql://u:hun:ter2@h/d", "postgresql://u:[hidden]@h/d"),
        ('{"access_token": "abc", "expires_in": 119}', '{"access_token": "[hidden]", "expires_in": 119}'),
        ("{'client_secret': 'abc'}", "{'client_secret': '[hidden]'}"),
        ('{"kty": "RSA", "d": "abc", "n": "xyz"}', '{"kty": "RSA", "d": "[hidden]", "n": "xyz"}'),
        ("a\n-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nb", "a\n[hidden]\nb"),
        ("-----BEGIN PRIVATE KEY-----\nMII", "[hidden]"),
        (f"urn:altinn:person:identifier-no:{PERSON}", "urn:altinn:person:identifier-no:*********47"),
    ],
)
def test_each_kind_of_secret_is_known_by_its_looks(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "urn:altinn:organization:identifier-no:310000000",
        "019b7a00-1111-7000-8000-000000000001",
        "2026-03-01T09:08:07.1234567Z",
        "03886595948",
        "038865959471",
        "code=MP-303, token refused, no token",
        "https://platform.altinn.no:443/dialogporten/api/v1/enduser/dialogs?limit=1000",
        "the keys of the eyewitness",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736",
    ],
)
def test_anything_else_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_plain_values_keep_their_type() -> None:
    plain: dict[str, object] = {"n": 3, "x": 1.5, "yes": True, "none": None, "big": 67_108_864, "has_token": True}
    assert redact_value(plain) == plain
    assert redact_value(timedelta(minutes=2)) == 120.0


def test_a_traceback_keeps_its_lines_and_loses_its_secrets() -> None:
    try:
        raise ValueError(f"party {PERSON}")
    except ValueError as error:
        said = redacted_traceback(error)
    assert "ValueError: party *********47" in said
    assert "test_logging_redaction.py" in said
