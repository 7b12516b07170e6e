"""The way of a person through the sandbox's ID-porten: what the client asked, the login, the consent, the way back.

`begin` reads an authorize request (its own parameters, or one that was pushed before), `log_in` and `decide` are what
the two pages do, and every outcome that the client is told of is an address to send the browser to (reference: auth
§4.4, §4.5). No page, no HTTP here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from sync.sandbox.idporten_clients import IdPortenClient, quoted
from sync.sandbox.idporten_grants import AuthorizeRequest, IdPorten, Visit
from sync.sandbox.idporten_words import LEVELS, OAuthRefused
from sync.sandbox.numbers import is_national_id

PUSHED_LIFETIME_SECONDS = 120
PUSHED_PREFIX = "urn:ietf:params:oauth:request_uri:"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_WITHOUT_CONSENT = ("openid", "profile")
_PUBLIC = "none"


class NoWayBack(Exception):
    """A request that cannot be answered at its redirect address: the person sees a page that says so."""


class SendBack(Exception):
    """A request that is answered at the redirect address, with an error: `address` is complete."""

    def __init__(self, address: str) -> None:
        super().__init__("sent back with an error")
        self.address = address


def needs_consent(scope: str) -> bool:
    """Whether the person is asked about it (reference: auth §3.1, §4.5)."""
    return scope not in _WITHOUT_CONSENT and not scope.endswith(".noconsent")


def begin(idporten: IdPorten, params: Mapping[str, str], issuer: str, now: datetime) -> str:
    """A visit for an authorize request; its id. NoWayBack or SendBack for one that is wrong."""
    client = _client(idporten, params)
    request_uri = params.get("request_uri")
    if request_uri is not None:
        params = _pulled(idporten, client, request_uri, now)
    redirect_uri = _redirect(client, params)
    try:
        if (client.require_par or idporten.require_par) and request_uri is None:
            raise OAuthRefused("invalid_request", "The client must push its requests (PAR)")
        asked = checked(client, params, redirect_uri)
    except OAuthRefused as refusal:
        raise SendBack(_address(idporten, issuer, redirect_uri, params.get("state"), _error(refusal))) from None
    visit = secrets.token_urlsafe(16)
    with idporten.lock:
        idporten.visits[visit] = Visit(asked)
    return visit


def push(idporten: IdPorten, client: IdPortenClient, form: Mapping[str, str], now: datetime) -> dict[str, str | int]:
    """The answer to a pushed authorize request whose client has proved who it is."""
    if "request_uri" in form:
        raise OAuthRefused("invalid_request", "request_uri cannot be pushed")
    redirect_uri = form.get("redirect_uri", "")
    if not client.redirects_to(redirect_uri):
        raise OAuthRefused("invalid_request", f"redirect_uri is not registered: {quoted(redirect_uri)}")
    checked(client, form, redirect_uri)
    request_uri = f"{PUSHED_PREFIX}{secrets.token_urlsafe(24)}"
    with idporten.lock:
        asked = {name: value for name, value in form.items() if not name.startswith("client_")}
        expires = idporten.aged(now) + timedelta(seconds=PUSHED_LIFETIME_SECONDS)
        idporten.pushed[request_uri] = (asked, client.client_id, expires)
    return {"request_uri": request_uri, "expires_in": PUSHED_LIFETIME_SECONDS}


def checked(client: IdPortenClient, params: Mapping[str, str], redirect_uri: str) -> AuthorizeRequest:
    """What is asked for, or OAuthRefused with the first thing that is wrong (reference: auth §4.4)."""
    if params.get("response_type") != "code":
        raise OAuthRefused("unsupported_response_type", "response_type must be code")
    if params.get("response_mode", "query") != "query":
        raise OAuthRefused("invalid_request", "This sandbox answers with response_mode query only")
    if "request" in params:
        raise OAuthRefused("request_not_supported", "This sandbox takes no request object")
    if params.get("code_challenge_method") != "S256":
        raise OAuthRefused("invalid_request", "PKCE is required: code_challenge_method must be S256")
    challenge = params.get("code_challenge", "")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthRefused("invalid_request", "code_challenge must be 43 characters of base64url without padding")
    scopes = tuple(dict.fromkeys(params.get("scope", "").split()))
    if not scopes:
        raise OAuthRefused("invalid_scope", "scope is required")
    if missing := [scope for scope in scopes if scope not in client.scopes]:
        raise OAuthRefused("invalid_scope", f"Not registered on the client: {quoted(missing[0])}")
    if _PUBLIC in client.methods and not params.get("state"):
        raise OAuthRefused("invalid_request", "state is required of a public client")
    if params.get("prompt") == "none":
        raise OAuthRefused("login_required", "The person is not logged in")
    return AuthorizeRequest(
        client, redirect_uri, scopes, challenge, params.get("state"), params.get("nonce"), _levels(params)
    )


def visit_of(idporten: IdPorten, name: str) -> Visit:
    """The visit that a page belongs to. NoWayBack when there is none (any more)."""
    with idporten.lock:
        visit = idporten.visits.get(name)
    if visit is None:
        raise NoWayBack("This login is over. Begin again from the program that sent you here.")
    return visit


def log_in(idporten: IdPorten, name: str, pid: str, acr: str) -> Visit:
    """The person has said who they are. NoWayBack for what the page did not offer."""
    visit = visit_of(idporten, name)
    if not is_national_id(pid):
        raise NoWayBack("That is no national identity number. Go back and try again.")
    if acr not in visit.asked.levels:
        raise NoWayBack("The program that sent you here asks for a higher level of login. Go back and try again.")
    visit.pid, visit.acr = pid, acr
    return visit


def decide(idporten: IdPorten, name: str, approved: Collection[str], issuer: str, now: datetime) -> str:
    """The person approves these scopes, and of the others only what needs no consent; the address to send them to.

    A scope that was not approved is left out, and nothing says so but the answer's `scope`.
    """
    visit = _leave(idporten, name)
    asked = visit.asked
    scopes = tuple(scope for scope in asked.scopes if scope in approved or not needs_consent(scope))
    if not visit.pid or not scopes:
        refusal = OAuthRefused("access_denied", "The person approved nothing")
        return _address(idporten, issuer, asked.redirect_uri, asked.state, _error(refusal))
    code = idporten.give_code(asked, visit.pid, visit.acr, scopes, now)
    return _address(idporten, issuer, asked.redirect_uri, asked.state, {"code": code})


def decline(idporten: IdPorten, name: str, issuer: str) -> str:
    """The person declines, or turns round at the login; the address to send them to."""
    asked = _leave(idporten, name).asked
    refusal = OAuthRefused("access_denied", "The person declined")
    return _address(idporten, issuer, asked.redirect_uri, asked.state, _error(refusal))


def walk_through(
    idporten: IdPorten, address: str, pid: str, acr: str | None, declined: Collection[str], issuer: str, now: datetime
) -> str:
    """A whole visit at once, for tests without a browser: from the authorize address to the address one is sent to.

    `acr`: the level of the login, the least one asked for when None. ValueError where a person would see a page.
    """
    try:
        name = begin(idporten, dict(parse_qsl(urlsplit(address).query)), issuer, now)
        asked = log_in(idporten, name, pid, acr or visit_of(idporten, name).asked.levels[0]).asked
    except SendBack as back:
        return back.address
    except NoWayBack as page:
        raise ValueError(str(page)) from None
    return decide(idporten, name, set(asked.scopes) - set(declined), issuer, now)


def _client(idporten: IdPorten, params: Mapping[str, str]) -> IdPortenClient:
    client = idporten.clients.by_id.get(params.get("client_id", ""))
    if client is None:
        raise NoWayBack("The program that sent you here is unknown in this environment (client_id).")
    return client


def _pulled(idporten: IdPorten, client: IdPortenClient, request_uri: str, now: datetime) -> Mapping[str, str]:
    """A pushed request, which is good once."""
    with idporten.lock:
        pushed = idporten.pushed.pop(request_uri, None)
    if pushed is None or pushed[1] != client.client_id or idporten.aged(now) >= pushed[2]:
        raise NoWayBack("The request of the program that sent you here is unknown, used or too old (request_uri).")
    return pushed[0]


def _redirect(client: IdPortenClient, params: Mapping[str, str]) -> str:
    address = params.get("redirect_uri", "")
    if not client.redirects_to(address):
        raise NoWayBack("The address to send you back to is not registered on the client (redirect_uri).")
    return address


def _levels(params: Mapping[str, str]) -> tuple[str, ...]:
    """The levels that are good enough: `acr_values` names the least, several the least of them."""
    asked = params.get("acr_values", "").split()
    known = [level for level in LEVELS if level in asked]
    if asked and not known:
        raise OAuthRefused("invalid_request", f"acr_values must be one of {' '.join(LEVELS)}")
    return LEVELS[LEVELS.index(known[0]) :] if known else LEVELS


def _leave(idporten: IdPorten, name: str) -> Visit:
    visit = visit_of(idporten, name)
    with idporten.lock:
        idporten.visits.pop(name, None)
    return visit


def _error(refusal: OAuthRefused) -> dict[str, str]:
    return {"error": refusal.error, "error_description": refusal.description}


def _address(idporten: IdPorten, issuer: str, redirect_uri: str, state: str | None, answer: Mapping[str, str]) -> str:
    wrong = idporten.misbehaviours
    told = dict(answer)
    if state is not None:
        told["state"] = f"{state}x" if "other-state" in wrong else state
    if "no-iss" not in wrong:
        told["iss"] = f"{issuer}/other" if "other-iss" in wrong else issuer
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(told)}"
