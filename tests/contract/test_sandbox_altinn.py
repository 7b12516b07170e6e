"""The sandbox's Altinn exchange: what comes out for what goes in, and its refusals (reference: auth §5, §6)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt
import pytest

from sync.sandbox import seed
from sync.sandbox.seed import people
from sync.sandbox.server import SandboxServer
from sync.sandbox.world import World
from tests.contract.login_program import KEY, REDIRECT, Browser, Program, unverified

HIGH, SUBSTANTIAL = "idporten-loa-high", "idporten-loa-substantial"
LIFETIME = 1800
PLAIN = {"lifetime": LIFETIME, "register_is_down": False, "details_as_object": False, "is_quoted": False}


@dataclass
class Bench:
    """A sandbox with its demo inbox, and the two kinds of token to exchange."""

    server: SandboxServer
    http: httpx.Client

    @property
    def issuer(self) -> str:
        return f"{self.server.url}/authentication/api/v1/openid/"

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = self.http.request(method, f"{self.server.url}/control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def exchange(self, provider: str, token: str | None, **headers: str) -> httpx.Response:
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        address = f"{self.server.url}/authentication/api/v1/exchange/{provider}"
        return self.http.get(address, headers={**bearer, **headers})

    def altinn(self, provider: str, token: str) -> str:
        answer = self.exchange(provider, token)
        assert answer.status_code == 200, answer.text
        return answer.text

    def maskinporten(self) -> str:
        issuer = f"{self.server.url}/maskinporten/"
        now = int(datetime.now(UTC).timestamp())
        owner = {"authority": "iso6523-actorid-upis", "ID": f"0192:{people.BAKERY.number}"}
        claims = {
            "iss": people.CLIENT_ID,
            "aud": issuer,
            "scope": people.SCOPE,
            "iat": now,
            "exp": now + 100,
            "jti": str(uuid.uuid4()),
            "authorization_details": [{"type": "urn:altinn:systemuser", "systemuser_org": owner}],
        }
        assertion = jwt.encode(claims, KEY.private_key, algorithm="RS256", headers={"kid": KEY.kid})
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return str(self.http.post(f"{issuer}token", data=form).json()["access_token"])

    def person(
        self, *, scopes: str = "openid digdir:dialogporten altinn:instances.read", acr: str = HIGH, lifetime: int = 120
    ) -> str:
        client = {
            "client_id": "exchange",
            "keys": [KEY.public_jwk()],
            "redirect_uris": [REDIRECT],
            "scopes": ["openid", "digdir:dialogporten", "altinn:instances.read"],
            "access_token_lifetime": lifetime,
        }
        self.control("POST", "idporten-clients", client)
        program = Program(self.http, f"{self.server.url}/idporten", "exchange", scopes=scopes)
        back = Browser(self.http, people.TORGEIR.pid)
        address = back.visit(program.address(acr_values=SUBSTANTIAL), acr=acr)
        code = address.partition("code=")[2].partition("&")[0]
        return str(program.redeem(code).json()["access_token"])

    def minted(self, issuer: str, **claims: object) -> str:
        """A token with just these claims, signed by one of the issuers."""
        return self.server.world.issuers.sign(f"{self.server.url}{issuer}", claims)  # type: ignore[arg-type]

    def parties(self, token: str) -> httpx.Response:
        header = {"Authorization": f"Bearer {token}"}
        return self.http.get(f"{self.server.dialogporten}/api/v1/enduser/parties", headers=header)


@pytest.fixture(scope="module")
def standing() -> Iterator[Bench]:
    world = World()
    seed.register(world, [KEY.public_jwk()])
    seed.load(world, datetime.now(UTC))
    with SandboxServer(world) as server, httpx.Client(timeout=30, verify=False) as http:
        yield Bench(server, http)


@pytest.fixture
def bench(standing: Bench) -> Iterator[Bench]:
    yield standing
    standing.control("PUT", "altinn", {**PLAIN, "unknown_persons": []})
    standing.control("PUT", "date-skew", {"seconds": 0})


def now() -> int:
    return int(datetime.now(UTC).timestamp())


def test_a_system_users_token_becomes_one_of_half_an_hour(bench: Bench) -> None:
    before = unverified(bench.maskinporten())
    answer = bench.exchange("maskinporten", bench.maskinporten())
    assert answer.headers["content-type"].startswith("text/plain")
    after = unverified(answer.text)
    assert after["iss"] == bench.issuer
    assert after["exp"] - after["iat"] == LIFETIME
    assert after["urn:altinn:orgNumber"] == people.VENDOR.number
    assert after["urn:altinn:authlevel"] == 3
    assert after["urn:altinn:authenticatemethod"] == "maskinporten"
    for kept in ("authorization_details", "consumer", "scope", "client_id"):
        assert after[kept] == before[kept]
    assert not {"aud", "client_amr"} & set(after)


def test_a_persons_token_lives_as_long_as_the_one_it_was_made_of(bench: Bench) -> None:
    token = bench.person()
    before, after = unverified(token), unverified(bench.altinn("id-porten", token))
    assert after["exp"] == before["exp"]
    assert after["iss"] == bench.issuer
    assert (after["pid"], after["acr"], after["scope"]) == (before["pid"], before["acr"], before["scope"])
    assert after["urn:altinn:authlevel"] == 4
    assert after["nameid"] == str(after["urn:altinn:userid"])
    assert isinstance(after["urn:altinn:partyid"], int)
    assert not {"aud", "at_hash", "sub"} & set(after)
    assert after["sid"] != before["sid"]


@pytest.mark.parametrize(("acr", "level"), [(HIGH, 4), (SUBSTANTIAL, 3)])
def test_the_level_follows_the_login(bench: Bench, acr: str, level: int) -> None:
    assert unverified(bench.altinn("id-porten", bench.person(acr=acr)))["urn:altinn:authlevel"] == level


@pytest.mark.parametrize(("acr", "level"), [("Level4", 4), ("level2", 2), ("odd", 0)])
def test_an_unknown_level_ends_in_its_number(bench: Bench, acr: str, level: int) -> None:
    token = bench.minted("/idporten", pid=people.IDA.pid, acr=acr, scope="altinn:x", exp=now() + 60)
    assert unverified(bench.altinn("id-porten", token))["urn:altinn:authlevel"] == level


def test_dialogporten_takes_either_and_sees_the_same_caller(bench: Bench) -> None:
    for provider, token in (("maskinporten", bench.maskinporten()), ("id-porten", bench.person())):
        raw, altinn = bench.parties(token), bench.parties(bench.altinn(provider, token))
        assert raw.status_code == altinn.status_code == 200
        assert raw.json() == altinn.json()
        assert raw.json()["authorizedParties"]


def test_dialogporten_reads_the_altinn_level_before_the_acr(bench: Bench) -> None:
    levels = bench.control("GET", "access")["levels"]
    truth = bench.control("GET", f"truth?caller={people.TORGEIR.caller}")["dialogs"]
    dialog = next(one["id"] for one in truth if levels[one["listItem"]["serviceResource"]] == 4)
    url = f"{bench.server.dialogporten}/api/v1/enduser/dialogs/{dialog}/transmissions"
    told = {"pid": people.TORGEIR.pid, "acr": HIGH, "scope": "digdir:dialogporten", "exp": now() + 60}
    for level, status in ((4, 200), (3, 403)):
        token = bench.minted("/authentication/api/v1/openid/", **told, **{"urn:altinn:authlevel": level})
        assert bench.http.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == status


def test_a_dialogporten_scope_alone_opens_no_exchange(bench: Bench) -> None:
    answer = bench.exchange("id-porten", bench.person(scopes="openid digdir:dialogporten"))
    assert (answer.status_code, answer.content) == (403, b"")


def test_an_unknown_provider_is_named(bench: Bench) -> None:
    answer = bench.exchange("bankid", bench.person())
    assert answer.status_code == 400
    assert answer.text.startswith("Invalid token provider: bankid.")


def test_the_providers_name_may_be_spelt_in_any_case(bench: Bench) -> None:
    assert bench.exchange("Maskinporten", bench.maskinporten()).status_code == 200


def test_the_token_must_be_there_and_be_one(bench: Bench) -> None:
    for provider in ("maskinporten", "id-porten", "bankid"):
        answer = bench.exchange(provider, None)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"] == "Unauthorized"
    assert bench.exchange("maskinporten", "eyJ.not.one").status_code == 401


def test_a_token_is_exchanged_at_its_own_provider_only(bench: Bench) -> None:
    assert bench.exchange("id-porten", bench.maskinporten()).status_code == 401
    assert bench.exchange("maskinporten", bench.person()).status_code == 401
    altinn = bench.altinn("maskinporten", bench.maskinporten())
    assert bench.exchange("maskinporten", altinn).status_code == 401


@pytest.mark.parametrize(("left", "status"), [(-5, 200), (-15, 401)])
def test_an_expired_token_is_taken_for_ten_seconds_more(bench: Bench, left: int, status: int) -> None:
    consumer = {"authority": "iso6523-actorid-upis", "ID": f"0192:{people.VENDOR.number}"}
    token = bench.minted("/maskinporten/", consumer=consumer, scope="x", exp=now() + left)
    assert bench.exchange("maskinporten", token).status_code == status


@pytest.mark.parametrize("lacking", ["pid", "acr", "exp"])
def test_a_persons_token_without_what_is_needed_is_refused(bench: Bench, lacking: str) -> None:
    claims = {"pid": people.IDA.pid, "acr": HIGH, "scope": "altinn:x", "exp": now() + 60}
    assert bench.exchange("id-porten", bench.minted("/idporten", **claims)).status_code == 200
    del claims[lacking]
    assert bench.exchange("id-porten", bench.minted("/idporten", **claims)).status_code == 401


def test_a_token_without_a_consumer_is_refused(bench: Bench) -> None:
    assert bench.exchange("maskinporten", bench.minted("/maskinporten/", scope="x", exp=now() + 60)).status_code == 401


def test_a_register_that_is_down_looks_like_a_refusal(bench: Bench) -> None:
    bench.control("PUT", "altinn", {"register_is_down": True})
    tokens = {"maskinporten": bench.maskinporten(), "id-porten": bench.person()}
    for provider, token in tokens.items():
        assert bench.exchange(provider, token).status_code == 401
    bench.control("PUT", "altinn", {"register_is_down": False})
    for provider, token in tokens.items():
        assert bench.exchange(provider, token).status_code == 200


def test_a_person_whom_the_register_does_not_know_is_refused(bench: Bench) -> None:
    bench.control("PUT", "altinn", {"unknown_persons": [people.TORGEIR.pid]})
    assert bench.exchange("id-porten", bench.person()).status_code == 401


def test_the_details_may_come_as_an_object_and_the_token_in_quotes(bench: Bench) -> None:
    bench.control("PUT", "altinn", {"details_as_object": True, "is_quoted": True, "lifetime": 60})
    told = bench.altinn("maskinporten", bench.maskinporten())
    assert (told[0], told[-1]) == ('"', '"')
    claims = unverified(told.strip('"'))
    assert claims["authorization_details"]["type"] == "urn:altinn:systemuser"
    assert claims["exp"] - claims["iat"] == 60
    assert bench.parties(told.strip('"')).json()["authorizedParties"]


def test_the_enterprise_user_is_retired(bench: Bench) -> None:
    answer = bench.exchange("maskinporten", bench.maskinporten(), **{"X-Altinn-EnterpriseUser-Authentication": "eA=="})
    assert answer.status_code == 410


def test_an_altinn_token_can_be_checked_with_the_published_keys(bench: Bench) -> None:
    told = bench.http.get(f"{bench.issuer}.well-known/openid-configuration").json()
    assert told["issuer"] == bench.issuer
    keys = jwt.PyJWKSet.from_dict(bench.http.get(told["jwks_uri"]).json())
    token = bench.altinn("maskinporten", bench.maskinporten())
    jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]].key, algorithms=["RS256"], issuer=bench.issuer)


def test_what_is_no_rule_of_the_exchange_is_told(bench: Bench) -> None:
    for wrong in ({"lifetimes": 1}, {"lifetime": "long"}):
        assert bench.http.put(f"{bench.server.url}/control/altinn", json=wrong).status_code == 400
    assert bench.control("GET", "altinn") == {**PLAIN, "unknown_persons": []}


def test_exchanges_are_counted_with_the_issuers_and_can_be_faulted(bench: Bench) -> None:
    bench.control("DELETE", "requests")
    fault = {"path": "^/authentication/api/v1/exchange/", "status": 401, "times": 1}
    bench.control("POST", "faults", [fault])
    token = bench.maskinporten()
    assert [bench.exchange("maskinporten", token).status_code for _ in range(2)] == [401, 200]
    told = bench.control("GET", "requests")
    assert told["issuer"]["GET /authentication/api/v1/exchange/maskinporten"] == 2
    assert told["total"] == 0
