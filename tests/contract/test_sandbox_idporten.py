"""The sandbox's ID-porten: what it gives to whom, and every way in which it refuses (reference: auth §4)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from config.connections import IdPortenConnection
from config.settings import load
from sync.sandbox import seed
from sync.sandbox.seed import people
from sync.sandbox.server import SandboxServer
from sync.sandbox.stage import person_key, set_up, write_persons
from sync.sandbox.world import World
from tests.contract.login_program import KEY, REDIRECT, STRANGE_KEY, Browser, Program, came_back, unverified

HIGH, SUBSTANTIAL = "idporten-loa-high", "idporten-loa-substantial"
SCOPES = ["openid", "profile", "digdir:dialogporten", "digdir:dialogporten.noconsent", "altinn:instances.read"]
PID = people.TORGEIR.pid
_numbers = itertools.count(1)


@dataclass
class House:
    """A sandbox with its demo inbox, and somebody to log in."""

    server: SandboxServer
    http: httpx.Client

    @property
    def issuer(self) -> str:
        return f"{self.server.url}/idporten"

    @property
    def torgeir(self) -> Browser:
        return Browser(self.http, PID)

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = self.http.request(method, f"{self.server.url}/control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def program(self, *, secret: str | None = None, **registered: object) -> Program:
        """A new client, registered as said."""
        client_id = f"client-{next(_numbers)}"
        means: dict[str, object] = {"keys": [KEY.public_jwk()]} if secret is None else {"secret": secret}
        client = {"client_id": client_id, "redirect_uris": [REDIRECT], "scopes": SCOPES, **means, **registered}
        self.control("POST", "idporten-clients", client)
        return Program(self.http, self.issuer, client_id, secret=secret)

    def grant(self, program: Program) -> dict[str, Any]:
        """The newest consent that the client was given, as the control interface tells it."""
        grants = self.control("GET", "idporten")["grants"]
        found: dict[str, Any] = [one for one in grants if one["client_id"] == program.client_id][-1]
        return found

    def parties(self, token: str) -> httpx.Response:
        header = {"Authorization": f"Bearer {token}"}
        return self.http.get(f"{self.server.dialogporten}/api/v1/enduser/parties", headers=header)


@pytest.fixture(scope="module")
def standing() -> Iterator[House]:
    world = World()
    seed.register(world, [KEY.public_jwk()])
    seed.load(world, datetime.now(UTC))
    with SandboxServer(world) as server, httpx.Client(timeout=30, verify=False) as http:
        yield House(server, http)


@pytest.fixture
def house(standing: House) -> Iterator[House]:
    yield standing
    standing.control("PUT", "idporten", {"offset": 0, "misbehave": [], "require_par": False})
    standing.control("PUT", "date-skew", {"seconds": 0})
    standing.control("DELETE", "faults")


def refused(answer: httpx.Response, status: int = 400) -> str:
    """The OAuth error of a refusal, whose body must have the known shape."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    return str(body["error"])


# Discovery


def test_the_metadata_name_the_issuer_without_a_slash_and_endpoints_that_are_there(house: House) -> None:
    told = house.http.get(f"{house.issuer}/.well-known/openid-configuration").json()
    assert told["issuer"] == house.issuer
    assert not told["issuer"].endswith("/")
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    for name in ("authorization_endpoint", "jwks_uri", "end_session_endpoint"):
        assert house.http.get(told[name]).status_code != 404
    for name in ("token_endpoint", "pushed_authorization_request_endpoint", "revocation_endpoint"):
        assert house.http.post(told[name]).status_code not in (404, 405)


# A login that goes well


def test_a_person_logs_in_and_the_program_reads_the_persons_inbox_at_level_4(house: House) -> None:
    program = house.program()
    back = came_back(house.torgeir.visit(program.address()))
    assert back["state"] == "state-1"
    assert back["iss"] == house.issuer
    answer = program.redeem(back["code"])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["token_type"] == "Bearer"
    assert told["scope"] == program.scopes
    assert told["expires_in"] == 120
    claims = unverified(told["access_token"])
    assert (claims["pid"], claims["acr"], claims["client_id"]) == (PID, HIGH, program.client_id)
    assert claims["exp"] - claims["iat"] == 120
    parties = house.parties(told["access_token"])
    assert parties.status_code == 200
    names = {one["name"] for one in parties.json()["authorizedParties"]}
    assert names == {people.TORGEIR.name, people.BAKERY.name}


@pytest.mark.parametrize(("acr", "status"), [(HIGH, 200), (SUBSTANTIAL, 403)])
def test_the_level_of_the_login_decides_what_may_be_read(house: House, acr: str, status: int) -> None:
    program = house.program()
    back = came_back(house.torgeir.visit(program.address(acr_values=SUBSTANTIAL), acr=acr))
    token = program.redeem(back["code"]).json()["access_token"]
    levels = house.control("GET", "access")["levels"]
    truth = house.control("GET", f"truth?caller={people.TORGEIR.caller}")["dialogs"]
    needing = [one["id"] for one in truth if levels[one["listItem"]["serviceResource"]] == 4]
    assert needing
    header = {"Authorization": f"Bearer {token}"}
    for dialog in needing:
        url = f"{house.server.dialogporten}/api/v1/enduser/dialogs/{dialog}/transmissions"
        assert house.http.get(url, headers=header).status_code == status


def test_the_truth_can_be_asked_for_at_the_level_of_a_login(house: House) -> None:
    def texts(acr: str) -> dict[str, object]:
        told = house.control("GET", f"truth?caller={people.TORGEIR.caller}&acr={acr}")["dialogs"]
        return {one["id"]: one["listItem"] for one in told}

    high, substantial = texts(HIGH), texts(SUBSTANTIAL)
    assert set(high) == set(substantial)
    assert high != substantial


def test_the_id_token_is_signed_and_answers_the_login(house: House) -> None:
    program = house.program()
    token = program.tokens(house.torgeir)["id_token"]
    keys = jwt.PyJWKSet.from_dict(house.http.get(f"{house.issuer}/jwks").json())
    kid = jwt.get_unverified_header(token)["kid"]
    claims = jwt.decode(token, keys[kid].key, algorithms=["RS256"], audience=program.client_id, issuer=house.issuer)
    assert (claims["nonce"], claims["acr"]) == ("nonce-1", HIGH)
    # An id_token is no key to Dialogporten.
    assert house.parties(token).status_code == 403


def test_a_person_is_somebody_else_to_every_client_and_the_same_to_each(house: House) -> None:
    one, other = house.program(), house.program()
    subjects = [unverified(program.tokens(house.torgeir)["id_token"])["sub"] for program in (one, one, other)]
    assert subjects[0] == subjects[1] != subjects[2]
    assert PID not in subjects[0]


def test_without_openid_there_is_no_id_token(house: House) -> None:
    program = house.program()
    program.scopes = "digdir:dialogporten"
    assert "id_token" not in program.tokens(house.torgeir)


def test_a_client_without_the_refresh_grant_gets_no_refresh_token(house: House) -> None:
    program = house.program(grant_types=["authorization_code"])
    assert "refresh_token" not in program.tokens(house.torgeir)


def test_a_refresh_token_is_longer_than_a_narrow_column(house: House) -> None:
    assert len(house.program().tokens(house.torgeir)["refresh_token"]) > 2000


# The pages


def test_the_login_page_offers_everybody_and_first_the_one_of_the_demo(house: House) -> None:
    page = house.http.get(house.program().address()).text
    for person in people.PERSONS:
        assert f'value="{person.pid}"' in page
    assert f'value="{people.LOGS_IN.pid}" checked' in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("asked", "offered"), [(HIGH, {HIGH}), (SUBSTANTIAL, {HIGH, SUBSTANTIAL}), (None, {HIGH, SUBSTANTIAL})]
)
def test_the_login_page_offers_no_level_below_the_one_asked_for(
    house: House, asked: str | None, offered: set[str]
) -> None:
    page = house.http.get(house.program().address(acr_values=asked)).text
    assert {level for level in (HIGH, SUBSTANTIAL) if f'value="{level}"' in page} == offered


def test_a_lower_level_than_asked_for_is_not_taken(house: House) -> None:
    name = house.http.get(house.program().address()).text.partition('name="visit" value="')[2].partition('"')[0]
    form = {"visit": name, "pid": PID, "acr": SUBSTANTIAL, "decision": "login"}
    page = house.http.post(f"{house.issuer}/login", data=form)
    assert page.status_code == 400
    assert "higher level" in page.text


def test_somebody_whom_the_list_does_not_name_can_log_in_by_number(house: House) -> None:
    program = house.program()
    stranger = "05816810010"
    page = house.http.get(program.address()).text
    name = page.partition('name="visit" value="')[2].partition('"')[0]
    form = {"visit": name, "pid": "other", "acr": HIGH, "decision": "login"}
    assert house.http.post(f"{house.issuer}/login", data={**form, "other_pid": "12345678901"}).status_code == 400
    assert house.http.post(f"{house.issuer}/login", data={**form, "other_pid": stranger}).status_code == 200


def test_a_page_cannot_be_sent_twice(house: House) -> None:
    program = house.program()
    page = house.http.get(program.address()).text
    name = page.partition('name="visit" value="')[2].partition('"')[0]
    form = {"visit": name, "pid": PID, "acr": HIGH, "decision": "login"}
    house.http.post(f"{house.issuer}/login", data=form)
    consent = {"visit": name, "scope": "digdir:dialogporten", "decision": "approve"}
    assert house.http.post(f"{house.issuer}/consent", data=consent).status_code == 303
    assert house.http.post(f"{house.issuer}/consent", data=consent).status_code == 400


def test_what_needs_no_consent_is_not_asked_about(house: House) -> None:
    program = house.program()
    program.scopes = "openid digdir:dialogporten.noconsent"
    page = house.http.get(program.address()).text
    name = page.partition('name="visit" value="')[2].partition('"')[0]
    answer = house.http.post(
        f"{house.issuer}/login", data={"visit": name, "pid": PID, "acr": HIGH, "decision": "login"}
    )
    assert answer.status_code == 303
    assert program.redeem(came_back(answer.headers["location"])["code"]).json()["scope"] == program.scopes


# Declining


@pytest.mark.parametrize("press", ["decline", "cancel"])
def test_declining_sends_the_person_back_with_an_error(house: House, press: str) -> None:
    back = came_back(house.torgeir.visit(house.program().address(), press=press))
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "state-1", house.issuer)
    assert "code" not in back


def test_a_declined_scope_is_silently_left_out(house: House) -> None:
    program = house.program()
    told = program.tokens(house.torgeir, leave_out=("digdir:dialogporten",))
    assert told["scope"] == "openid altinn:instances.read"
    assert unverified(told["access_token"])["scope"] == "openid altinn:instances.read"
    assert house.parties(told["access_token"]).status_code == 403


def test_declining_every_scope_of_an_api_leaves_a_mere_login(house: House) -> None:
    program = house.program()
    told = program.tokens(house.torgeir, leave_out=("digdir:dialogporten", "altinn:instances.read"))
    assert told["scope"] == "openid"


def test_declining_every_scope_there_is_is_an_error(house: House) -> None:
    program = house.program()
    program.scopes = "digdir:dialogporten"
    back = came_back(house.torgeir.visit(program.address(), leave_out=("digdir:dialogporten",)))
    assert back["error"] == "access_denied"


# Authorize requests that are wrong


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "http://127.0.0.1:8765/callback/"},
        {"redirect_uri": "http://localhost:8765/callback"},
        {"redirect_uri": "http://127.0.0.1:8766/callback"},
        {"redirect_uri": None},
        {"request_uri": "urn:ietf:params:oauth:request_uri:unknown"},
    ],
)
def test_where_nobody_can_be_sent_back_the_person_sees_a_page(house: House, change: dict[str, str | None]) -> None:
    answer = house.http.get(house.program().address(**change))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "This does not work" in answer.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "a" * 42}, "invalid_request"),
        ({"code_challenge": "a" * 43 + "="}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "openid altinn:portal/enduser"}, "invalid_scope"),
        ({"acr_values": "Level4"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"request": "eyJ…"}, "request_not_supported"),
    ],
)
def test_any_other_mistake_comes_back_to_the_program(house: House, change: dict[str, str | None], error: str) -> None:
    answer = house.http.get(house.program().address(**change))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{REDIRECT}?")
    back = came_back(answer.headers["location"])
    assert (back["error"], back["state"], back["iss"]) == (error, "state-1", house.issuer)
    assert back["error_description"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_loopback_address_with_port_nought_stands_for_any_port(house: House, host: str) -> None:
    program = house.program(redirect_uris=[f"http://{host}:0/callback"])
    program.redirect = f"http://{host}:49999/callback"
    assert program.tokens(house.torgeir)["access_token"]
    for wrong in (f"http://{host}:49999/", "http://evil.example:49999/callback", f"http://u@{host}:49999/callback"):
        assert house.http.get(program.address(redirect_uri=wrong)).status_code == 400


def test_a_redirect_with_a_query_keeps_it(house: House) -> None:
    program = house.program(redirect_uris=["https://arkiv.example/callback?tenant=7"])
    program.redirect = "https://arkiv.example/callback?tenant=7"
    back = came_back(house.torgeir.visit(program.address()))
    assert back["tenant"] == "7"
    assert program.redeem(back["code"]).status_code == 200


# Pushed requests


def test_a_pushed_request_is_taken_once_and_nothing_else_is_needed(house: House) -> None:
    program = house.program(require_par=True)
    pushed = program.post("par", **program.parameters())
    assert pushed.status_code == 201
    told = pushed.json()
    assert 0 < told["expires_in"] <= 120
    address = f"{house.issuer}/authorize?client_id={program.client_id}&request_uri={told['request_uri']}"
    assert program.redeem(came_back(house.torgeir.visit(address))["code"]).status_code == 200
    assert house.http.get(address).status_code == 400


def test_a_pushed_request_grows_old_and_belongs_to_its_client(house: House) -> None:
    program, other = house.program(), house.program()
    first, second = (program.post("par", **program.parameters()).json()["request_uri"] for _ in range(2))
    strange = f"{house.issuer}/authorize?client_id={other.client_id}&request_uri={first}"
    assert house.http.get(strange).status_code == 400
    house.control("PUT", "idporten", {"offset": 121})
    late = f"{house.issuer}/authorize?client_id={program.client_id}&request_uri={second}"
    assert house.http.get(late).status_code == 400


def test_pushing_needs_the_client_to_prove_who_it_is(house: House) -> None:
    program = house.program()
    assert refused(program.post("par", **program.parameters(), client_assertion=None), 401) == "invalid_client"
    assert refused(program.post("par", **program.parameters(redirect_uri="https://evil.example/"))) == "invalid_request"
    assert refused(program.post("par", **program.parameters(scope="nothing"))) == "invalid_scope"


def test_a_client_that_must_push_may_not_ask_directly(house: House) -> None:
    program = house.program(require_par=True)
    assert came_back(house.torgeir.visit(program.address()))["error"] == "invalid_request"


def test_pushing_can_be_demanded_of_everybody(house: House) -> None:
    program = house.program()
    house.control("PUT", "idporten", {"require_par": True})
    told = house.http.get(f"{house.issuer}/.well-known/openid-configuration").json()
    assert told["require_pushed_authorization_requests"] is True
    assert came_back(house.torgeir.visit(program.address()))["error"] == "invalid_request"


# Proving who the client is


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "another"},
        {"sub": "another"},
        {"sub": None},
        {"aud": "https://idporten.no"},
        {"aud": None},
        {"jti": None},
        {"jti": ""},
        {"iat": None},
        {"exp": None},
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(house: House, change: dict[str, object]) -> None:
    program = house.program()
    code = came_back(house.torgeir.visit(program.address()))["code"]
    wrong = program.assertion(None, None, **change)
    assert refused(program.redeem(code, client_assertion=wrong), 401) == "invalid_client"
    assert program.redeem(code).status_code == 200


@pytest.mark.parametrize(
    ("iat", "exp", "is_taken"),
    [(0, 120, True), (0, 121, False), (9, 100, True), (15, 100, False), (-200, -90, False), (-60, 50, True)],
)
def test_an_assertion_lives_two_minutes_and_not_in_the_future(house: House, iat: int, exp: int, is_taken: bool) -> None:
    program = house.program()
    code = came_back(house.torgeir.visit(program.address()))["code"]
    now = int(datetime.now(UTC).timestamp())
    answer = program.redeem(code, client_assertion=program.assertion(iat=now + iat, exp=now + exp))
    assert answer.status_code == (200 if is_taken else 401)


def test_the_clock_of_assertions_is_the_one_that_the_date_header_tells(house: House) -> None:
    program = house.program()
    code = came_back(house.torgeir.visit(program.address()))["code"]
    house.control("PUT", "date-skew", {"seconds": 300})
    assert refused(program.redeem(code), 401) == "invalid_client"


@pytest.mark.parametrize("audience", ["{}", "{}/token"])
@pytest.mark.parametrize("as_list", [False, True])
def test_an_assertion_may_name_the_issuer_or_the_token_endpoint(house: House, audience: str, as_list: bool) -> None:
    program = house.program()
    named: object = audience.format(house.issuer)
    good = program.assertion(aud=[named] if as_list else named)
    code = came_back(house.torgeir.visit(program.address()))["code"]
    assert program.redeem(code, client_assertion=good).status_code == 200


def test_an_assertion_is_good_once(house: House) -> None:
    program = house.program()
    tokens = program.tokens(house.torgeir)
    used = program.assertion()
    first = program.refresh(tokens["refresh_token"], client_assertion=used)
    assert first.status_code == 200
    again = program.refresh(first.json()["refresh_token"], client_assertion=used)
    assert refused(again, 401) == "invalid_client"


def test_only_a_registered_key_signs_for_the_client(house: House) -> None:
    program = house.program()
    strange = program.assertion(STRANGE_KEY)
    unknown = program.assertion(header={"kid": "unknown"})
    for wrong in (strange, unknown, "eyJ.not.one"):
        assert refused(program.redeem("any", client_assertion=wrong), 401) == "invalid_client"


def test_a_key_dies_a_year_after_it_was_uploaded(house: House) -> None:
    for days, error in ((366, "invalid_client"), (364, "invalid_grant")):
        uploaded = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        program = house.program(keys=[{**KEY.public_jwk(), "created": uploaded}])
        assert program.redeem("any").json()["error"] == error


def test_the_client_id_must_be_sent_beside_the_assertion(house: House) -> None:
    program = house.program()
    assert refused(program.redeem("any", client_id=None)) == "invalid_request"
    assert refused(program.redeem("any", client_assertion_type="saml")) == "invalid_request"
    assert refused(program.redeem("any", client_id="nobody"), 401) == "invalid_client"


def test_a_secret_is_taken_from_the_form_or_the_header(house: House) -> None:
    program = house.program(secret="hemmelig: æ%")
    tokens = program.tokens(house.torgeir)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    quoted = "hemmelig%3A+%C3%A6%25"
    answer = house.http.post(f"{house.issuer}/token", data=form, auth=(program.client_id, quoted))
    assert answer.status_code == 200
    wrong = house.http.post(f"{house.issuer}/token", data=form, auth=(program.client_id, "another"))
    assert refused(wrong, 401) == "invalid_client"
    assert "www-authenticate" in wrong.headers
    assert refused(program.refresh("any", client_secret="another"), 401) == "invalid_client"


def test_the_registered_method_is_the_one_to_use(house: House) -> None:
    program = house.program(secret="hemmelig", auth_method="client_secret_basic")
    assert refused(program.refresh("any"), 401) == "invalid_client"
    signing = house.program()
    signing.secret = "hemmelig"
    assert refused(signing.refresh("any"), 401) == "invalid_client"


def test_a_public_client_needs_a_state_and_proves_nothing(house: House) -> None:
    program = house.program(keys=[])
    back = came_back(house.torgeir.visit(program.address(state=None)))
    assert back["error"] == "invalid_request"
    code = came_back(house.torgeir.visit(program.address()))["code"]
    assert program.redeem(code, client_assertion=None, client_assertion_type=None).status_code == 200


# Codes


def test_a_code_is_good_once_and_its_second_use_ends_the_consent(house: House) -> None:
    program = house.program()
    code = came_back(house.torgeir.visit(program.address()))["code"]
    tokens = program.redeem(code).json()
    assert refused(program.redeem(code)) == "invalid_grant"
    assert refused(program.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert house.grant(program)["state"] == "code-replayed"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:8765/other"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
    ],
)
def test_a_code_needs_what_belongs_to_it(house: House, change: dict[str, str | None], error: str) -> None:
    program = house.program()
    code = came_back(house.torgeir.visit(program.address()))["code"]
    assert refused(program.redeem(**{"code": code, **change})) == error
    assert program.redeem(code).status_code == 200


def test_a_code_is_for_its_client_and_for_a_minute(house: House) -> None:
    program, other = house.program(), house.program()
    first, second = (came_back(house.torgeir.visit(program.address()))["code"] for _ in range(2))
    assert refused(other.redeem(first)) == "invalid_grant"
    assert program.redeem(first).status_code == 200
    house.control("PUT", "idporten", {"offset": 61})
    assert refused(program.redeem(second)) == "invalid_grant"


# Refreshing


def test_a_one_time_refresh_token_is_replaced_with_every_refresh(house: House) -> None:
    program = house.program()
    token = program.tokens(house.torgeir)["refresh_token"]
    seen = {token}
    for _ in range(3):
        answer = program.refresh(token)
        assert answer.status_code == 200
        assert "id_token" not in answer.json()
        token = answer.json()["refresh_token"]
        seen.add(token)
    assert len(seen) == 4
    told = house.grant(program)
    assert (told["generations"], told["refreshes"], told["reuse_events"], told["state"]) == (4, 3, 0, "active")


@pytest.mark.parametrize(
    ("detection", "replayed", "follower", "state"),
    [("none", 200, 200, "active"), ("token", 400, 200, "active"), ("family", 400, 400, "reuse-detected")],
)
def test_a_used_one_time_token_is_met_as_registered(
    house: House, detection: str, replayed: int, follower: int, state: str
) -> None:
    program = house.program(reuse_detection=detection)
    old = program.tokens(house.torgeir)["refresh_token"]
    new = program.refresh(old).json()["refresh_token"]
    assert program.refresh(old).status_code == replayed
    assert program.refresh(new).status_code == follower
    told = house.grant(program)
    assert (told["reuse_events"], told["state"]) == (1, state)


@pytest.mark.parametrize("is_named", [True, False])
def test_a_reusable_token_stays_the_same(house: House, is_named: bool) -> None:
    program = house.program(refresh_token_usage="REUSE", returns_refresh_token=is_named)
    token = program.tokens(house.torgeir)["refresh_token"]
    for _ in range(2):
        told = program.refresh(token).json()
        assert told.get("refresh_token") == (token if is_named else None)
        assert house.parties(told["access_token"]).status_code == 200
    assert house.grant(program)["reuse_events"] == 0


@pytest.mark.parametrize("usage", ["ONETIME", "REUSE"])
def test_a_refresh_token_dies_when_it_lies_unused_and_lives_on_when_used(house: House, usage: str) -> None:
    program = house.program(refresh_token_lifetime=600, authorization_lifetime=3600, refresh_token_usage=usage)
    token = program.tokens(house.torgeir)["refresh_token"]
    for offset in (590, 1180):
        house.control("PUT", "idporten", {"offset": offset})
        answer = program.refresh(token)
        assert answer.status_code == 200
        token = answer.json()["refresh_token"]
    house.control("PUT", "idporten", {"offset": 1785})
    assert house.grant(program)["state"] == "idle"
    assert refused(program.refresh(token)) == "invalid_grant"


def test_a_consent_ends_at_its_hour_however_often_it_is_refreshed(house: House) -> None:
    program = house.program(refresh_token_lifetime=600, authorization_lifetime=900)
    token = program.tokens(house.torgeir)["refresh_token"]
    house.control("PUT", "idporten", {"offset": 500})
    token = program.refresh(token).json()["refresh_token"]
    house.control("PUT", "idporten", {"offset": 870})
    last = program.refresh(token).json()
    assert last["expires_in"] <= 30  # no access token outlives the consent
    house.control("PUT", "idporten", {"offset": 901})
    assert house.grant(program)["state"] == "expired"
    assert refused(program.refresh(last["refresh_token"])) == "invalid_grant"


def test_the_lifetimes_are_digdirs_own_unless_registered_otherwise(house: House) -> None:
    program = house.program()
    program.tokens(house.torgeir)
    told = house.grant(program)
    began = datetime.fromisoformat(told["started_at"])
    assert datetime.fromisoformat(told["ends_at"]) - began == timedelta(seconds=7200)
    assert datetime.fromisoformat(told["idle_ends_at"]) - began == timedelta(seconds=600)


def test_a_client_with_impossible_lifetimes_cannot_be_registered(house: House) -> None:
    wrong = {"client_id": "x", "refresh_token_lifetime": 600, "authorization_lifetime": 500}
    answer = house.http.post(f"{house.server.url}/control/idporten-clients", json=wrong)
    assert answer.status_code == 400
    assert "access < refresh <= authorization" in answer.text


def test_answers_tell_lifetimes_only_where_a_client_is_set_up_so(house: House) -> None:
    names = ["refresh_token_expires_in", "refresh_expires_in", "authorization_expires_in"]
    plain = house.program().tokens(house.torgeir)
    assert not set(names) & set(plain)
    told = house.program(tells=names, refresh_token_lifetime=700, authorization_lifetime=7000).tokens(house.torgeir)
    assert [told[name] for name in names] == [pytest.approx(700, abs=2)] * 2 + [pytest.approx(7000, abs=2)]


def test_a_refresh_token_is_for_its_client(house: House) -> None:
    program, other = house.program(), house.program()
    token = program.tokens(house.torgeir)["refresh_token"]
    assert refused(other.refresh(token)) == "invalid_grant"
    assert program.refresh(token).status_code == 200


def test_a_refresh_may_ask_for_less_and_never_for_more(house: House) -> None:
    program = house.program()
    token = program.tokens(house.torgeir, leave_out=("altinn:instances.read",))["refresh_token"]
    assert refused(program.refresh(token, scope="altinn:instances.read")) == "invalid_scope"
    token = program.tokens(house.torgeir)["refresh_token"]
    assert program.refresh(token, scope="digdir:dialogporten").json()["scope"] == "digdir:dialogporten"


# Ending


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_revoking_either_token_ends_the_consent(house: House, which: str) -> None:
    program = house.program()
    tokens = program.tokens(house.torgeir)
    answer = program.post("revoke", token=tokens[which])
    assert (answer.status_code, answer.content) == (200, b"")
    assert house.grant(program)["state"] == "revoked"
    assert refused(program.refresh(tokens["refresh_token"])) == "invalid_grant"
    # A token that was given out speaks for itself until it expires.
    assert house.parties(tokens["access_token"]).status_code == 200


def test_revoking_what_is_unknown_or_somebody_elses_changes_nothing(house: House) -> None:
    program, other = house.program(), house.program()
    tokens = program.tokens(house.torgeir)
    for token in ("unknown", tokens["refresh_token"], tokens["access_token"]):
        assert other.post("revoke", token=token).status_code == 200
    assert house.grant(program)["state"] == "active"
    assert (
        refused(program.post("revoke", token=tokens["refresh_token"], client_assertion=None), 401) == "invalid_client"
    )


def test_a_person_withdraws_a_consent_on_the_profile_page(house: House) -> None:
    program = house.program()
    tokens = program.tokens(house.torgeir)
    page = house.http.post(f"{house.issuer}/profile", data={"pid": PID})
    assert program.client_id in page.text
    form = {"pid": PID, "client_id": program.client_id, "decision": "withdraw"}
    page = house.http.post(f"{house.issuer}/withdraw", data=form)
    assert program.client_id not in page.text
    assert house.grant(program)["state"] == "withdrawn"
    assert refused(program.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a_consent_can_be_withdrawn_by_control_and_given_anew(house: House) -> None:
    program = house.program()
    old = program.tokens(house.torgeir)["refresh_token"]
    body = {"client_id": program.client_id, "pid": PID}
    assert house.control("POST", "idporten/withdraw", body) == {"withdrawn": 1}
    assert refused(program.refresh(old)) == "invalid_grant"
    new = program.tokens(house.torgeir)["refresh_token"]
    assert program.refresh(new).status_code == 200


def test_logging_out_leaves_tokens_alone(house: House) -> None:
    program = house.program(post_logout_redirect_uris=["https://arkiv.example/bye"])
    tokens = program.tokens(house.torgeir)
    where = {"client_id": program.client_id, "post_logout_redirect_uri": "https://arkiv.example/bye", "state": "s"}
    answer = house.http.get(f"{house.issuer}/endsession", params=where)
    assert answer.headers["location"] == "https://arkiv.example/bye?state=s"
    strange = {**where, "post_logout_redirect_uri": "https://evil.example/"}
    assert house.http.post(f"{house.issuer}/endsession", data=strange).status_code == 200
    assert program.refresh(tokens["refresh_token"]).status_code == 200


# What tests are given


def test_the_control_interface_tells_consents_and_no_secret(house: House) -> None:
    program = house.program(secret="en-veldig-hemmelig-verdi")
    code = came_back(house.torgeir.visit(program.address()))["code"]
    tokens = program.redeem(code).json()
    told = house.http.get(f"{house.server.url}/control/idporten").text
    for secret in (code, tokens["access_token"], tokens["refresh_token"], "en-veldig-hemmelig-verdi"):
        assert secret not in told
    grant = house.grant(program)
    assert grant["pid"] == PID
    assert grant["scopes"] == program.scopes.split()


def test_a_whole_visit_can_be_made_by_control(house: House) -> None:
    program = house.program()
    body = {"address": program.address(), "pid": PID, "declined": ["altinn:instances.read"]}
    back = came_back(house.control("POST", "idporten/visit", body)["address"])
    assert program.redeem(back["code"]).json()["scope"] == "openid digdir:dialogporten"
    wrong = {**body, "address": program.address(redirect_uri="https://evil.example/")}
    assert house.http.post(f"{house.server.url}/control/idporten/visit", json=wrong).status_code == 400


def test_the_client_of_the_demo_is_ready_for_use(house: House) -> None:
    program = Program(house.http, house.issuer, people.IDPORTEN_CLIENT_ID)
    assert program.tokens(house.torgeir)["refresh_token"]
    ends = datetime.fromisoformat(house.grant(program)["ends_at"])
    assert timedelta(days=89) < ends - datetime.now(UTC) < timedelta(days=91)


def test_the_settings_with_a_person_name_a_client_that_may_come_back_there(house: House, tmp_path: Path) -> None:
    stage = set_up(tmp_path / "sandbox")
    settings = load(write_persons(stage, house.server.url), {})
    seed.register(house.server.world, [KEY.public_jwk()], [person_key(stage).public_jwk()])
    connection = next(one for one in settings.connections if isinstance(one, IdPortenConnection))
    assert settings.environment.idporten == house.issuer
    program = Program(
        house.http,
        house.issuer,
        connection.client_id,
        key=person_key(stage),
        redirect=connection.redirect,
        scopes=" ".join(connection.scopes),
    )
    assert program.tokens(house.torgeir)["scope"] == " ".join(connection.scopes)
    seed.register(house.server.world, [KEY.public_jwk()])


@pytest.mark.parametrize("kind", ["status", "cut", "drop", "lost"])
def test_faults_strike_the_token_endpoint_and_only_some_let_the_refresh_happen(house: House, kind: str) -> None:
    program = house.program()
    token = program.tokens(house.torgeir)["refresh_token"]
    house.control("POST", "faults", [{"method": "POST", "path": "^/idporten/token$", "kind": kind, "times": 1}])
    if kind == "status":
        assert program.refresh(token).status_code == 503
    else:
        with pytest.raises(httpx.TransportError):
            program.refresh(token)
    assert house.grant(program)["generations"] == (2 if kind in ("cut", "lost") else 1)
    by = house.control("GET", "requests")["issuer"]
    assert by["POST /idporten/token"] >= 1


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("low-acr", lambda back, told: unverified(told["id_token"])["acr"] == SUBSTANTIAL),
        ("other-nonce", lambda back, told: unverified(told["id_token"])["nonce"] != "nonce-1"),
        ("other-audience", lambda back, told: not unverified(told["id_token"])["aud"].startswith("client-")),
        ("other-issuer", lambda back, told: unverified(told["id_token"])["iss"] != back["iss"]),
        ("expired-id-token", lambda back, told: unverified(told["id_token"])["exp"] < datetime.now(UTC).timestamp()),
        ("no-id-token", lambda back, told: "id_token" not in told),
        ("no-refresh-token", lambda back, told: "refresh_token" not in told),
        ("other-state", lambda back, told: back["state"] != "state-1"),
        ("other-iss", lambda back, told: back["iss"].endswith("/other")),
        ("no-iss", lambda back, told: "iss" not in back),
    ],
)
def test_it_misbehaves_on_demand(house: House, name: str, shows: Any) -> None:
    program = house.program()
    house.control("PUT", "idporten", {"misbehave": [name]})
    back = came_back(house.torgeir.visit(program.address()))
    told = program.redeem(back["code"]).json()
    assert shows(back, told)
    house.control("PUT", "idporten", {"misbehave": []})
    back = came_back(house.torgeir.visit(program.address()))
    assert not shows(back, program.redeem(back["code"]).json())


def test_an_id_token_can_be_signed_with_a_strange_key(house: House) -> None:
    program = house.program()
    house.control("PUT", "idporten", {"misbehave": ["other-signature"]})
    token = program.tokens(house.torgeir)["id_token"]
    keys = jwt.PyJWKSet.from_dict(house.http.get(f"{house.issuer}/jwks").json())
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]].key, algorithms=["RS256"], audience="x")


def test_an_unknown_misbehaviour_is_told(house: House) -> None:
    answer = house.http.put(f"{house.server.url}/control/idporten", json={"misbehave": ["sulk"]})
    assert answer.status_code == 400
    assert "sulk" in answer.text
