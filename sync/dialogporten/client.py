"""Dialogporten's end-user calls for one identity. Raw bytes of complete 200 answers out; every refusal an error."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from config.events import Event
from sync.auth.source import TokenSource
from sync.dialogporten.errors import Context, NotAuthenticated
from sync.dialogporten.http import HttpEdge, complete_json
from sync.dialogporten.origins import origin
from sync.dialogporten.refusals import refusal
from sync.dialogporten.retry import Retrier
from sync.dialogporten.search import SearchParams

__all__ = ["DialogportenClient", "SearchParams"]

ENDUSER: Final = "/api/v1/enduser"
METADATA: Final = "/api/v1/metadata"


class DialogportenClient:
    """One for each token source (a system user, a person, a fixed token); thread safe.

    Every method answers the bytes of a complete 200 and raises a member of the error tree otherwise. Requests are
    repeated as the retrier allows; a 401 throws the token away, gets another and asks once more. `requests` counts
    what really left.
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
        self._retrier = retrier or Retrier(wait=http.wait)
        self._count = 0
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        return self._count

    def new_run(self) -> None:
        """Another run begins: the connection may wait as long as its budget says once more."""
        self._retrier.budget.refill()

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
        return self._read(f"{METADATA}/serviceresources", anonymous=True)

    def search(self, params: SearchParams) -> bytes:
        """One page of list items (§3). Parties without rights are silently absent, never an error."""
        party = params.parties[0] if len(params.parties) == 1 else None
        return self._read(f"{ENDUSER}/dialogs", params.query(), party=party)

    def dialog(self, dialog_id: str) -> bytes:
        """The full detail. MARKS THE DIALOG AS SEEN for everybody, even when it answers 500 (§5.2).

        Only where the opening policy allows.
        """
        return self._read(_dialog(dialog_id), dialog_id=dialog_id)

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
        return self._read(f"{ENDUSER}/dialoglookup", query, dialog_id=dialog_id)

    def _read(
        self,
        path: str,
        query: str = "",
        *,
        dialog_id: str | None = None,
        party: str | None = None,
        anonymous: bool = False,
    ) -> bytes:
        url = f"{self._base}{path}" + (f"?{query}" if query else "")

        def ask(bearer: str | None) -> bytes:
            context = Context(
                at=self._http.now(),
                url_path=urlsplit(url).path,
                connection=self._connection,
                party=party,
                dialog_id=dialog_id,
            )
            with self._lock:
                self._count += 1
            answer = self._http.get(url, context=context, bearer=bearer)
            if answer.status != 200:
                error = refusal(answer.status, answer.headers, answer.body, context)
                self._http.told(Event.REQUEST_REFUSED, {"error": type(error).__name__, **error.facts()})
                raise error
            return complete_json(answer, context)

        def ask_as_caller() -> bytes:
            bearer = self._token.bearer()
            try:
                return ask(bearer)
            except NotAuthenticated:
                self._token.invalidate(bearer)
                fresh = self._token.bearer()
                if fresh == bearer:
                    raise
                return ask(fresh)

        call: Callable[[], bytes] = (lambda: ask(None)) if anonymous else ask_as_caller
        return self._retrier.run(call)


def _dialog(dialog_id: str) -> str:
    return f"{ENDUSER}/dialogs/{_uuid(dialog_id)}"


def _uuid(text: str) -> str:
    """The id as it goes into a path; ValueError unless a UUID, so that a hostile id cannot become another path."""
    return str(UUID(text))
