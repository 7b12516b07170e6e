"""What a pass needs of the world, as protocols: the executors know neither httpx nor SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from store.batch import Batch, CurrentPayload, Known, Row, Standing, Written
from store.publication import Held, Listed, Publication
from sync.dialogporten.retry import Told
from sync.passes.walks import Walk

__all__ = ["Inbox", "Shelf", "Told"]


class Inbox(Protocol):
    """Dialogporten as one identity sees it. Bodies are whole 200 answers; everything else is raised from the error
    tree.
    """

    @property
    def requests(self) -> int:
        """How many requests have left so far."""

    @property
    def server_ahead(self) -> timedelta:
        """How far the server's clock is ahead of ours, by the newest answer."""

    @property
    def level(self) -> int | None:
        """Our authentication level; None where only the server knows it."""

    def parties(self) -> bytes: ...
    def search(self, walk: Walk) -> bytes: ...
    def dialog(self, dialog_id: str, leaving: Callable[[], None]) -> bytes:
        """The marking call: only under the opening policy. `leaving` is called right before each request of it leaves,
        after every wait; what it raises holds that one back.
        """

    def transmissions(self, dialog_id: str) -> bytes: ...
    def activities(self, dialog_id: str) -> bytes: ...
    def activity(self, dialog_id: str, activity_id: str) -> bytes: ...
    def seenlog(self, dialog_id: str) -> bytes: ...
    def labellog(self, dialog_id: str) -> bytes: ...
    def set_labels(self, dialog_id: str, add: Sequence[str], remove: Sequence[str], if_match: str) -> str:
        """The one write: only to put an unread mark back (`sync.passes.restoring`)."""

    def lookup(self, instance_ref: str) -> bytes:
        """What is behind `urn:altinn:dialog-id:…`; no trace."""

    def service_resources_metadata(self) -> bytes:
        """Every service with its minimum authentication level; may well be refused."""


class Reach(Protocol):
    """What the archive remembers of who may read what (`store.reach`)."""

    def levels(self) -> Mapping[str, int]: ...
    def refused(self, reader: tuple[str, str], ids: Sequence[str]) -> frozenset[str]: ...
    def refused_longest(self, reader: tuple[str, str], limit: int) -> Sequence[str]: ...
    def locked(self, reader: tuple[str, str], level: int, limit: int) -> Sequence[Standing]: ...


class Shelf(Protocol):
    """The archive, as far as a pass reads and writes it."""

    @property
    def reach(self) -> Reach: ...
    def known(self, ids: Sequence[str]) -> Mapping[str, Known]: ...
    def payloads(
        self, ids: Sequence[str], kinds: Sequence[str] | None = None
    ) -> Mapping[str, Mapping[str, CurrentPayload]]: ...
    def write(self, batch: Batch) -> Written: ...
    def record_duties(self, rows: Sequence[Row]) -> None:
        """Durable when it returns."""

    def standing_duties(
        self, connection: str | None = None, identity: str | None = None, due_at: str | None = None
    ) -> Sequence[Row]: ...
    def parties_write(self, rows: Sequence[Row]) -> int: ...
    def mailboxes(self, connection: str | None = None, identity: str | None = None) -> Sequence[Row]: ...
    def mailboxes_write(self, rows: Sequence[Row]) -> None: ...
    def quarantined(self) -> Sequence[Row]: ...
    def unsettled(self, reader: tuple[str, str], parties: Collection[str], now: str) -> Sequence[Standing]: ...
    def rereadable(self, reader: tuple[str, str], ids: Sequence[str], now: str, *, since: str) -> Sequence[str]: ...
    def deep_count(
        self,
        reader: tuple[str, str],
        parties: Collection[str],
        before: str | None,
        now: str,
        *,
        delegated: bool,
        read_since: str | None = None,
        beyond: Collection[str] = (),
    ) -> int: ...
    def deep_due(
        self,
        reader: tuple[str, str],
        parties: Collection[str],
        before: str | None,
        now: str,
        *,
        delegated: bool,
        limit: int | None,
        beyond: Collection[str] = (),
    ) -> Sequence[Standing]: ...
    def held(self, party: str) -> Sequence[Held]: ...
    def delegating(self, connection: str, identity: str) -> Sequence[str]: ...
    def listed(self, party: str | None = None) -> Sequence[Listed]: ...
    def publish(self, publication: Publication) -> Written: ...
