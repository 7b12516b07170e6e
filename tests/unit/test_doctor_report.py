"""The doctor's word as data: exit codes, explanations, and what a token says of itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    BadGateway,
    Busy,
    ClockSkew,
    ConnectFailed,
    Context,
    CutBody,
    NotAuthenticated,
    ServerFault,
    TimedOut,
    TokenRefused,
    TooBroad,
    WrongScope,
    WrongUser,
)
from sync.doctoring.causes import failure
from sync.doctoring.claims import read_claims
from sync.doctoring.report import Check, Examination, Report, ok, skipped

NOW = datetime(2026, 3, 1, 9, 8, 7, tzinfo=UTC)
PERSON = "urn:altinn:person:identifier-no:01848510048"
KEY = "an invented key, long enough for HS256 to be content with it"


def failed(name: str, code: int) -> Check:
    return Check(name, "failed", "It does not work.", exit_code=code)


def identity(*checks: Check) -> Examination:
    return Examination("regnskap", "system-user", "310000000", checks)


WELL = identity(ok("key", "A key."), ok("search", "Found."))
UNASKED = identity(ok("key", "A key."), skipped("token", "A person."))
REFUSED = identity(ok("key", "A key."), failed("token", 3), skipped("search", "There is no token."))
UNREACHED = identity(failed("token", 5), failed("limits", 5))
WARNED = identity(Check("clock", "warning", "A little off."), ok("search", "Found."))


@pytest.mark.parametrize(
    ("examinations", "code"),
    [
        ([WELL], 0),
        ([WARNED, UNASKED], 0),
        ([REFUSED], 3),
        ([REFUSED, REFUSED], 3),
        ([REFUSED, WELL], 4),
        ([UNREACHED], 5),
        ([UNREACHED, WELL], 4),
        ([UNREACHED, REFUSED], 3),
        ([identity(failed("key", 2)), WELL], 2),
        ([identity(failed("clock", 2), skipped("token", "The clock."))], 2),
        ([identity(failed("parties", 4))], 4),
        ([identity(failed("search", 1))], 1),
    ],
)
def test_the_exit_code_is_0_when_nothing_failed_and_4_only_when_something_worked(
    examinations: list[Examination], code: int
) -> None:
    assert Report((ok("config", "Read."), ok("archive", "There.")), tuple(examinations)).exit_code == code


def test_an_archive_or_settings_that_cannot_be_used_come_first() -> None:
    assert Report((failed("config", 2),)).exit_code == 2
    assert Report((ok("config", "Read."), failed("archive", 2)), (WELL, REFUSED)).exit_code == 2


def test_the_document_names_every_field_of_every_check() -> None:
    document = Report((ok("config", "Read.", file="a.toml"),), (REFUSED,)).as_document()
    assert document["exit_code"] == 3
    assert document["general"] == [
        {
            "name": "config",
            "outcome": "ok",
            "sentence": "Read.",
            "causes": [],
            "remedy": "",
            "facts": {"file": "a.toml"},
        }
    ]
    connections = document["connections"]
    assert isinstance(connections, list)
    assert connections[0]["system_user"] == "310000000" and len(connections[0]["checks"]) == 3


CONTEXT = Context(at=NOW, url_path="/api/v1/enduser/parties", connection="regnskap", party=PERSON)


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (ClockSkew("The clock is 90 s ahead. Set it right.", seconds=90, context=CONTEXT), 2, "synchronisation"),
        (WrongUser("No user. Use a system user.", context=CONTEXT, status=403), 3, "authorization_details"),
        (WrongScope("No scope. Register it.", context=CONTEXT, status=403), 3, "digdir:dialogporten"),
        (NotAuthenticated("Not accepted. Check.", context=CONTEXT, status=401), 3, "other environment"),
        (ConnectFailed("No connection. Check.", context=CONTEXT), 5, "network"),
        (TimedOut("No answer in time.", context=CONTEXT), 5, "slow"),
        (CutBody("Broke off.", context=CONTEXT), 5, "proxy"),
        (Busy("Closed.", context=CONTEXT, status=503), 5, "Maintenance"),
        (BadGateway("Behind it.", context=CONTEXT, status=502), 5, "authorisation"),
        (ServerFault("Failed.", context=CONTEXT, status=500), 5, "server's side"),
        (TooBroad("Too long.", context=CONTEXT, status=422), 4, "overloaded"),
        (BadBody("Not JSON.", context=CONTEXT, status=200), 4, "login page"),
    ],
)
def test_every_failure_of_the_edge_has_a_likely_cause_a_remedy_and_its_facts(
    error: ArkivError, code: int, word: str
) -> None:
    check = failure("parties", error, system_user_id="7b0c")
    assert check.outcome == "failed" and check.exit_code == code
    assert word in " ".join(check.causes) and check.remedy
    assert check.facts["at"] == "2026-03-01T09:08:07Z" and check.facts["system_user_id"] == "7b0c"
    assert "01848510048" not in str(check)


def test_no_system_user_has_the_four_causes_and_another_code_keeps_its_own_words() -> None:
    error = TokenRefused("It is one of four.", code="MP-303", permanent=True, context=CONTEXT, status=400)
    assert len(failure("token", error).causes) == 4
    sentence = "The organisation has not been granted a scope. Ask the owner of the scope. [MP-250]"
    check = failure("token", TokenRefused(sentence, code="MP-250", permanent=True, context=CONTEXT))
    assert check.sentence == "The organisation has not been granted a scope."
    assert check.remedy == "Ask the owner of the scope. [MP-250]" and check.facts["code"] == "MP-250"


def token(**claims: object) -> str:
    return jwt.encode(claims, KEY, algorithm="HS256")


def test_a_system_users_token_tells_scopes_level_lifetime_and_its_id() -> None:
    issued = int(NOW.timestamp())
    detail = {"type": "urn:altinn:systemuser", "systemuser_id": ["7b0c", "8c1d"]}
    claims = read_claims(
        token(scope="openid digdir:dialogporten", iat=issued, exp=issued + 119, authorization_details=[detail])
    )
    assert claims is not None and claims.may_read
    assert (claims.user, claims.system_users, claims.lifetime, claims.level) == (
        "system-user",
        ("7b0c", "8c1d"),
        119,
        3,
    )
    assert not claims.expired(NOW) and claims.expired(NOW + timedelta(seconds=119))


def test_a_persons_token_tells_the_level_and_never_the_number() -> None:
    claims = read_claims(token(scope="digdir:dialogporten.noconsent", pid="01848510048", acr="idporten-loa-high"))
    assert claims is not None and claims.may_read
    assert (claims.user, claims.level) == ("person", 4)
    assert "01848510048" not in repr(claims)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"scope": 7, "exp": "soon", "iat": True, "authorization_details": {}},
        {"authorization_details": [None, {"type": "another", "systemuser_id": ["x"]}]},
        {"exp": 1e300, "scope": "digdir:dialogporten.serviceprovider"},
    ],
)
def test_strange_claims_are_read_as_nothing(claims: dict[str, object]) -> None:
    read = read_claims(token(**claims))
    assert read is not None and not read.may_read
    assert (read.user, read.lifetime, read.expires_at) == ("none", None, None)


@given(st.text())
def test_whatever_is_no_jwt_is_none_and_never_an_error(text: str) -> None:
    assert read_claims(text) is None
