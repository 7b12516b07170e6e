"""The sandbox's token endpoint: what it accepts, and each way in which it refuses (reference: auth §1)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.routing import Mount

from sync.sandbox import seed
from sync.sandbox.app import create_app
from sync.sandbox.callers import Caller, Issuers, Refusal
from sync.sandbox.maskinporten import GRANT_TYPE, create_maskinporten
from sync.sandbox.registry import MaskinportenClient, Registry, SystemUser
from sync.sandbox.seed import people
from sync.sandbox.world import World

ISSUER = "http://127.0.0.1:8400/maskinporten/"
NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
CLIENT = "0f0e5c1e-1111-4222-8333-444455556666"
VENDOR = "312319489"
OWNER = "315260183"
ACCOUNTANT = "317975430"
PLAIN_USER = "11111111-0000-4000-8000-000000000001"
PAYROLL_USER = "11111111-0000-4000-8000-000000000002"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(key: rsa.RSAPrivateKey, kid: str, **more: str) -> dict[str, str]:
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**{name: str(value) for name, value in jwk.items() if isinstance(value, str)}, "kid": kid, **more}


def system_user(org: str, reference: object = None, **more: object) -> list[dict[str, object]]:
    details: dict[str, object] = {
        "type": "urn:altinn:systemuser",
        "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": f"0192:{org}"},
        **more,
    }
    if reference is not None:
        details["externalRef"] = reference
    return [details]


class InProcess:
    """Asks an ASGI app without a network."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8400") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)


@dataclass
class Endpoint:
    """A token endpoint with one client, and the means to ask it."""

    http: InProcess
    registry: Registry
    issuers: Issuers
    now: datetime = NOW
    asked: int = field(default=0)

    def claims(self, **changes: object) -> dict[str, object]:
        self.asked += 1
        issued = int(self.now.timestamp())
        claims: dict[str, object] = {
            "iss": CLIENT,
            "aud": ISSUER,
            "scope": "digdir:dialogporten",
            "iat": issued,
            "exp": issued + 100,
            "jti": f"grant-{self.asked}",
            "authorization_details": system_user(OWNER),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(
        self,
        claims: Mapping[str, object],
        *,
        key: rsa.RSAPrivateKey = KEY,
        algorithm: str = "RS256",
        header: Mapping[str, object] | None = None,
    ) -> str:
        return jwt.encode(dict(claims), key, algorithm=algorithm, headers=dict(header or {"kid": "key-1"}))

    def post(self, assertion: str) -> Any:
        return self.http.post("/maskinporten/token", data={"grant_type": GRANT_TYPE, "assertion": assertion})

    def ask(self, **changes: object) -> Any:
        return self.post(self.sign(self.claims(**changes)))


@pytest.fixture
def endpoint() -> Endpoint:
    registry, issuers = Registry(), Issuers()
    keys = (
        public_jwk(KEY, "key-1"),
        public_jwk(OTHER_KEY, "old-key", created=(NOW - timedelta(days=366)).isoformat()),
        public_jwk(OTHER_KEY, "young-key", created=(NOW - timedelta(days=364)).isoformat()),
    )
    scopes = ("digdir:dialogporten", "altinn:instances.read")
    registry.add_client(MaskinportenClient(CLIENT, keys, scopes, VENDOR))
    registry.add_client(MaskinportenClient("another-client", (public_jwk(OTHER_KEY, "key-1"),), scopes, VENDOR))
    registry.add_system_user(SystemUser(PLAIN_USER, OWNER, CLIENT, None, f"{VENDOR}_arkiv"))
    registry.add_system_user(SystemUser(PAYROLL_USER, ACCOUNTANT, CLIENT, "lonn", f"{VENDOR}_arkiv"))
    routes = create_maskinporten(registry, issuers, lambda: NOW, lambda: ISSUER)
    return Endpoint(InProcess(Starlette(routes=[Mount("/maskinporten", routes=routes)])), registry, issuers)


def refused(answer: Any) -> tuple[str, str]:
    """OAuth error and Maskinporten code of a refusal, whose body must have the documented shape."""
    assert answer.status_code == 400
    body = answer.json()
    assert set(body) == {"error", "error_description", "error_uri"}
    return body["error"], body["error_description"].partition(":")[0]


def test_the_metadata_name_the_issuer_with_its_slash_and_the_endpoints(endpoint: Endpoint) -> None:
    body = endpoint.http.get("/maskinporten/.well-known/oauth-authorization-server").json()
    assert body["issuer"] == ISSUER
    assert body["token_endpoint"] == f"{ISSUER}token"
    assert body["jwks_uri"] == f"{ISSUER}jwk"
    assert body["grant_types_supported"] == [GRANT_TYPE]


def test_a_good_grant_gives_a_token_that_names_vendor_and_system_user(endpoint: Endpoint) -> None:
    answer = endpoint.ask()
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 119, "digdir:dialogporten")
    key = endpoint.http.get("/maskinporten/jwk").json()["keys"][0]
    claims = jwt.decode(
        body["access_token"],
        jwt.PyJWK(key).key,
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == ISSUER
    assert claims["consumer"] == {"authority": "iso6523-actorid-upis", "ID": f"0192:{VENDOR}"}
    assert claims["client_amr"] == "private_key_jwt"
    assert claims["exp"] - claims["iat"] == 119
    assert claims["authorization_details"] == [
        {
            "type": "urn:altinn:systemuser",
            "systemuser_id": [PLAIN_USER],
            "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": f"0192:{OWNER}"},
            "system_id": f"{VENDOR}_arkiv",
        }
    ]


def test_the_api_takes_the_token_as_the_system_user_at_level_three(endpoint: Endpoint) -> None:
    caller = endpoint.issuers.verify(endpoint.ask().json()["access_token"], NOW)
    assert isinstance(caller, Caller)
    assert (caller.kind, caller.id, caller.level, caller.org) == ("system-user", PLAIN_USER, 3, OWNER)


def test_a_token_without_a_system_user_is_good_but_has_no_user_for_the_api(endpoint: Endpoint) -> None:
    answer = endpoint.ask(authorization_details=None)
    assert answer.status_code == 200
    assert endpoint.issuers.verify(answer.json()["access_token"], NOW) is Refusal.USER


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_all_three_rsa_algorithms_are_taken(endpoint: Endpoint, algorithm: str) -> None:
    assert endpoint.post(endpoint.sign(endpoint.claims(), algorithm=algorithm)).status_code == 200


def test_the_lifetime_is_the_clients_own(endpoint: Endpoint) -> None:
    endpoint.registry.add_client(
        MaskinportenClient(CLIENT, (public_jwk(KEY, "key-1"),), ("digdir:dialogporten",), VENDOR, token_lifetime=599)
    )
    assert endpoint.ask().json()["expires_in"] == 599


def test_two_users_of_one_owner_are_told_apart_by_the_reference(endpoint: Endpoint) -> None:
    second = "11111111-0000-4000-8000-000000000003"
    endpoint.registry.add_system_user(SystemUser(second, ACCOUNTANT, CLIENT, "regnskap"))
    for reference, user in (("lonn", PAYROLL_USER), ("regnskap", second)):
        token = endpoint.ask(authorization_details=system_user(ACCOUNTANT, reference)).json()["access_token"]
        caller = endpoint.issuers.verify(token, NOW)
        assert isinstance(caller, Caller)
        assert caller.id == user


def test_a_user_requested_without_a_reference_is_found_under_its_owners_number(endpoint: Endpoint) -> None:
    assert endpoint.ask(authorization_details=system_user(OWNER, OWNER)).status_code == 200


NO_MATCH = ("invalid_altinn_customer_configuration", "MP-303")
CASES: dict[str, tuple[dict[str, object], tuple[str, str]]] = {
    "unknown client": ({"iss": "nobody"}, ("invalid_grant", "MP-100")),
    "aud without the slash": ({"aud": ISSUER.rstrip("/")}, ("invalid_grant", "MP-110")),
    "aud of production": ({"aud": "https://maskinporten.no/"}, ("invalid_grant", "MP-110")),
    "aud missing": ({"aud": None}, ("invalid_grant", "MP-110")),
    "two audiences": ({"aud": [ISSUER, "https://maskinporten.no/"]}, ("invalid_grant", "MP-110")),
    "scope not registered": ({"scope": "digdir:dialogporten altinn:serviceowner"}, ("invalid_scope", "MP-200")),
    "no scope": ({"scope": None}, ("invalid_request", "MP-011")),
    "no iat": ({"iat": None}, ("invalid_request", "MP-011")),
    "consumer_org": ({"consumer_org": OWNER}, ("invalid_grant", "MP-251")),
    "unknown type": (
        {"authorization_details": [{**system_user(OWNER)[0], "type": "urn:altinn:person"}]},
        ("invalid_request", "MP-301"),
    ),
    "unknown field": (
        {"authorization_details": system_user(OWNER, external_ref="lonn")},
        ("invalid_request", "MP-302"),
    ),
    "dot in externalRef": ({"authorization_details": system_user(OWNER, "a.b")}, ("invalid_request", "MP-302")),
    "empty externalRef": ({"authorization_details": system_user(OWNER, "")}, ("invalid_request", "MP-302")),
    "long externalRef": ({"authorization_details": system_user(OWNER, "a" * 256)}, ("invalid_request", "MP-302")),
    "newline after externalRef": (
        {"authorization_details": system_user(OWNER, "lonn\n")},
        ("invalid_request", "MP-302"),
    ),
    "an object instead of an array": (
        {"authorization_details": system_user(OWNER)[0]},
        ("invalid_request", "MP-302"),
    ),
    "two parties": (
        {"authorization_details": [*system_user(OWNER), *system_user(ACCOUNTANT, "lonn")]},
        ("invalid_request", "MP-302"),
    ),
    "number without 0192": (
        {
            "authorization_details": system_user(
                OWNER, systemuser_org={"authority": "iso6523-actorid-upis", "ID": OWNER}
            )
        },
        ("invalid_request", "MP-302"),
    ),
    "other authority": (
        {"authorization_details": system_user(OWNER, systemuser_org={"authority": "brreg", "ID": f"0192:{OWNER}"})},
        ("invalid_request", "MP-302"),
    ),
    "small id": (
        {
            "authorization_details": system_user(
                OWNER, systemuser_org={"authority": "iso6523-actorid-upis", "id": f"0192:{OWNER}"}
            )
        },
        ("invalid_request", "MP-302"),
    ),
    "reference missing": ({"authorization_details": system_user(ACCOUNTANT)}, NO_MATCH),
    "reference of another": ({"authorization_details": system_user(OWNER, "lonn")}, NO_MATCH),
    "the client's number instead of the owner's": (
        {"authorization_details": system_user("311860917", "lonn")},
        NO_MATCH,
    ),
}


@pytest.mark.parametrize(("changes", "expected"), CASES.values(), ids=CASES.keys())
def test_a_grant_with_a_fault_in_its_claims_is_refused_with_its_code(
    endpoint: Endpoint, changes: dict[str, object], expected: tuple[str, str]
) -> None:
    assert refused(endpoint.ask(**changes)) == expected


@pytest.mark.parametrize(
    ("issued", "expires", "code"),
    [
        (0, 120, None),
        (10, 110, None),
        (-10, 90, None),
        (-10, 110, None),
        (0, 121, "MP-011"),
        (11, 100, "MP-130"),
        (-11, 90, "MP-130"),
        (-100, 0, "MP-130"),
        (-200, -100, "MP-130"),
    ],
)
def test_the_times_are_held_to_the_second(endpoint: Endpoint, issued: int, expires: int, code: str | None) -> None:
    second = int(NOW.timestamp())
    answer = endpoint.ask(iat=second + issued, exp=second + expires)
    if code is None:
        assert answer.status_code == 200
    else:
        assert refused(answer)[1] == code


def test_a_skewed_server_clock_refuses_a_grant_of_the_true_time(endpoint: Endpoint) -> None:
    endpoint.registry.date_skew_seconds = -30
    answer = endpoint.ask()
    assert refused(answer)[1] == "MP-130"
    assert "after now" in answer.json()["error_description"]


def test_a_jti_is_good_once(endpoint: Endpoint) -> None:
    assert endpoint.ask(jti="the-same").status_code == 200
    assert refused(endpoint.ask(jti="the-same")) == ("invalid_grant", "MP-012")
    assert endpoint.ask(jti="another").status_code == 200


def test_an_assertion_without_a_jti_is_good_once_too(endpoint: Endpoint) -> None:
    assertion = endpoint.sign(endpoint.claims(jti=None))
    assert endpoint.post(assertion).status_code == 200
    assert refused(endpoint.post(assertion))[1] == "MP-012"


def test_a_grant_that_fails_its_signature_does_not_use_up_the_jti(endpoint: Endpoint) -> None:
    claims = endpoint.claims(jti="stolen")
    assert refused(endpoint.post(endpoint.sign(claims, key=OTHER_KEY)))[1] == "MP-124"
    assert endpoint.post(endpoint.sign(claims)).status_code == 200


def test_a_signature_by_another_key_is_refused(endpoint: Endpoint) -> None:
    assert refused(endpoint.post(endpoint.sign(endpoint.claims(), key=OTHER_KEY))) == ("invalid_grant", "MP-124")


def test_changed_claims_are_refused(endpoint: Endpoint) -> None:
    good, other = endpoint.sign(endpoint.claims()), endpoint.sign(endpoint.claims(scope="altinn:instances.read"))
    head, _, signature = good.split(".")
    assert refused(endpoint.post(".".join((head, other.split(".")[1], signature))))[1] == "MP-124"


def test_another_clients_key_is_refused(endpoint: Endpoint) -> None:
    assert refused(endpoint.ask(iss="another-client"))[1] == "MP-124"


def test_another_clients_system_user_is_not_found(endpoint: Endpoint) -> None:
    assertion = endpoint.sign(endpoint.claims(iss="another-client"), key=OTHER_KEY)
    assert refused(endpoint.post(assertion)) == NO_MATCH


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"kid": "unknown"}, "MP-124"),
        ({"typ": "JWT"}, "MP-011"),
        ({"kid": "key-1", "x5c": ["MII"]}, "MP-011"),
        ({"x5c": "MII"}, "MP-123"),
        ({"x5c": ["MII"]}, "MP-120"),
    ],
)
def test_the_key_must_be_named_by_a_registered_kid(endpoint: Endpoint, header: dict[str, object], code: str) -> None:
    assert refused(endpoint.post(endpoint.sign(endpoint.claims(), header=header)))[1] == code


def test_a_key_of_more_than_a_year_has_expired(endpoint: Endpoint) -> None:
    old = endpoint.sign(endpoint.claims(), key=OTHER_KEY, header={"kid": "old-key"})
    young = endpoint.sign(endpoint.claims(), key=OTHER_KEY, header={"kid": "young-key"})
    assert refused(endpoint.post(old)) == ("invalid_grant", "MP-121")
    assert endpoint.post(young).status_code == 200


def test_other_algorithms_and_unsigned_grants_are_refused(endpoint: Endpoint) -> None:
    curve = jwt.encode(endpoint.claims(), ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "key-1"})
    shared = jwt.encode(endpoint.claims(), "s" * 32, "HS256", headers={"kid": "key-1"})
    unsigned = jwt.encode(endpoint.claims(), "", "none", headers={"kid": "key-1"})
    pss = endpoint.sign(endpoint.claims(), algorithm="PS256")
    for assertion in (curve, shared, unsigned, pss):
        assert refused(endpoint.post(assertion))[1] == "MP-124"


@pytest.mark.parametrize("assertion", ["", "nonsense", "a.b.c", "æ.ø.å"])
def test_an_assertion_that_is_no_jwt_is_refused(endpoint: Endpoint, assertion: str) -> None:
    assert refused(endpoint.post(assertion)) == ("invalid_request", "MP-011")


def test_the_form_is_exactly_two_fields(endpoint: Endpoint) -> None:
    assertion = endpoint.sign(endpoint.claims())
    good = {"grant_type": GRANT_TYPE, "assertion": assertion}
    url = "/maskinporten/token"
    assert refused(endpoint.http.post(url, data={**good, "scope": "x"}))[0] == "invalid_request"
    assert refused(endpoint.http.post(url, data={"assertion": assertion}))[0] == "invalid_request"
    assert (
        refused(endpoint.http.post(url, data={**good, "grant_type": "client_credentials"}))[0]
        == "unsupported_grant_type"
    )
    assert refused(endpoint.http.post(url, json=good))[0] == "invalid_request"
    twice = f"{urlencode(good)}&{urlencode({'assertion': assertion})}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert refused(endpoint.http.post(url, content=twice, headers=form))[0] == "invalid_request"
    assert endpoint.http.post(url, data=good).status_code == 200


def test_no_refusal_repeats_anything_of_the_assertion(endpoint: Endpoint) -> None:
    assertion = endpoint.sign(endpoint.claims(aud="https://elsewhere/", jti="private-jti"))
    text = json.dumps(endpoint.post(assertion).json())
    assert "private-jti" not in text
    assert assertion.split(".")[2] not in text


@dataclass
class Demo:
    """The whole sandbox with the demo inbox, asked through its app."""

    http: InProcess
    issuer: str

    def token(self, details: list[dict[str, object]] | None) -> str:
        now = int(NOW.timestamp())
        claims: dict[str, object] = {
            "iss": people.CLIENT_ID,
            "aud": self.issuer,
            "scope": people.SCOPE,
            "iat": now,
            "exp": now + 60,
            **({} if details is None else {"authorization_details": details}),
        }
        assertion = jwt.encode(claims, KEY, "RS256", {"kid": "demo"})
        form = {"grant_type": GRANT_TYPE, "assertion": assertion}
        answer = self.http.post("/maskinporten/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def get(self, path: str, token: str) -> httpx.Response:
        url = f"/dialogporten/api/v1/enduser{path}"
        return self.http.request("GET", url, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def demo() -> Demo:
    world = World(now=lambda: NOW)
    seed.load(world, NOW)
    http = InProcess(create_app(world))
    document = seed.registration([public_jwk(KEY, "demo")])
    assert http.post("/control/clients", json=document["clients"]).status_code == 200
    assert http.post("/control/system-users", json=document["system_users"]).status_code == 200
    return Demo(http, world.issuer)


@pytest.mark.parametrize(
    ("owner", "reference", "parties"),
    [
        (people.BAKERY, None, 1),
        (people.ACCOUNTANT, "regnskap", 6),
        (people.ACCOUNTANT, "lonn", 3),
    ],
)
def test_each_system_user_of_the_demo_gets_a_token_that_opens_its_parties(
    demo: Demo, owner: people.Organisation, reference: str | None, parties: int
) -> None:
    answer = demo.get("/parties", demo.token(system_user(owner.number, reference)))
    assert answer.status_code == 200
    assert len(answer.json()["authorizedParties"]) == parties


def test_a_plain_token_is_turned_away_by_the_api_for_want_of_a_user(demo: Demo) -> None:
    answer = demo.get("/parties", demo.token(None))
    assert answer.status_code == 403
    assert list(answer.json()["errors"]) == ["Type"]


def test_an_unknown_bearer_is_turned_away_before_anything_else(demo: Demo) -> None:
    stranger = jwt.encode({"iss": demo.issuer, "exp": int(NOW.timestamp()) + 60}, OTHER_KEY, "RS256")
    assert demo.get("/parties", stranger).status_code == 401
