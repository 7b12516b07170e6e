"""ID-porten: a person's login and consent, from the address to visit to tokens, and what keeps or ends it after that.

Authorization code with PKCE, pushed first (PAR) wherever ID-porten takes that, so that neither state nor nonce stands
in an address (reference: auth §4). Metadata is read once a process; its issuer must be the configured one, its
endpoints on the issuer's host or one below. Codes, states, verifiers, proofs and tokens are in no text or log.
"""

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from config.events import Event
from sync.auth.attempt import (
    Attempt,
    ForeignAnswer,
    Secrets,
    base64url,
    parameters,
    read_return,
    with_query,
)
from sync.auth.client_proof import proof
from sync.auth.grant import Client, ClientSecret, Grant
from sync.auth.id_token import Expected, Keys, Login, NotVerified, is_enough, read_keys, verify
from sync.auth.idporten_metadata import WELL_KNOWN, Metadata, read_metadata
from sync.auth.idporten_refusals import (
    READING_SCOPES,
    Step,
    answer_refused,
    foreign_answer,
    no_refresh_token,
    not_verified,
    nothing_to_read,
    return_refused,
)
from sync.auth.maskinporten import REMEASURE_OVER, Token
from sync.auth.refusals import oauth_error
from sync.auth.token_answer import TokenAnswer, read_answer
from sync.dialogporten.errors import ArkivError, BadBody, Context, TokenRefused
from sync.dialogporten.http import Answer, HttpEdge
from sync.dialogporten.origins import origin
from sync.dialogporten.refusals import refusal
from sync.dialogporten.retry import Told

_JTI_BYTES: Final = 16


class IdPorten:
    """One issuer, shared by every person of the process; thread safe. `random(n)` gives n unguessable bytes."""

    def __init__(
        self,
        http: HttpEdge,
        issuer: str,
        *,
        told: Told | None = None,
        now: Callable[[], datetime] | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._http = http
        self._issuer = issuer
        self._told = http.told if told is None else told
        self._now = http.now if now is None else now
        self._random = random
        self._metadata: Metadata | None = None
        self._basic: dict[str, bool] = {}
        self._lock = threading.Lock()

    def metadata(self, connection: str | None = None) -> Metadata:
        """Read once; a failure is not remembered."""
        with self._lock:
            if self._metadata is None:
                self._metadata = self._read_metadata(connection)
            return self._metadata

    def begin(self, client: Client, redirect: str | None = None) -> Attempt:
        """What a person has to visit. `redirect`: the address listened at, where its port was not fixed beforehand."""
        metadata = self.metadata(client.connection)
        made = Secrets.make(self._random)
        back = redirect or client.redirect
        fields = parameters(client, back, made)
        url, seconds = with_query(metadata.authorization, fields), None
        if metadata.par and (pushed := self._push(metadata, client, fields)) is not None:
            url, seconds = pushed
        return Attempt(url, back, made.state, made.nonce, made.verifier, seconds)

    def finish(self, client: Client, attempt: Attempt, address: str, *, give_back: bool = True) -> Grant:
        """The consent that `address`, where the person was sent back to, stands for.

        NotAnAnswer for an address that is none; TokenRefused with a sentence for a person in every other case that is
        not an outage. A consent that is of no use is given back at once; not so with `give_back=False`, where the
        person has another, good one with the same client.
        """
        metadata = self.metadata(client.connection)
        here = self._context(attempt.redirect, client, "GET")
        try:
            returned = read_return(address, attempt, self._issuer, iss_required=metadata.iss_in_answers)
        except ForeignAnswer as foreign:
            raise foreign_answer(foreign.mark, client, self._issuer, here) from None
        if returned.code is None:
            raise self._refused(return_refused(returned, client, self._issuer, here))
        # Before the code is used up, so that an outage here costs nothing.
        keys = self._keys(metadata, client) if "openid" in client.scopes else {}
        fields = {
            "grant_type": "authorization_code",
            "code": returned.code,
            "redirect_uri": attempt.redirect,
            "code_verifier": attempt.verifier,
        }
        given, context = self._tokens(metadata, client, "code", fields, (returned.code, attempt.verifier))
        try:
            login = self._verified(metadata, client, attempt, given, keys, context)
            granted = given.scopes(client.scopes)
            if not set(granted) & set(READING_SCOPES):
                raise nothing_to_read(client, granted, context)
            if given.refresh_token is None:
                raise no_refresh_token(client, context)
        except ArkivError as error:
            if give_back:
                with suppress(ArkivError):
                    self.revoke(client, given.refresh_token or given.access_token)
            raise self._refused(error) from None
        return self._grant(client, given, login.acr if login else given.acr, login.subject if login else given.subject)

    def refresh(self, client: Client, refresh_token: str) -> Grant:
        """A new access token; one request, see `sync.auth.grant.Refresher` for what may be raised."""
        metadata = self.metadata(client.connection)
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        given, _ = self._tokens(metadata, client, "refresh", fields, (refresh_token,))
        return self._grant(client, given, given.acr, given.subject)

    def revoke(self, client: Client, token: str) -> None:
        """Ends the consent at ID-porten; one that is gone already is no error. TokenRefused, or an outage."""
        metadata = self.metadata(client.connection)
        if not metadata.revocation:
            raise TokenRefused(
                "ID-porten names no address to give a consent back at. Withdraw it on your own page at ID-porten, then "
                f"run `dialogarkiv logout {client.connection} --offline`.",
                code="metadata",
                permanent=True,
                context=self._context(self._issuer, client, "GET"),
            )
        fields = {"token": token, "token_type_hint": "refresh_token"}
        answer, context = self._post(metadata, metadata.revocation, client, fields)
        if answer.status != 200:
            raise self._error("revoke", answer, client, context, (token,))

    def _push(self, metadata: Metadata, client: Client, fields: Mapping[str, str]) -> tuple[str, float] | None:
        """The address of a pushed request and how many seconds it works; None where pushing is not taken after all."""
        answer, context = self._post(metadata, metadata.par, client, fields)
        if answer.status in (404, 405) and not metadata.par_required:
            return None
        if answer.status not in (200, 201):
            raise self._error("begin", answer, client, context, (fields["state"], fields["nonce"]))
        try:
            told = json.loads(answer.body)
            request_uri, seconds = told["request_uri"], float(told["expires_in"])
        except (ValueError, RecursionError, LookupError, TypeError, OverflowError):
            request_uri, seconds = None, 0.0
        if not isinstance(request_uri, str) or not request_uri or not 0 < seconds < float("inf"):
            raise BadBody(
                "ID-porten took our request for a login, but did not say where it is. Try again later.",
                context=context,
                status=answer.status,
            )
        asked = {"client_id": client.client_id, "request_uri": request_uri}
        return with_query(metadata.authorization, asked), seconds

    def _tokens(
        self, metadata: Metadata, client: Client, step: Step, fields: Mapping[str, str], sent: tuple[str, ...]
    ) -> tuple[TokenAnswer, Context]:
        asked_at = self._http.monotonic()
        answer, context = self._post(metadata, metadata.token, client, fields)
        if answer.status != 200:
            raise self._error(step, answer, client, context, sent)
        given = read_answer(answer.body, asked_at)
        if given is None:
            raise BadBody(
                "ID-porten's answer holds no token, though it took what we sent.", context=context, status=answer.status
            )
        return given, context

    def _verified(
        self, metadata: Metadata, client: Client, attempt: Attempt, given: TokenAnswer, keys: Keys, context: Context
    ) -> Login | None:
        """Who logged in; None where the connection does not ask for it."""
        if "openid" not in client.scopes:
            # The access token's own word, where it has one.
            if given.acr is not None and not is_enough(given.acr, client.acr):
                raise not_verified("acr", client, self._issuer, context)
            return None
        expected = Expected(self._issuer, client.client_id, attempt.nonce, client.acr, self._now(), given.access_token)
        try:
            try:
                return verify(given.id_token, keys, expected)
            except NotVerified as missing:
                if missing.flaw != "key":
                    raise
            # A key that was changed since the set was read.
            return verify(given.id_token, self._keys(metadata, client), expected)
        except NotVerified as wrong:
            raise not_verified(wrong.flaw, client, self._issuer, context) from None

    def _grant(self, client: Client, given: TokenAnswer, acr: str | None, subject: str | None) -> Grant:
        scopes = given.scopes(client.scopes)
        self._told(
            Event.TOKEN_GRANTED,
            {
                "connection": client.connection,
                "client_id": client.client_id,
                "scopes": " ".join(scopes),
                "acr": acr,
                "seconds": round(given.lifetime),
            },
        )
        return Grant(
            access=Token(given.access_token, given.usable_until, given.lifetime),
            refresh_token=given.refresh_token,
            scopes=scopes,
            acr=acr,
            subject=subject,
            refresh_expires_in=given.refresh_expires_in,
            ends_at=_later(self._now(), given.consent_expires_in),
        )

    def _post(
        self, metadata: Metadata, endpoint: str, client: Client, fields: Mapping[str, str]
    ) -> tuple[Answer, Context]:
        """One form with the client's proof.

        A secret is sent the other way when the first is not accepted: ID-porten takes only the way that the client is
        registered with, and has done nothing for a client that it does not know.
        """
        self._require_clock(client)
        context = self._context(endpoint, client, "POST")
        answer = self._send(metadata, endpoint, client, fields, context)
        if isinstance(client.credential, ClientSecret) and _is_unknown(answer):
            second = self._send(metadata, endpoint, client, fields, context, other_way=True)
            return (answer if _is_unknown(second) else second), context
        return answer, context

    def _send(
        self,
        metadata: Metadata,
        endpoint: str,
        client: Client,
        fields: Mapping[str, str],
        context: Context,
        *,
        other_way: bool = False,
    ) -> Answer:
        post_is_taken = not metadata.methods or "client_secret_post" in metadata.methods
        basic = self._basic.get(client.client_id, not post_is_taken) is not other_way
        proved = proof(client, self._issuer, self._now(), base64url(self._random(_JTI_BYTES)), basic=basic)
        answer = self._http.post_form(endpoint, {**fields, **proved.fields}, context=context, basic=proved.basic)
        if other_way and not _is_unknown(answer):
            self._basic[client.client_id] = basic
        return answer

    def _error(self, step: Step, answer: Answer, client: Client, context: Context, sent: tuple[str, ...]) -> ArkivError:
        if answer.status >= 500 or answer.status in (408, 429):
            return refusal(answer.status, answer.headers, answer.body, context)
        if isinstance(client.credential, ClientSecret):
            sent = (*sent, client.credential.value)
        return self._refused(
            answer_refused(step, answer.status, answer.body, client, self._issuer, context, secrets=sent)
        )

    def _refused(self, error: ArkivError) -> ArkivError:
        if isinstance(error, TokenRefused):
            self._told(Event.TOKEN_REFUSED, {"code": error.code, **error.facts()})
        return error

    def _require_clock(self, client: Client) -> None:
        """Measures anew before refusing: a sleeping machine or a clock just set right must not lock us out."""
        found = origin(self._issuer)
        host = str(found) if found else self._issuer
        skew = self._http.clock.skew(host)
        if skew is not None and abs(skew) > REMEASURE_OVER:
            self._read_metadata(client.connection)
            self._http.clock.require_agreement(host, self._context(self._issuer, client, "GET"))

    def _keys(self, metadata: Metadata, client: Client) -> Keys:
        context = self._context(metadata.jwks, client, "GET")
        answer = self._http.get(metadata.jwks, context=context)
        if answer.status >= 500 or answer.status in (408, 429):
            raise refusal(answer.status, answer.headers, answer.body, context)
        keys = read_keys(answer.body) if answer.status == 200 else {}
        if not keys:
            raise BadBody(
                "ID-porten showed no keys to check its id_token with. Try again later.",
                context=context,
                status=answer.status,
            )
        return keys

    def _read_metadata(self, connection: str | None) -> Metadata:
        url = f"{self._issuer}/{WELL_KNOWN}"
        context = self._context(url, None, "GET", connection)
        answer = self._http.get(url, context=context)
        if answer.status >= 500 or answer.status in (408, 429):
            raise refusal(answer.status, answer.headers, answer.body, context)
        metadata = read_metadata(answer.body) if answer.status == 200 else None
        if metadata is None:
            raise self._wrong("There is no ID-porten at", answer, context)
        if metadata.issuer != self._issuer:
            raise self._wrong("Another issuer answers at", answer, context)
        if metadata.foreign() is not None:
            raise self._wrong("An endpoint on a foreign host is named by", answer, context)
        return metadata

    def _wrong(self, what: str, answer: Answer, context: Context) -> TokenRefused:
        return TokenRefused(
            f"{what} {self._issuer}. Check the environment's idporten address; it has no slash at its end.",
            code="metadata",
            permanent=True,
            context=context,
            status=answer.status,
        )

    def _context(self, url: str, client: Client | None, method: str, connection: str | None = None) -> Context:
        return Context(
            at=self._now(),
            method=method,
            url_path=urlsplit(url).path,
            connection=client.connection if client is not None else connection,
            server="ID-porten",
        )


def _is_unknown(answer: Answer) -> bool:
    return answer.status in (400, 401) and oauth_error(answer.body)[0] == "invalid_client"


def _later(now: datetime, seconds: float | None) -> datetime | None:
    try:
        return None if seconds is None else now + timedelta(seconds=seconds)
    except OverflowError:
        return None
