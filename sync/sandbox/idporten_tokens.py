"""The token answers of the sandbox's ID-porten: access token, id_token, refresh token (reference: auth §4.6).

Consents age by ID-porten's own clock; the tokens themselves carry the true time, by which whoever reads them judges.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime

from sync.sandbox.callers import Issuers, Json
from sync.sandbox.idporten_clients import IdPortenClient
from sync.sandbox.idporten_grants import Grant, IdPorten, RefreshToken
from sync.sandbox.idporten_words import LEVELS, OAuthRefused

ID_TOKEN_LIFETIME_SECONDS = 120
_TELLS = ("refresh_token_expires_in", "refresh_expires_in", "authorization_expires_in")
_METHODS = {"idporten-loa-high": "BankID", "idporten-loa-substantial": "MinID"}


def answer_to(
    idporten: IdPorten,
    client: IdPortenClient,
    form: Mapping[str, str],
    issuers: Issuers,
    issuer: str,
    now: datetime,
) -> dict[str, Json]:
    """The token answer for a form whose client has proved who it is, or OAuthRefused."""
    kind = form.get("grant_type")
    if kind == "authorization_code":
        verifier = _needed(form, "code_verifier")
        if not 43 <= len(verifier) <= 128:
            raise OAuthRefused("invalid_grant", "code_verifier must be 43 to 128 characters")
        code, redirect_uri = _needed(form, "code"), _needed(form, "redirect_uri")
        grant = idporten.redeem(client, code, redirect_uri, _digest(verifier), now)
        token = grant.tokens[0] if grant.tokens else None
        answer = _access_answer(idporten, grant, grant.scopes, token, issuers, issuer, now)
        if "openid" in grant.scopes and "no-id-token" not in idporten.misbehaviours:
            answer["id_token"] = _id_token(idporten, grant, str(answer["access_token"]), issuers, issuer, now)
        return answer
    if kind == "refresh_token":
        grant, token = idporten.refresh(client, _needed(form, "refresh_token"), now)
        scopes = tuple(form.get("scope", "").split()) or grant.scopes
        if set(scopes) - set(grant.scopes):
            raise OAuthRefused("invalid_scope", "A refresh cannot ask for more than was approved")
        return _access_answer(idporten, grant, scopes, token, issuers, issuer, now)
    raise OAuthRefused("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")


def revoke(idporten: IdPorten, client: IdPortenClient, form: Mapping[str, str], issuers: Issuers) -> None:
    """Ends the consent of a refresh or an access token; an unknown one changes nothing (reference: auth §4.6)."""
    token = _needed(form, "token")
    if not idporten.revoke(client, token):
        claims = issuers.claims(token)
        if claims is not None and claims.get("client_id") == client.client_id:
            for grant in idporten.grants:
                if grant.id == claims.get("sid"):
                    idporten.end(grant, "revoked")


def _needed(form: Mapping[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise OAuthRefused("invalid_request", f"{name} is required")
    return value


def _access_answer(
    idporten: IdPorten,
    grant: Grant,
    scopes: tuple[str, ...],
    token: RefreshToken | None,
    issuers: Issuers,
    issuer: str,
    now: datetime,
) -> dict[str, Json]:
    aged = idporten.aged(now)
    left = max(1, int((grant.ends - aged).total_seconds()))
    lifetime = min(grant.client.access_token_lifetime, left)
    claims = _common(idporten, grant, issuer, now)
    claims |= {
        "client_id": grant.client.client_id,
        "client_amr": grant.client.methods[0],
        "consumer": {"authority": "iso6523-actorid-upis", "ID": f"0192:{grant.client.org}"},
        "token_type": "Bearer",
        "aud": "unspecified",
        "scope": " ".join(scopes),
        "exp": int(now.timestamp()) + lifetime,
    }
    answer: dict[str, Json] = {
        "access_token": issuers.sign(issuer, claims),
        "token_type": "Bearer",
        "expires_in": lifetime,
        "scope": " ".join(scopes),
    }
    if token is not None:
        answer["refresh_token"] = token.value
        idle = int((token.expires - aged).total_seconds())
        told = dict(zip(_TELLS, (idle, idle, left), strict=True))
        answer |= {name: told[name] for name in grant.client.tells}
    return answer


def _id_token(idporten: IdPorten, grant: Grant, access_token: str, issuers: Issuers, issuer: str, now: datetime) -> str:
    wrong = idporten.misbehaviours
    claims = _common(idporten, grant, issuer, now)
    claims |= {
        "aud": "another-client" if "other-audience" in wrong else grant.client.client_id,
        "exp": int(now.timestamp()) + (-3600 if "expired-id-token" in wrong else ID_TOKEN_LIFETIME_SECONDS),
        "at_hash": _half_digest(access_token),
    }
    if grant.nonce is not None:
        claims["nonce"] = f"{grant.nonce}x" if "other-nonce" in wrong else grant.nonce
    if "other-issuer" in wrong:
        claims["iss"] = f"{issuer}/other"
    if "other-signature" in wrong:
        return Issuers().sign(issuer, claims)
    return issuers.sign(issuer, claims)


def _common(idporten: IdPorten, grant: Grant, issuer: str, now: datetime) -> dict[str, Json]:
    acr = LEVELS[0] if "low-acr" in idporten.misbehaviours else grant.acr
    issued = int(now.timestamp())
    return {
        "iss": issuer,
        "sub": _pairwise(grant),
        "pid": grant.pid,
        "acr": acr,
        "amr": [_METHODS[acr]],
        "locale": "nb",
        "sid": grant.id,
        "auth_time": int(grant.logged_in.timestamp()),
        "iat": issued,
        "jti": str(uuid.uuid4()),
    }


def _pairwise(grant: Grant) -> str:
    """A subject that is the same for a client's every login of a person, and another for every other client."""
    return _base64url(hashlib.sha256(f"{grant.client.client_id} {grant.pid}".encode()).digest())


def _digest(verifier: str) -> str:
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _half_digest(token: str) -> str:
    return _base64url(hashlib.sha256(token.encode()).digest()[:16])


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
