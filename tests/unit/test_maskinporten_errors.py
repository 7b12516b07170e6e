"""Each refusal of Maskinporten becomes a sentence that says what to do."""

import json
from datetime import UTC, datetime

import pytest

from sync.auth.refusals import Asked, grant_refusal
from sync.dialogporten.errors import Context, TokenRefused

CONTEXT = Context(at=datetime(2026, 11, 22, 6, 30, tzinfo=UTC), method="POST", url_path="/token", connection="regnskap")
ASKED = Asked(
    client="11111111-2222-4333-8444-555555555555",
    issuer="https://test.maskinporten.no/",
    scopes="digdir:dialogporten",
    org="310000000",
    external_ref="lonn",
)


def refused(error: str, description: str, asked: Asked = ASKED, status: int = 400) -> TokenRefused:
    body = json.dumps({"error": error, "error_description": description, "error_uri": "https://docs.digdir.no"})
    return grant_refusal(status, body.encode(), asked, CONTEXT)


@pytest.mark.parametrize(
    ("code", "permanent", "who", "words"),
    [
        ("MP-011", True, "operator", ["value", "client_id"]),
        ("MP-012", False, "nobody", ["seen this grant before"]),
        ("MP-100", True, "operator", ["does not know the client", ASKED.client, ASKED.issuer, "test and production"]),
        ("MP-110", True, "operator", ["another Maskinporten", ASKED.issuer, "slash"]),
        ("MP-120", True, "operator", ["certificate is not valid"]),
        ("MP-121", True, "operator", ["expired", "one year", "Upload"]),
        ("MP-122", True, "operator", ["another organisation"]),
        ("MP-123", True, "operator", ["wrong form"]),
        ("MP-124", True, "operator", ["signature", "key_id"]),
        ("MP-130", False, "operator", ["clock"]),
        ("MP-200", True, "operator", ["not registered", "digdir:dialogporten"]),
        ("MP-201", True, "operator", ["integration type"]),
        ("MP-250", True, "operator", ["Ask the owner of the scope"]),
        ("MP-251", True, "operator", ["delegation"]),
        ("MP-301", True, "us", ["report"]),
        ("MP-302", True, "operator", ["external_ref", "lonn", "255"]),
        ("MP-303", True, "user", ["not approved yet", "not on the registered system", "external_ref", "not the owner"]),
    ],
)
def test_every_known_code_says_what_to_do(code: str, permanent: bool, who: str, words: list[str]) -> None:
    found = refused("invalid_grant", f"Something in Norwegian or English ({code}). (correlation id: 5f1e-77aa99bb)")
    assert (found.code, found.permanent, found.who, found.exit_code) == (code, permanent, who, 3)
    for word in words:
        assert word in found.sentence
    assert code in found.sentence
    assert found.trace_id == "5f1e-77aa99bb"
    assert (found.status, found.connection) == (400, "regnskap")
    assert "{" not in found.sentence


def test_mp_303_names_the_four_causes_and_the_reference_that_was_used() -> None:
    with_reference = refused("invalid_altinn_customer_configuration", "MP-303: no system user")
    for number in ("(1)", "(2)", "(3)", "(4)", "310000000", ASKED.client, "(now lonn)"):
        assert number in with_reference.sentence
    without = refused(
        "invalid_altinn_customer_configuration",
        "MP-303: no system user",
        Asked(ASKED.client, ASKED.issuer, ASKED.scopes, ASKED.org),
    )
    assert "(now none)" in without.sentence


def test_a_grant_from_the_future_points_at_the_clock() -> None:
    found = refused("invalid_grant", "Invalid assertion. Issue time is after now")
    assert "ahead" in found.sentence
    assert not found.permanent


def test_an_unknown_code_keeps_what_maskinporten_said() -> None:
    found = refused("invalid_client", "MP-999: the moon is in the wrong house")
    assert found.code == "MP-999"
    assert "the moon is in the wrong house" in found.sentence
    assert found.permanent


def test_an_oauth_error_without_a_code_is_its_own_code() -> None:
    found = refused("unauthorized_client", "")
    assert found.code == "unauthorized_client"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 5}', b"\xff", b'{"error_description": ["x"]}'])
def test_an_answer_that_says_nothing_is_a_refusal_that_may_pass(body: bytes) -> None:
    found = grant_refusal(403, body, ASKED, CONTEXT)
    assert found.code == "HTTP 403"
    assert not found.permanent


def test_a_description_is_shown_without_secrets_and_on_one_line() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl"
    found = refused("invalid_grant", f"MP-998: assertion={token}\n\x1b[31mpid 03886595947 was wrong" + "x" * 5000)
    assert "eyJ" not in str(found)
    assert "03886595947" not in str(found)
    assert "\n" not in str(found)
    assert "\x1b" not in str(found)
    assert len(str(found)) < 1000
