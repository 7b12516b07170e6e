"""An ID-porten to log in at (reference: auth §4).

`create_idporten` gives the routes for an issuer such as `http://127.0.0.1:8400/idporten`, without a slash: discovery,
key set, authorize with its pages, PAR, token, revoke, end of session, and the profile page where a person withdraws
a consent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sync.sandbox.callers import Issuers, Json
from sync.sandbox.idporten_authorize import NoWayBack, SendBack, begin, decide, decline, log_in, needs_consent, push
from sync.sandbox.idporten_authorize import visit_of as visit_named
from sync.sandbox.idporten_clients import ALGORITHMS, IdPortenClient
from sync.sandbox.idporten_grants import IdPorten
from sync.sandbox.idporten_pages import OTHER, Persons, consent_page, login_page, message_page, profile_page
from sync.sandbox.idporten_tokens import answer_to, revoke
from sync.sandbox.idporten_words import LEVELS, OAuthRefused

_NO_STORE = {"Cache-Control": "no-store"}
_PAGE = {**_NO_STORE, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_FORM = "application/x-www-form-urlencoded"


def metadata_of(issuer: str, *, require_par: bool = False) -> dict[str, Json]:
    """The discovery document of an issuer whose string has no slash at its end (reference: auth §4.1)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "require_pushed_authorization_requests": require_par,
        "token_endpoint": f"{issuer}/token",
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/endsession",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [
            "private_key_jwt",
            "client_secret_post",
            "client_secret_basic",
            "none",
        ],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "acr_values_supported": list(LEVELS),
        "ui_locales_supported": ["nb", "nn", "en", "se"],
        "authorization_response_iss_parameter_supported": True,
    }


def create_idporten(
    idporten: IdPorten,
    issuers: Issuers,
    wall_clock: Callable[[], datetime],
    issuer: Callable[[], str],
    persons: Callable[[], Persons],
) -> list[Route]:
    """Routes to mount at the issuer's path. `wall_clock()` is the time by which tokens and assertions are judged."""
    return _Endpoints(idporten, issuers, wall_clock, issuer, persons).routes()


class _Endpoints:
    def __init__(
        self,
        idporten: IdPorten,
        issuers: Issuers,
        wall_clock: Callable[[], datetime],
        issuer: Callable[[], str],
        persons: Callable[[], Persons],
    ) -> None:
        self._idporten = idporten
        self._issuers = issuers
        self._now = wall_clock
        self._issuer = issuer
        self._persons = persons

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self.metadata, methods=["GET"]),
            Route("/jwks", self.keys, methods=["GET"]),
            Route("/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/login", self.login, methods=["POST"]),
            Route("/consent", self.consent, methods=["POST"]),
            Route("/par", self.par, methods=["POST"]),
            Route("/token", self.token, methods=["POST"]),
            Route("/revoke", self.revoke, methods=["POST"]),
            Route("/endsession", self.end_session, methods=["GET", "POST"]),
            Route("/profile", self.profile, methods=["GET", "POST"]),
            Route("/withdraw", self.withdraw, methods=["POST"]),
        ]

    async def metadata(self, _: Request) -> Response:
        return JSONResponse(metadata_of(self._issuer(), require_par=self._idporten.require_par))

    async def keys(self, _: Request) -> Response:
        return JSONResponse(self._issuers.jwks(self._issuer()))

    async def authorize(self, request: Request) -> Response:
        try:
            fields = await _fields(request) if request.method == "POST" else _pairs(request.url.query)
            name = begin(self._idporten, dict(fields), self._issuer(), self._now())
        except OAuthRefused as refusal:
            return _page(message_page("This does not work", refusal.sentence), 400)
        except NoWayBack as page:
            return _page(message_page("This does not work", str(page)), 400)
        except SendBack as back:
            return RedirectResponse(back.address, 303, _NO_STORE)
        visit = visit_named(self._idporten, name)
        return _page(login_page(name, visit, self._persons(), self._idporten.preselected))

    async def login(self, request: Request) -> Response:
        try:
            form = dict(await _fields(request))
            name = form.get("visit", "")
            if form.get("decision") == "cancel":
                return RedirectResponse(decline(self._idporten, name, self._issuer()), 303, _NO_STORE)
            pid = form.get("pid", "")
            pid = form.get("other_pid", "").strip() if pid == OTHER else pid
            visit = log_in(self._idporten, name, pid, form.get("acr", ""))
            asked = [scope for scope in visit.asked.scopes if needs_consent(scope)]
            if not asked:
                address = decide(self._idporten, name, (), self._issuer(), self._now())
                return RedirectResponse(address, 303, _NO_STORE)
        except (NoWayBack, OAuthRefused) as page:
            return _page(message_page("This does not work", _sentence(page)), 400)
        return _page(consent_page(name, visit, asked))

    async def consent(self, request: Request) -> Response:
        try:
            pairs = await _fields(request)
            form = dict(pairs)
            name = form.get("visit", "")
            if form.get("decision") == "approve":
                approved = [value for field, value in pairs if field == "scope"]
                address = decide(self._idporten, name, approved, self._issuer(), self._now())
            else:
                address = decline(self._idporten, name, self._issuer())
        except (NoWayBack, OAuthRefused) as page:
            return _page(message_page("This does not work", _sentence(page)), 400)
        return RedirectResponse(address, 303, _NO_STORE)

    async def par(self, request: Request) -> Response:
        try:
            form, client = await self._authenticated(request, "par")
            pushed = push(self._idporten, client, form, self._now())
        except OAuthRefused as refusal:
            return _refused(refusal)
        return JSONResponse(pushed, 201, _NO_STORE)

    async def token(self, request: Request) -> Response:
        try:
            form, client = await self._authenticated(request, "token")
            answer = answer_to(self._idporten, client, form, self._issuers, self._issuer(), self._now())
        except OAuthRefused as refusal:
            return _refused(refusal)
        return JSONResponse(answer, headers=_NO_STORE)

    async def revoke(self, request: Request) -> Response:
        try:
            form, client = await self._authenticated(request, "revoke")
            revoke(self._idporten, client, form, self._issuers)
        except OAuthRefused as refusal:
            return _refused(refusal)
        return Response(status_code=200, headers=_NO_STORE)

    async def end_session(self, request: Request) -> Response:
        """There is no session to end; tokens that carry API scopes survive this (reference: auth §4.6)."""
        fields = dict(_pairs(request.url.query)) if request.method == "GET" else await _sent(request)
        client = self._idporten.clients.by_id.get(fields.get("client_id", ""))
        address = fields.get("post_logout_redirect_uri", "")
        if client is not None and address in client.post_logout_redirect_uris:
            state = f"?state={fields['state']}" if "state" in fields else ""
            return RedirectResponse(address + state, 303, _NO_STORE)
        return _page(message_page("You are logged out", "You can close this page."))

    async def profile(self, request: Request) -> Response:
        pid = (await _sent(request)).get("pid", "") if request.method == "POST" else None
        held = [] if pid is None else self._idporten.held_by(pid, self._now())
        return _page(profile_page(self._persons(), pid, held))

    async def withdraw(self, request: Request) -> Response:
        form = await _sent(request)
        pid = form.get("pid", "")
        self._idporten.withdraw(form.get("client_id", ""), pid)
        return _page(profile_page(self._persons(), pid, self._idporten.held_by(pid, self._now())))

    async def _authenticated(self, request: Request, endpoint: str) -> tuple[dict[str, str], IdPortenClient]:
        pairs = await _fields(request)
        form = dict(pairs)
        if len(form) != len(pairs):
            raise OAuthRefused("invalid_request", "A parameter was sent twice")
        issuer = self._issuer()
        audiences = (issuer, f"{issuer}/token", f"{issuer}/{endpoint}")
        header = request.headers.get("authorization")
        return form, self._idporten.clients.authenticated(form, header, audiences, self._now())


async def _fields(request: Request) -> list[tuple[str, str]]:
    if not request.headers.get("content-type", "").startswith(_FORM):
        raise OAuthRefused("invalid_request", f"The body must be {_FORM}")
    try:
        return _pairs((await request.body()).decode("ascii"))
    except UnicodeDecodeError:
        raise OAuthRefused("invalid_request", f"The body must be {_FORM}") from None


async def _sent(request: Request) -> dict[str, str]:
    """A page's form; empty for what is none."""
    try:
        return dict(await _fields(request))
    except OAuthRefused:
        return {}


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


def _page(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status, _PAGE)


def _sentence(error: NoWayBack | OAuthRefused) -> str:
    return error.sentence if isinstance(error, OAuthRefused) else str(error)


def _refused(refusal: OAuthRefused) -> Response:
    asks = {"WWW-Authenticate": "Basic"} if refusal.status == 401 else {}
    return JSONResponse(refusal.body(), refusal.status, {**_NO_STORE, **asks})
