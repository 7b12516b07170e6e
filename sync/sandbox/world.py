"""The world: every dialog, the clock, who may do what, and what goes wrong on demand. All in memory."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sync.sandbox.access import EVERYTHING, Access, Grants
from sync.sandbox.altinn_exchange import Exchange, Upstream, issuer_of
from sync.sandbox.callers import Caller, Issuers
from sync.sandbox.clock import Clock, real_now
from sync.sandbox.dialogs import Dialog, JsonObject
from sync.sandbox.idporten_grants import IdPorten
from sync.sandbox.ids import Ids, ephemeral_id
from sync.sandbox.parties import PERSON
from sync.sandbox.registry import Registry
from sync.sandbox.requests import RequestLog
from sync.sandbox.switches import Switches

if TYPE_CHECKING:
    from sync.sandbox.routing import Router

LOCAL_CALLER = Caller(
    "person",
    "pid:03886595947",
    "urn:altinn:person:identifier-no:03886595947",
    4,
    consumer="991825827",
    via_service_owner=True,
)
LOCAL_NAME = "Gunnar Gunnarson"


@dataclass(slots=True)
class LateWrite:
    """A write that was answered but is not in the data yet: when it lands, and what does it."""

    due: datetime
    at: datetime
    commit: Callable[[], object]


class World:
    """State of one sandbox. Everything goes through `lock`; the HTTP app takes it, and so does `apply`.

    now         the real clock (a test may give its own); the world's own time is `clock`
    seed        of the ids and revisions
    local_mode  as the genuine server's local mode: no authentication, one caller who may do everything
    """

    def __init__(
        self, *, now: Callable[[], datetime] = real_now, seed: int = 20260101, local_mode: bool = False
    ) -> None:
        self.real_now = now
        self.clock = Clock(now)
        self.local_mode = local_mode
        self.base_url = "http://127.0.0.1:8400"
        self.access = Access()
        self.issuers = Issuers()
        self.registry = Registry()
        self.idporten = IdPorten()
        self.exchange = Exchange()
        self.switches = Switches()
        self.requests = RequestLog()
        self.ids = Ids(seed)
        self.salt = secrets.token_hex(8)
        self.dialogs: dict[str, Dialog] = {}
        self.by_party: dict[str, dict[str, Dialog]] = {}
        self.purged: dict[str, str] = {}
        self.version = 0
        self.lock = threading.RLock()
        self._late: list[LateWrite] = []
        self._router: Router | None = None

    @property
    def router(self) -> Router:
        """The API over this world."""
        if self._router is None:
            from sync.sandbox.routes import router_for  # the routes need the world, so they come later

            self._router = router_for(self)
        return self._router

    @property
    def issuer(self) -> str:
        """The token issuer's name, as its metadata and its tokens spell it."""
        return f"{self.base_url}/maskinporten/"

    @property
    def idporten_issuer(self) -> str:
        """ID-porten's name, which has no slash at its end."""
        return f"{self.base_url}/idporten"

    @property
    def upstream(self) -> Upstream:
        """Whose tokens the Altinn exchange takes, and its own name."""
        return Upstream(self.issuer, self.idporten_issuer, issuer_of(self.base_url))

    def issuer_now(self) -> datetime:
        """The issuers' time: the real clock with its skew."""
        return self.real_now() + timedelta(seconds=self.registry.date_skew_seconds)

    def persons(self) -> list[tuple[str, str]]:
        """National id and name of everybody of the access model who can log in."""
        ids = [caller.removeprefix("pid:") for caller in self.access.callers if caller.startswith("pid:")]
        return [(pid, self.access.names.get(f"pid:{pid}", "Ola Ukjent")) for pid in ids]

    def now(self) -> str:
        """The world's time as an instant."""
        return self.clock.text()

    def new_id(self) -> str:
        """An id for something that comes into being now."""
        return self.ids.entity(self.clock.now())

    def resalt(self) -> None:
        """What a restart of the server does: every ephemeral id is another from now on."""
        self.salt = secrets.token_hex(8)

    def add(self, dialog: Dialog) -> None:
        """Puts a dialog into the world."""
        self.dialogs[dialog.id] = dialog
        self.by_party.setdefault(dialog.party, {})[dialog.id] = dialog
        self.touch(dialog)

    def remove(self, dialog: Dialog) -> None:
        """Takes a dialog out for good; only its id and party are remembered."""
        del self.dialogs[dialog.id]
        del self.by_party[dialog.party][dialog.id]
        self.purged[dialog.id] = dialog.party
        self.version += 1

    def touch(self, dialog: Dialog) -> None:
        """Must follow every change of a dialog: what was rendered of it is stale."""
        dialog.rendered.clear()
        self.version += 1

    def forget_rendered(self) -> None:
        """Must follow every change of mode or rights."""
        for dialog in self.dialogs.values():
            dialog.rendered.clear()
        self.version += 1

    def grants(self, caller: Caller) -> Grants:
        """What the caller may do."""
        return EVERYTHING if self.local_mode else self.access.grants(caller)

    def caller_name(self, caller: Caller) -> str:
        """The name under which the caller's doings are logged."""
        return LOCAL_NAME if self.local_mode else self.access.name_of(caller)

    def actor_name(self, actor_id: str) -> str:
        """The register's name for somebody whom a service owner named by id."""
        if self.local_mode:
            return LOCAL_NAME
        key = f"pid:{actor_id.removeprefix(PERSON)}" if actor_id.startswith(PERSON) else actor_id.split(":")[-1]
        return self.access.names.get(key) or self.access.names.get(actor_id) or "Ukjent Navn"

    def masked(self, actor: JsonObject) -> JsonObject:
        """An actor as readers see it: persons' ids are ephemeral."""
        actor_id = actor.get("actorId")
        if not isinstance(actor_id, str) or not actor_id.startswith("urn:altinn:person:"):
            return actor
        return {**actor, "actorId": ephemeral_id(actor_id, self.salt)}

    def commit_later(self, due: datetime, at: datetime, commit: Callable[[], object]) -> None:
        """Queues a write that lands at `due`, as if done at `at`."""
        self._late.append(LateWrite(due, at, commit))

    def commit_due(self) -> None:
        """Lets the queued writes land whose time has come."""
        if not self._late:
            return
        now = self.clock.now()
        due = [write for write in self._late if write.due <= now]
        self._late = [write for write in self._late if write.due > now]
        for write in due:
            with self.clock.at(write.at):
                write.commit()

    def apply(self, step: Mapping[str, Any], at: datetime | None = None) -> JsonObject:
        """Does one recorded-style exchange: `{"at", "request": {"method", "path", "headers", "body"}, "caller"?}`.

        The clock stands at `at`, else at the step's own `at`, while it is done. An id in the step's recorded
        answer (or in `"id"`) is given to what it creates. `caller` (an id of the access model) makes the request
        without a token. Answers `{"status", "headers", "body"}`.
        """
        from sync.sandbox.steps import apply_step  # steps need the routes, the routes need the world

        return apply_step(self, step, at)
