"""Tokens: who gets in, in which order the checks come, and what each failure looks like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from sync.sandbox.callers import Caller, Issuers, Json, Refusal, caller_of
from sync.sandbox.dialogs import JsonObject
from sync.sandbox.routing import Request
from sync.sandbox.tokens import dialog_token_keys
from sync.sandbox.world import World
from tests.unit.sandbox_inbox import BAKERY, SYSTEM_USER, Inbox, letter

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ISSUER = "http://127.0.0.1:8400/maskinporten/"
DETAILS: dict[str, Json] = {
    "type": "urn:altinn:systemuser",
    "systemuser_id": [SYSTEM_USER.upper()],
    "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": "0192:311110748"},
    "system_id": "310000000_demo",
}
GOOD: dict[str, Json] = {
    "scope": "digdir:dialogporten",
    "exp": int(NOW.timestamp()) + 100,
    "authorization_details": [DETAILS],
}


@pytest.fixture(scope="module")
def issuers() -> Issuers:
    known = Issuers()
    known.add(ISSUER)
    return known


def _answer(issuers: Issuers, authorization: str | None, path: str = "/api/v1/enduser/parties") -> JsonObject:
    world = World(now=lambda: NOW)
    world.issuers = issuers
    headers = {} if authorization is None else {"authorization": authorization}
    answer = world.router.handle(Request(world, "GET", path, headers=headers))
    return {"status": answer.status, "headers": answer.headers, "body": answer.body}


def _with(issuers: Issuers, **claims: Any) -> JsonObject:
    return _answer(issuers, f"Bearer {issuers.sign(ISSUER, {**GOOD, **claims})}")


def test_a_good_system_user_token_gets_in(issuers: Issuers) -> None:
    assert _with(issuers)["status"] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/enduser/dialogs",
        "/api/v1/enduser/dialogs/not-a-uuid",
        f"/api/v1/enduser/dialogs/{SYSTEM_USER}/transmissions",
        "/api/v1/enduser/parties",
        "/api/v1/enduser/dialoglookup",
    ],
)
def test_without_a_token_every_end_user_endpoint_says_401_and_nothing_more(issuers: Issuers, path: str) -> None:
    assert _answer(issuers, None, path) == {"status": 401, "headers": {"WWW-Authenticate": "Bearer"}, "body": b""}


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(NOW.timestamp()) - 3},
        {"exp": None},
        {"nbf": int(NOW.timestamp()) + 3},
        {"iss": "https://evil.example"},
    ],
)
def test_a_bad_token_says_so_in_the_challenge(issuers: Issuers, claims: dict[str, Any]) -> None:
    answer = _with(issuers, **claims)
    assert (answer["status"], answer["body"]) == (401, b"")
    assert answer["headers"] == {"WWW-Authenticate": 'Bearer error="invalid_token"'}


@pytest.mark.parametrize("claims", [{"exp": int(NOW.timestamp()) - 2}, {"nbf": int(NOW.timestamp()) + 2}])
def test_two_seconds_of_skew_are_forgiven(issuers: Issuers, claims: dict[str, Any]) -> None:
    assert _with(issuers, **claims)["status"] == 200


def test_a_token_signed_by_somebody_else_is_bad(issuers: Issuers) -> None:
    other = Issuers()
    assert issuers.verify(other.sign(ISSUER, GOOD), NOW) is Refusal.INVALID
    assert issuers.verify("not.a.token", NOW) is Refusal.INVALID


def test_the_audience_is_not_looked_at(issuers: Issuers) -> None:
    assert _with(issuers, aud="https://somewhere.example")["status"] == 200


@pytest.mark.parametrize("scope", [None, "openid", "digdir:dialogporten.serviceprovider"])
def test_a_wrong_scope_is_an_empty_403(issuers: Issuers, scope: str | None) -> None:
    assert _with(issuers, scope=scope) == {"status": 403, "headers": {}, "body": b""}


@pytest.mark.parametrize("scope", ["digdir:dialogporten.noconsent", "openid digdir:dialogporten"])
def test_either_end_user_scope_will_do(issuers: Issuers, scope: str) -> None:
    assert _with(issuers, scope=scope)["status"] == 200


@pytest.mark.parametrize(
    "details",
    [None, [], {"type": "urn:altinn:other"}, [{**DETAILS, "systemuser_id": ["no-guid"]}], "text"],
)
def test_a_token_without_a_usable_user_names_the_user_types(issuers: Issuers, details: Json) -> None:
    answer = _with(issuers, authorization_details=details)
    assert answer["status"] == 403
    assert b'"Type":["' in answer["body"]
    assert b"Person, SystemUser, IdportenEmailIdentifiedUser" in answer["body"]


def test_the_scope_is_checked_before_the_user(issuers: Issuers) -> None:
    assert _with(issuers, scope="openid", authorization_details=None)["body"] == b""


def test_a_system_user_may_come_as_a_list_or_as_one_object() -> None:
    expected = Caller("system-user", SYSTEM_USER, f"urn:altinn:systemuser:uuid:{SYSTEM_USER}", 3, "311110748")
    assert caller_of(GOOD) == expected
    assert caller_of({**GOOD, "authorization_details": DETAILS}) == expected


def test_a_person_goes_before_a_system_user() -> None:
    caller = caller_of({**GOOD, "pid": "03886595947", "acr": "idporten-loa-high"})
    assert isinstance(caller, Caller)
    assert (caller.kind, caller.id, caller.level) == ("person", "pid:03886595947", 4)
    assert isinstance(caller_of({**GOOD, "pid": "12345678901"}), Caller)
    assert caller_of({"scope": "digdir:dialogporten", "pid": "12345678901"}) is Refusal.USER


@pytest.mark.parametrize(
    ("claims", "level"),
    [
        ({}, 3),
        ({"acr": "idporten-loa-substantial"}, 3),
        ({"acr": "idporten-loa-high"}, 4),
        ({"acr": "idporten-loa-low"}, 0),
        ({"acr": "Level4"}, None),
        ({"urn:altinn:authlevel": "2", "acr": "Level4"}, 2),
    ],
)
def test_the_level_comes_from_the_claims_and_a_system_user_has_three_without(
    claims: dict[str, Json], level: int | None
) -> None:
    caller = caller_of({**GOOD, **claims})
    assert isinstance(caller, Caller)
    assert caller.level == level


def test_an_email_user_needs_exactly_that_amr() -> None:
    claims: dict[str, Json] = {
        "email": "Kari@Example.no",
        "amr": ["Selfregistered-email"],
        "acr": "selfregistered-email",
    }
    caller = caller_of(claims)
    assert isinstance(caller, Caller)
    assert (caller.urn, caller.level) == ("urn:altinn:person:idporten-email:kari@example.no", 0)
    assert caller_of({**claims, "amr": ["Selfregistered-email", "pwd"]}) is Refusal.USER


def test_an_unknown_acr_is_a_500_where_the_level_matters_and_only_there(issuers: Issuers) -> None:
    token = f"Bearer {issuers.sign(ISSUER, {**GOOD, 'acr': 'Level4'})}"
    inbox = Inbox()
    inbox.world.issuers = issuers
    inbox.world.real_now = lambda: NOW
    dialog = inbox.create()
    statuses = [
        inbox.send("GET", f"/api/v1/enduser{path}", headers={"Authorization": token})["status"]
        for path in (f"/dialogs?party={BAKERY}", f"/dialogs/{dialog}", "/parties")
    ]
    assert statuses == [500, 500, 200]


def test_a_skewed_server_clock_rejects_what_a_true_one_accepts(issuers: Issuers) -> None:
    world = World(now=lambda: NOW)
    world.issuers = issuers
    headers = {"authorization": f"Bearer {issuers.sign(ISSUER, GOOD)}"}
    world.registry.date_skew_seconds = 200
    assert world.router.handle(Request(world, "GET", "/api/v1/enduser/parties", headers=headers)).status == 401


def test_the_dialog_token_tells_what_is_permitted_and_lives_ten_minutes() -> None:
    inbox = Inbox(denied_attributes=["urn:altinn:task:sign"])
    inbox.world.real_now = lambda: NOW
    endpoint = {"url": "https://so.example/", "httpMethod": "POST"}
    dialog = inbox.create(
        apiActions=[
            {"action": "write", "endpoints": [endpoint]},
            {"action": "sign", "authorizationAttribute": "urn:altinn:task:sign", "endpoints": [endpoint]},
        ],
        transmissions=[letter(authorizationAttribute="urn:altinn:subresource:x")],
    )
    token = inbox.dialog(dialog)["body"]["dialogToken"]
    key = jwt.PyJWK(dialog_token_keys()[0]).key
    claims = jwt.decode(
        token, key, algorithms=["EdDSA"], options={"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    )
    assert claims["a"] == "read;write;transmissionread,urn:altinn:subresource:x"
    assert claims["exp"] - claims["iat"] == timedelta(minutes=10).total_seconds()
    assert (claims["p"], claims["i"], claims["l"]) == (BAKERY, dialog, 3)
    assert claims["y"] == f"urn:altinn:systemuser:uuid:{SYSTEM_USER}"
