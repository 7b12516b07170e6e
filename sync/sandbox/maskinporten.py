"""A Maskinporten to get tokens from (reference: auth §1).

`create_maskinporten` gives three routes for an issuer such as `http://127.0.0.1:8400/maskinporten/`: RFC 8414 metadata,
the key set, and a token endpoint that verifies a JWT grant for real. The verification itself, `issue`, is a plain
function of the form, the registry and the time. Every refusal is a 400 whose description begins with the code that
Maskinporten uses; nothing of the assertion is ever echoed or logged.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sync.sandbox.callers import Issuers, Json
from sync.sandbox.registry import MaskinportenClient, Registry

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ALGORITHMS = ("RS256", "RS384", "RS512")
SYSTEM_USER_TYPE = "urn:altinn:systemuser"
AUTHORITY = "iso6523-actorid-upis"
CLOCK_TOLERANCE_SECONDS = 10
LONGEST_GRANT_SECONDS = 120
KEY_LIFETIME = timedelta(days=365)
_REFERENCE = re.compile(r"[A-Za-z0-9øæåØÆÅ_-]{1,255}")
_HELP = "https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking"


class GrantRefused(Exception):
    """A grant that gives no token: OAuth error, Maskinporten's code, and a sentence for the operator."""

    def __init__(self, error: str, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.error = error
        self.code = code
        self.sentence = sentence

    def body(self) -> dict[str, str]:
        """The JSON body of the refusal."""
        support = uuid.uuid4().hex
        description = f"{self.code}: {self.sentence} (correlation id: {support})"
        return {"error": self.error, "error_description": description, "error_uri": _HELP}


def create_maskinporten(
    registry: Registry, issuers: Issuers, wall_clock: Callable[[], datetime], issuer: Callable[[], str]
) -> list[Route]:
    """Routes to mount at the issuer's path. `issuer()` ends with a slash; `wall_clock()` is UTC without the skew."""

    def now() -> datetime:
        return wall_clock() + timedelta(seconds=registry.date_skew_seconds)

    async def metadata(_: Request) -> JSONResponse:
        return JSONResponse(metadata_of(issuer()))

    async def keys(_: Request) -> JSONResponse:
        return JSONResponse(issuers.jwks(issuer()))

    async def token(request: Request) -> JSONResponse:
        no_store = {"Cache-Control": "no-store"}
        try:
            form = _form(request.headers.get("content-type", ""), await request.body())
            answer = issue(form, registry, issuers, issuer(), now())
        except GrantRefused as refusal:
            return JSONResponse(refusal.body(), status_code=400, headers=no_store)
        return JSONResponse(answer, headers=no_store)

    return [
        Route("/.well-known/oauth-authorization-server", metadata, methods=["GET"]),
        Route("/.well-known/oauth-authorization-server/", metadata, methods=["GET"]),
        Route("/jwk", keys, methods=["GET"]),
        Route("/token", token, methods=["POST"]),
    ]


def metadata_of(issuer: str) -> dict[str, Json]:
    """The metadata document of an issuer whose string ends with a slash (reference: auth §1.1)."""
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}token",
        "jwks_uri": f"{issuer}jwk",
        "grant_types_supported": [GRANT_TYPE],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "authorization_details_types_supported": [SYSTEM_USER_TYPE],
    }


def issue(form: Mapping[str, str], registry: Registry, issuers: Issuers, issuer: str, now: datetime) -> dict[str, Json]:
    """The token answer for the two form fields, or GrantRefused with the first thing that is wrong."""
    claims, client = _verified(form["assertion"], registry, now)
    _check_audience(claims, issuer)
    _check_times(claims, now)
    _use_once(form["assertion"], claims, client, registry)
    scopes = _scopes(claims, client)
    details = _authorization_details(claims, client, registry)
    if "consumer_org" in claims:
        raise GrantRefused("invalid_grant", "MP-251", "No delegation of the scope from this consumer was found")
    issued = int(now.timestamp())
    granted: dict[str, Json] = {
        "iss": issuer,
        "client_id": client.client_id,
        "client_amr": "private_key_jwt",
        "token_type": "Bearer",
        "consumer": _organisation(client.org),
        "scope": " ".join(scopes),
        "iat": issued,
        "exp": issued + client.token_lifetime,
        "jti": str(uuid.uuid4()),
    }
    if claims.get("resource"):
        granted["aud"] = claims["resource"]
    if details is not None:
        granted["authorization_details"] = [details]
    return {
        "access_token": issuers.sign(issuer, granted),
        "token_type": "Bearer",
        "expires_in": client.token_lifetime,
        "scope": " ".join(scopes),
    }


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise GrantRefused("invalid_request", "MP-011", "The request must be form-encoded")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise GrantRefused("invalid_request", "MP-011", "The form cannot be read") from None
    fields = dict(pairs)
    if len(pairs) != len(fields) or set(fields) != {"grant_type", "assertion"}:
        raise GrantRefused("invalid_request", "MP-011", "The form must hold grant_type and assertion and nothing else")
    if fields["grant_type"] != GRANT_TYPE:
        raise GrantRefused("unsupported_grant_type", "MP-011", "The grant type is not supported")
    return fields


def _verified(assertion: str, registry: Registry, now: datetime) -> tuple[dict[str, Json], MaskinportenClient]:
    """Claims and client of an assertion whose signature holds."""
    try:
        header = jwt.get_unverified_header(assertion)
        untrusted = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise GrantRefused("invalid_request", "MP-011", "The assertion is not a signed JWT") from None
    client = registry.clients.get(str(untrusted.get("iss")))
    if client is None:
        raise GrantRefused("invalid_grant", "MP-100", "The client is unknown in this environment")
    key = _key(header, client, now)
    try:
        claims: dict[str, Json] = jwt.decode(
            assertion,
            jwt.PyJWK(dict(key), algorithm=str(header["alg"])).key,
            algorithms=list(ALGORITHMS),
            options={
                "verify_aud": False,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except (jwt.PyJWTError, ValueError):
        raise GrantRefused("invalid_grant", "MP-124", "The signature of the assertion does not hold") from None
    return claims, client


def _key(header: Mapping[str, object], client: MaskinportenClient, now: datetime) -> Mapping[str, str]:
    if header.get("alg") not in ALGORITHMS:
        raise GrantRefused("invalid_grant", "MP-124", f"The algorithm must be one of {', '.join(ALGORITHMS)}")
    kid, chain = header.get("kid"), header.get("x5c")
    if chain is not None and not isinstance(chain, list):
        raise GrantRefused("invalid_grant", "MP-123", "x5c must be an array of strings")
    if (kid is None) == (chain is None):
        raise GrantRefused("invalid_grant", "MP-011", "The header must hold exactly one of kid and x5c")
    if chain is not None:
        raise GrantRefused("invalid_grant", "MP-120", "A client with registered keys must use kid")
    key = next((one for one in client.keys if one.get("kid") == kid), None)
    if key is None:
        raise GrantRefused("invalid_grant", "MP-124", "No key with this kid is registered on the client")
    uploaded = key.get("created")
    if uploaded is not None and now - datetime.fromisoformat(uploaded) > KEY_LIFETIME:
        raise GrantRefused("invalid_grant", "MP-121", "The registered key has expired: upload it again")
    return key


def _check_audience(claims: Mapping[str, Json], issuer: str) -> None:
    if claims.get("aud") not in (issuer, [issuer]):
        raise GrantRefused(
            "invalid_grant", "MP-110", "aud must be the issuer of this environment, final slash included"
        )


def _check_times(claims: Mapping[str, Json], now: datetime) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        raise GrantRefused("invalid_request", "MP-011", "iat and exp are required, in whole seconds")
    instant = now.timestamp()
    if issued > instant + CLOCK_TOLERANCE_SECONDS:
        raise GrantRefused("invalid_grant", "MP-130", "The issue time is after now: is the clock right?")
    if expires <= instant:
        raise GrantRefused(
            "invalid_grant", "MP-130", "The assertion has expired: late, used before, or a clock that is off"
        )
    if expires - issued > LONGEST_GRANT_SECONDS:
        raise GrantRefused("invalid_request", "MP-011", f"exp may be at most {LONGEST_GRANT_SECONDS} s after iat")
    if issued < instant - CLOCK_TOLERANCE_SECONDS:
        raise GrantRefused("invalid_grant", "MP-130", "The issue time is too long ago: is the clock right?")


def _use_once(assertion: str, claims: Mapping[str, Json], client: MaskinportenClient, registry: Registry) -> None:
    """An assertion is good once; without jti the assertion itself is remembered."""
    jti = claims.get("jti")
    name = jti if isinstance(jti, str) and jti else hashlib.sha256(assertion.encode("ascii")).hexdigest()
    with registry.lock:
        if (used := f"{client.client_id} {name}") in registry.used_jti:
            raise GrantRefused("invalid_grant", "MP-012", "This assertion, or its jti, has been used before")
        registry.used_jti.add(used)


def _scopes(claims: Mapping[str, Json], client: MaskinportenClient) -> list[str]:
    asked = claims.get("scope")
    scopes = asked.split() if isinstance(asked, str) else []
    if not scopes:
        raise GrantRefused("invalid_request", "MP-011", "scope is required")
    if missing := [scope for scope in scopes if scope not in client.scopes]:
        raise GrantRefused("invalid_scope", "MP-200", f"Not registered on the client: {json.dumps(missing[0])}")
    return scopes


def _authorization_details(
    claims: Mapping[str, Json], client: MaskinportenClient, registry: Registry
) -> dict[str, Json] | None:
    """What the token says about the system user; None when no system user was asked for (reference: auth §1.3)."""
    if "authorization_details" not in claims:
        return None
    details = claims["authorization_details"]
    if not isinstance(details, list) or len(details) != 1 or not isinstance(details[0], dict):
        raise _bad_details("must be an array with one object")
    asked = details[0]
    if asked.get("type") != SYSTEM_USER_TYPE:
        raise GrantRefused("invalid_request", "MP-301", "The type of authorization_details is unknown")
    if unknown := set(asked) - {"type", "systemuser_org", "externalRef"}:
        raise _bad_details(f"has an unknown field {json.dumps(min(unknown))}")
    org = _owner(asked.get("systemuser_org"))
    reference = asked.get("externalRef", org)
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        raise _bad_details("has an externalRef with other characters than letters, digits, _ and -")
    users = registry.system_users_of(client.client_id, org, reference)
    if not users:
        raise GrantRefused(
            "invalid_altinn_customer_configuration",
            "MP-303",
            "No system user of this organisation matches the client and the external reference",
        )
    return {
        "type": SYSTEM_USER_TYPE,
        "systemuser_id": [user.id for user in users],
        "systemuser_org": _organisation(org),
        "system_id": users[0].system_id or f"{client.org}_dialogarkiv",
    }


def _owner(value: Json) -> str:
    if not isinstance(value, dict) or set(value) != {"authority", "ID"}:
        raise _bad_details("needs systemuser_org with authority and ID")
    found = re.fullmatch(r"0192:([0-9]{9})", str(value["ID"]))
    if value["authority"] != AUTHORITY or found is None:
        raise _bad_details(f"needs the authority {AUTHORITY} and an ID of 0192: and nine digits")
    return found.group(1)


def _bad_details(problem: str) -> GrantRefused:
    return GrantRefused("invalid_request", "MP-302", f"authorization_details {problem}")


def _organisation(number: str) -> dict[str, Json]:
    return {"authority": AUTHORITY, "ID": f"0192:{number}"}
