"""Dialogporten's end-user calls for one identity. Raw bytes of complete 200 answers out; every refusal an error."""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from config.events import Event
from sync.auth.source import TokenSource
from sync.dialogporten.deep_items import deep_items_apart
from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    BadGateway,
    Context,
    NotAuthenticated,
    ServerFault,
    Unexpected,
    Unreachable,
    WrongScope,
    WrongUser,
)
from sync.dialogporten.http import Answer, HttpEdge, complete_json
from sync.dialogporten.origins import origin
from sync.dialogporten.refusals import refusal
from sync.dialogporten.retry import Retrier
from sync.dialogporten.search import SearchParams

__all__ = ["DialogportenClient", "SearchParams"]

ENDUSER: Final = "/api/v1/enduser"
METADATA: Final = "/api/v1/metadata"

# A token that is no good gets these everywhere (§2.3).
_OF_THE_TOKEN: Final = (NotAuthenticated, WrongScope, WrongUser)
_STILL_PROVEN: Final = timedelta(seconds=60)

T = TypeVar("T")


class DialogportenClient:
    """One for each token source (a system user, a person, a fixed token); thread safe.

    Every method answers the bytes of a complete 200 and raises a member of the error tree otherwise. Requests are
    repeated as the retrier allows; a 401 throws the token away, gets another and asks once more. Where one dialog is
    refused as if the token were to blame, the parties are asked for too: only if they are refused as well it is; else
    the answer is Unexpected and that dialog's own. `requests` counts what really left.
    """

    def __init__(
        self,
        http: HttpEdge,
        base: str,
        token: TokenSource,
        *,
        connection: str | None = None,
        retrier: Retrier | None = None,
    ) -> None:
        self._http = http
        self._base = base.rstrip("/")
        self._token = token
        self._connection = connection
        self.retrier = retrier or Retrier(wait=http.wait)
        self._count = 0
        self._proven: tuple[str, datetime] | None = None  # a token that was taken, and when
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        return self._count

    def new_run(self) -> None:
        """Another run begins: the connection may wait as long as its budget says once more."""
        self.retrier.budget.refill()

    @property
    def server_ahead(self) -> timedelta:
        """How far Dialogporten's clock is ahead of ours, at least; negative when it is behind."""
        found = origin(self._base)
        return self._http.clock.ahead(str(found)) if found else timedelta(0)

    def parties(self) -> bytes:
        """Every party the caller may act for; no paging (§7.1)."""
        return self._read(f"{ENDUSER}/parties")

    def limits(self) -> bytes:
        """How many values a search filter takes; asked without a token (§1.2)."""
        return self._read(f"{METADATA}/limits", anonymous=True)

    def service_resources_metadata(self) -> bytes:
        """Every service with its minimum authentication level; without a token. Optional: may be a 502 (§17 row 21)."""
        return self._read(f"{METADATA}/serviceresources", anonymous=True, optional=True)

    def search(self, params: SearchParams) -> bytes:
        """One page of list items (§3). Parties without rights are silently absent, never an error. An item that is
        nested without end is set apart (`sync.dialogporten.deep_items`).
        """
        party = params.parties[0] if len(params.parties) == 1 else None
        return self._read(f"{ENDUSER}/dialogs", params.query(), party=party, mend=deep_items_apart)

    def dialog(self, dialog_id: str, leaving: Callable[[], None] | None = None) -> bytes:
        """The full detail. MARKS THE DIALOG AS SEEN for everybody, even when it answers 500 (§5.2).

        Only where the opening policy allows. `leaving` is called right before each request leaves, the repeated ones
        too, when all waiting is over; what it raises holds that one back.
        """
        return self._read(_dialog(dialog_id), dialog_id=dialog_id, leaving=leaving)

    def transmissions(self, dialog_id: str) -> bytes:
        """Every transmission; leaves no trace (§5.5)."""
        return self._read(f"{_dialog(dialog_id)}/transmissions", dialog_id=dialog_id)

    def activities(self, dialog_id: str) -> bytes:
        """Every activity, without `performedBy`; leaves no trace."""
        return self._read(f"{_dialog(dialog_id)}/activities", dialog_id=dialog_id)

    def activity(self, dialog_id: str, activity_id: str) -> bytes:
        """One activity, with `performedBy`; leaves no trace."""
        return self._read(f"{_dialog(dialog_id)}/activities/{_uuid(activity_id)}", dialog_id=dialog_id)

    def seenlog(self, dialog_id: str) -> bytes:
        """Who has seen it; leaves no trace."""
        return self._read(f"{_dialog(dialog_id)}/seenlog", dialog_id=dialog_id)

    def labellog(self, dialog_id: str) -> bytes:
        """The history of its labels; leaves no trace."""
        return self._read(f"{_dialog(dialog_id)}/context/labellog", dialog_id=dialog_id)

    def lookup(self, instance_ref: str) -> bytes:
        """What is behind `urn:altinn:dialog-id:…` or an instance; no trace, and tells level from access (§7.4)."""
        prefix = "urn:altinn:dialog-id:"
        dialog_id = instance_ref.removeprefix(prefix) if instance_ref.startswith(prefix) else None
        query = urlencode({"instanceRef": instance_ref}, quote_via=quote, safe="")
        return self._read(f"{ENDUSER}/dialoglookup", query, dialog_id=dialog_id, optional=True)

    def set_labels(self, dialog_id: str, add: Sequence[str], remove: Sequence[str], if_match: str) -> str:
        """Removes, then adds system labels, if the label context still has the revision `if_match`; answers its new
        revision, the same one when nothing changed (§8.1).

        Outdated when somebody changed the labels meanwhile, Conflict when somebody does so right now. Only a request
        that was turned away (429, 503) is sent again: after a lost answer nobody knows whether it was carried out, so
        read the labels again before you repeat it.
        """
        body = json.dumps({"addLabels": list(add), "removeLabels": list(remove)}).encode()
        url = f"{self._base}{_dialog(dialog_id)}/context/systemlabels"
        headers = {"If-Match": _uuid(if_match)}  # quotes around it are a 400 (§17, s18)

        def put(bearer: str | None, context: Context) -> str:
            answer = self._http.put_json(url, body, context=context, bearer=bearer, headers=headers)
            if answer.status != 204:
                raise self._refused(answer, context)
            try:
                return _uuid(answer.headers.get("etag", "").strip('"'))
            except ValueError:
                sentence = "The labels were set, but the answer does not tell the revision they have now."
                raise BadBody(sentence, context=context, status=answer.status) from None

        call = self._as_caller(lambda bearer: self._exchange(put, bearer, url, method="PUT", dialog_id=dialog_id))

        def once() -> str | ArkivError:
            try:
                return call()
            except (Unreachable, BadGateway, ServerFault) as lost:
                return lost

        found = self._blamed(lambda: self.retrier.run(once), dialog_id)
        if isinstance(found, ArkivError):
            raise found
        return found

    def _read(
        self,
        path: str,
        query: str = "",
        *,
        dialog_id: str | None = None,
        party: str | None = None,
        anonymous: bool = False,
        optional: bool = False,
        mend: Callable[[bytes], bytes] | None = None,
        leaving: Callable[[], None] | None = None,
    ) -> bytes:
        url = f"{self._base}{path}" + (f"?{query}" if query else "")

        def get(bearer: str | None, context: Context) -> bytes:
            answer = self._http.get(url, context=context, bearer=bearer)
            if answer.status != 200:
                raise self._refused(answer, context)
            try:
                return complete_json(answer, context)
            except BadBody:
                if mend is None:
                    raise
                return complete_json(replace(answer, body=mend(answer.body)), context)

        def ask(bearer: str | None) -> bytes:
            return self._exchange(
                get, bearer, url, dialog_id=dialog_id, party=party, optional=optional, leaving=leaving
            )

        call: Callable[[], bytes] = (lambda: ask(None)) if anonymous else self._as_caller(ask)
        return self._blamed(lambda: self.retrier.run(call, optional=optional), dialog_id)

    def _blamed(self, call: Callable[[], T], dialog_id: str | None) -> T:
        """The call; a refusal of the token that only one dialog meets is raised as that dialog's (§2.3)."""
        try:
            return call()
        except _OF_THE_TOKEN as refused:
            if dialog_id is None:
                raise
            self._prove(self._token.bearer())
            raise Unexpected(
                f"This dialog alone was refused with {refused.status}, although our token is good. It is tried again; "
                "if it goes on, tell Dialogporten's service desk.",
                context=Context(
                    refused.at, refused.method or "GET", refused.url_path or "", self._connection, None, dialog_id
                ),
                status=refused.status,
                trace_id=refused.trace_id,
            ) from None

    def _prove(self, bearer: str) -> None:
        """Returns if the token is taken elsewhere, now or a moment ago; raises what is said of it otherwise."""
        if self._proven is None or self._proven[0] != bearer or self._http.now() - self._proven[1] > _STILL_PROVEN:
            self.parties()
            self._proven = bearer, self._http.now()

    def _exchange(
        self,
        send: Callable[[str | None, Context], T],
        bearer: str | None,
        url: str,
        *,
        method: str = "GET",
        dialog_id: str | None = None,
        party: str | None = None,
        optional: bool = False,
        leaving: Callable[[], None] | None = None,
    ) -> T:
        """One request in its turn, counted, and what came of it told to the retrier."""
        context = Context(
            at=self._http.now(),
            method=method,
            url_path=urlsplit(url).path,
            connection=self._connection,
            party=party,
            dialog_id=dialog_id,
        )
        self.retrier.admit(context)
        if leaving is not None:
            leaving()
        with self._lock:
            self._count += 1
        try:
            found = send(bearer, context)
        except ArkivError as error:
            self.retrier.heard(error, optional=optional)
            raise
        self.retrier.heard(None)
        return found

    def _refused(self, answer: Answer, context: Context) -> ArkivError:
        error = refusal(answer.status, answer.headers, answer.body, context)
        self._http.told(Event.REQUEST_REFUSED, {"error": type(error).__name__, **error.facts()})
        return error

    def _as_caller(self, ask: Callable[[str | None], T]) -> Callable[[], T]:
        def call() -> T:
            bearer = self._token.bearer()
            try:
                return ask(bearer)
            except NotAuthenticated:
                self._token.invalidate(bearer)
                fresh = self._token.bearer()
                if fresh == bearer:
                    raise
                return ask(fresh)

        return call


def _dialog(dialog_id: str) -> str:
    return f"{ENDUSER}/dialogs/{_uuid(dialog_id)}"


def _uuid(text: str) -> str:
    """The id as it goes into a path; ValueError unless a UUID, so that a hostile id cannot become another path."""
    return str(UUID(text))
