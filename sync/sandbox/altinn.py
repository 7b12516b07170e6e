"""The routes of the Altinn token exchange, to mount at `/authentication/api/v1` (reference: auth §5)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sync.sandbox.altinn_exchange import Exchange, ExchangeRefused, Upstream, exchange
from sync.sandbox.callers import Issuers

_KINDS = {
    401: ("Unauthorized", "https://tools.ietf.org/html/rfc9110#section-15.5.2"),
}


def create_altinn(
    rules: Exchange, issuers: Issuers, wall_clock: Callable[[], datetime], names: Callable[[], Upstream]
) -> list[Route]:
    """The routes: the exchange, and the metadata and keys that its tokens are checked with."""

    async def exchanged(request: Request) -> Response:
        header = request.headers.get("authorization")
        if header is not None and "x-altinn-enterpriseuser-authentication" in request.headers:
            return Response(status_code=410)
        try:
            token = exchange(request.path_params["provider"], header, rules, issuers, names(), wall_clock())
        except ExchangeRefused as refusal:
            return _refused(refusal)
        return PlainTextResponse(f'"{token}"' if rules.is_quoted else token)

    async def metadata(_: Request) -> Response:
        issuer = names().altinn
        return JSONResponse({"issuer": issuer, "jwks_uri": f"{issuer}.well-known/openid-configuration/jwks"})

    async def keys(_: Request) -> Response:
        return JSONResponse(issuers.jwks(names().altinn))

    return [
        Route("/exchange/{provider}", exchanged, methods=["GET"]),
        Route("/openid/.well-known/openid-configuration", metadata, methods=["GET"]),
        Route("/openid/.well-known/openid-configuration/jwks", keys, methods=["GET"]),
    ]


def _refused(refusal: ExchangeRefused) -> Response:
    if refusal.text:
        return PlainTextResponse(refusal.text, refusal.status)
    if refusal.status not in _KINDS:
        return Response(status_code=refusal.status)
    title, kind = _KINDS[refusal.status]
    trace = f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-00"
    body = {"type": kind, "title": title, "status": refusal.status, "traceId": trace}
    return Response(msgspec.json.encode(body), refusal.status, media_type="application/problem+json")
