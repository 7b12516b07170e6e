"""The Altinn exchange: a token of Maskinporten or ID-porten in, one that Altinn's own systems take out (auth §5).

An exchanged Maskinporten token lives its own time, usually half an hour; one of ID-porten ends with the token it was
made from. Neither says so but in its `exp`. A 401 is no certain refusal: Altinn answers it too while its register is
down. It is told as passing and left to whoever asks to try again, as all waiting is.
"""

import json
import re
from collections.abc import Callable
from typing import Final, Literal
from urllib.parse import urlsplit

import jwt

from config.events import Event
from sync.auth.maskinporten import Token
from sync.auth.renewal import RenewedToken
from sync.auth.source import TokenSource
from sync.dialogporten.errors import ArkivError, BadBody, Context, ExchangeRefused
from sync.dialogporten.http import Answer, HttpEdge
from sync.dialogporten.origins import origin
from sync.dialogporten.refusals import refusal
from sync.dialogporten.retry import Told

Provider = Literal["maskinporten", "id-porten"]

PATH: Final = "/authentication/api/v1/exchange"
# Correspondence and Storage tolerate no skew at all, so a token that is nearly over is of no use (auth §1.7).
MARGIN: Final = 30.0
# POSIX seconds that a date can be made of.
_LATEST: Final = 1e11
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class AltinnExchange:
    """One exchange, shared by every identity of the process; thread safe. `base` is the platform's address."""

    def __init__(self, http: HttpEdge, base: str, *, told: Told | None = None) -> None:
        self._http = http
        self._base = base.rstrip("/")
        self._told = http.told if told is None else told

    def exchange(self, provider: Provider, bearer: str, connection: str | None = None) -> Token:
        """The token for `bearer`; one request. ExchangeRefused, or what keeps a request from being answered."""
        url = f"{self._base}{PATH}/{provider}"
        context = Context(
            at=self._http.now(), url_path=urlsplit(url).path, connection=connection, server="Altinn's token exchange"
        )
        asked_at = self._http.monotonic()
        answer = self._http.get(url, context=context, bearer=bearer)
        if answer.status != 200:
            raise self._refused(answer, provider, context)
        token = self._read(answer, asked_at, context)
        self._told(
            Event.TOKEN_EXCHANGED, {"connection": connection, "from": provider, "seconds": round(token.lifetime)}
        )
        return token

    def _read(self, answer: Answer, asked_at: float, context: Context) -> Token:
        """The bare JWT of a 200. How long it lives is told against Altinn's clock, which is not always ours."""
        found = origin(self._base)
        ahead = self._http.clock.ahead(str(found)).total_seconds() if found else 0.0
        value, expires = read_exchanged(answer.body)
        lifetime = expires - (self._http.now().timestamp() + ahead)
        if value is None or lifetime <= 0:
            raise BadBody(
                "Altinn's token exchange answered without a token that can be used. It is tried again at the next run.",
                context=context,
                status=answer.status,
            )
        return Token(value, asked_at + lifetime - min(MARGIN, 0.2 * lifetime), lifetime)

    def _refused(self, answer: Answer, provider: Provider, context: Context) -> ArkivError:
        error = exchange_refusal(answer, provider, context)
        self._told(Event.TOKEN_REFUSED, {"code": f"exchange {answer.status}", **error.facts()})
        return error


class ExchangedTokens(RenewedToken):
    """A TokenSource of Altinn tokens, made from those of another."""

    def __init__(
        self,
        exchange: AltinnExchange,
        provider: Provider,
        upstream: TokenSource,
        *,
        monotonic: Callable[[], float],
        connection: str | None = None,
    ) -> None:
        super().__init__(self._exchanged, monotonic=monotonic)
        self._exchange = exchange
        self._provider: Provider = provider
        self._upstream = upstream
        self._connection = connection
        self._doubted = False

    def __repr__(self) -> str:
        return f"ExchangedTokens({self._provider!r}, {self._connection!r})"

    def _exchanged(self) -> Token:
        bearer = self._upstream.bearer()
        try:
            token = self._exchange.exchange(self._provider, bearer, self._connection)
        except ExchangeRefused as refused:
            if refused.passing and not self._doubted:
                # The next try brings a fresh one, so that only Altinn can be to blame then. Once: each costs a renewal.
                self._doubted = True
                self._upstream.invalidate(bearer)
            raise
        self._doubted = False
        return token


def read_exchanged(body: bytes) -> tuple[str | None, float]:
    """The JWT of an answer's body, bare or in JSON quotes, and its `exp` in POSIX seconds; None without either."""
    text = body.decode("utf-8", "replace").strip()
    if text.startswith('"'):
        try:
            read = json.loads(text)
        except (ValueError, RecursionError):
            read = None
        text = read.strip() if isinstance(read, str) else ""
    if not _JWT.fullmatch(text):
        return None, 0.0
    try:
        expires = jwt.decode(text, options={"verify_signature": False}).get("exp")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None, 0.0
    if not isinstance(expires, int | float) or isinstance(expires, bool) or not abs(expires) < _LATEST:
        return None, 0.0
    return text, float(expires)


def exchange_refusal(answer: Answer, provider: Provider, context: Context) -> ArkivError:
    """What an answer that is not 200 means, and what to do. Pure; never raises."""

    def refused(sentence: str, *, passing: bool = False) -> ExchangeRefused:
        return ExchangeRefused(sentence, passing=passing, context=context, status=answer.status, trace_id=told.trace_id)

    told = refusal(answer.status, answer.headers, answer.body, context)
    match answer.status:
        case 400 | 404:
            return refused(
                "There is no token exchange at this address. Check the environment's altinn address: it is the "
                "platform's, without a path."
            )
        case 401 if provider == "maskinporten":
            return refused(
                "Altinn did not exchange our token, though it was fresh; it says so too while its register is down. If "
                "it goes on for hours, check that the connection and altinn's address are of one environment.",
                passing=True,
            )
        case 401:
            return refused(
                "Altinn did not exchange the person's token, though it was fresh; it says so too while its register is "
                "down. If it goes on for hours: the person must have a user in Altinn (log in there once), and "
                "the connection and altinn's address must be of one environment.",
                passing=True,
            )
        case 403:
            return refused(
                "Altinn exchanges a person's token only with a scope of its own in it. Add altinn:instances.read to "
                "the ID-porten client and to the connection's scopes, then log in again."
            )
        case 410:
            return refused(
                "Altinn takes users of an Altinn 2 end-user system no more. This is not how Dialogarkiv asks: "
                "something between us and Altinn changes our requests."
            )
        case 429 if "retry-after" not in answer.headers:
            return refused(
                "Altinn has locked the person's account for a while. Let the person log in at Altinn and see what it "
                "says there."
            )
    return told
