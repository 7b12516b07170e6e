"""How the demo inbox is written down: a script of dated exchanges with ids that are the same every time.

A `Script` collects what service owners send and what humans do; `Dialog` is the handle of one dialog in it. Nothing
here talks to anybody: the result is data (`Script.exchanges`), applied by whoever holds a world.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sync.sandbox.seed.people import ACTS_FOR, Party, Person

Body = dict[str, object]
Exchange = dict[str, object]
SERVICE_OWNER: Body = {"actorType": "ServiceOwner"}


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("/".join(parts).encode(), digest_size=16).digest()


def iso(moment: datetime) -> str:
    """UTC with microseconds and a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def uuid7(moment: datetime, *parts: str) -> str:
    """A UUID of version 7 with the time of `moment` and bits that follow from `parts`."""
    milliseconds = int(moment.timestamp() * 1000)
    random = int.from_bytes(_digest(*parts), "big")
    value = milliseconds << 80 | 0x7 << 76 | (random >> 64 & 0xFFF) << 64 | 0b10 << 62 | random & ((1 << 62) - 1)
    return str(uuid.UUID(int=value))


def uuid4(*parts: str) -> str:
    """A UUID that looks random and follows from `parts`: producers' own ids."""
    return str(uuid.UUID(bytes=_digest(*parts), version=4))


def texts(nb: str, nn: str | None = None, en: str | None = None) -> list[Body]:
    """Localised values, those given."""
    return [{"value": value, "languageCode": code} for code, value in (("nb", nb), ("nn", nn), ("en", en)) if value]


def plain(nb: str, nn: str | None = None, en: str | None = None) -> Body:
    """A plain-text content value."""
    return {"value": texts(nb, nn, en), "mediaType": "text/plain"}


def embed(url: str) -> Body:
    """A front channel embed: an address whose text the reader's browser fetches."""
    return {
        "value": texts(url),
        "mediaType": "application/vnd.dialogporten.frontchannelembed-url;type=text/markdown",
    }


def by(actor: Person | str) -> Body:
    """Someone of the party, by national id, or by name where the producer knows no more."""
    if isinstance(actor, Person):
        return {"actorType": "PartyRepresentative", "actorId": actor.urn}
    return {"actorType": "PartyRepresentative", "actorName": actor}


@dataclass(frozen=True)
class Entry:
    """What the script's catalogue says of one dialog: its id, the reference row it shows, party and service."""

    id: str
    row: str
    party: Party
    service: str


@dataclass
class Script:
    """Dated exchanges, all before `now`."""

    now: datetime
    catalogue: list[Entry] = field(default_factory=list)
    _exchanges: list[tuple[datetime, int, Exchange]] = field(default_factory=list)

    def day(self, days_ago: int, clock: str, *salt: str) -> datetime:
        """`clock` (HH:MM, UTC) that many days ago, with seconds that follow from `salt`. At least one day ago."""
        hour, minute = clock.split(":")
        noise = int.from_bytes(_digest(clock, str(days_ago), *salt)[:4], "big") % 59_999_999
        start = self.now.astimezone(UTC).replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        return start - timedelta(days=days_ago) + timedelta(microseconds=noise)

    def due(self, days_ahead: int) -> str:
        """The end of a Norwegian day, that many days from now (negative: it has passed)."""
        start = self.now.astimezone(UTC).replace(hour=21, minute=59, second=59, microsecond=0)
        return iso(start + timedelta(days=days_ahead))

    def write(self, at: datetime, method: str, path: str, body: object = None, *, silent: bool = False) -> None:
        """A service owner's request; `path` without the prefix `/api/v1/serviceowner`."""
        query = "?isSilentUpdate=true" if silent else ""
        self._add(at, None, method, f"/api/v1/serviceowner{path}{query}", body)

    def human(self, at: datetime, person: Person, method: str, path: str, body: object = None) -> None:
        """A person's own request; `path` without the prefix `/api/v1/enduser`."""
        self._add(at, person.caller, method, f"/api/v1/enduser{path}", body)

    def _add(self, at: datetime, caller: str | None, method: str, path: str, body: object) -> None:
        headers = {} if body is None else {"Content-Type": "application/json"}
        exchange: Exchange = {"at": iso(at)}
        if caller is not None:
            exchange["caller"] = caller
        exchange["request"] = {"method": method, "path": path, "headers": headers, "body": body}
        self._exchanges.append((at, len(self._exchanges), exchange))

    def create(
        self,
        row: str,
        key: str,
        at: datetime,
        party: Party,
        service: str,
        body: Mapping[str, object],
        *,
        silent: bool = False,
    ) -> Dialog:
        """Creates a dialog on `service` (without the resource prefix). `key` is its name in the script."""
        dialog_id = uuid7(at, key)
        resource = f"urn:altinn:resource:{service}"
        self.catalogue.append(Entry(dialog_id, row, party, resource))
        create: Body = {"id": dialog_id, "serviceResource": resource, "party": party.urn, **body}
        self.write(at, "POST", "/dialogs", create, silent=silent)
        return Dialog(self, key, dialog_id, party, at)

    def exchanges(self) -> list[Exchange]:
        """Everything in time order."""
        return [exchange for _, _, exchange in sorted(self._exchanges, key=lambda entry: entry[:2])]


@dataclass
class Dialog:
    """One dialog of a script, and what happens to it."""

    script: Script
    key: str
    id: str
    party: Party
    created: datetime
    _transmissions: int = 0

    @property
    def person(self) -> Person:
        """The human who acts for this dialog's party."""
        return ACTS_FOR[self.party]

    def after(self, *, days: int = 0, minutes: float = 0) -> datetime:
        """A moment after creation."""
        return self.created + timedelta(days=days, minutes=minutes)

    def change(self, at: datetime, operations: Mapping[str, object], *, silent: bool = False) -> None:
        """Replaces what the pointers name; None removes."""
        patch = [
            {"op": "remove", "path": path} if value is None else {"op": "add", "path": path, "value": value}
            for path, value in operations.items()
        ]
        self.script.write(at, "PATCH", f"/dialogs/{self.id}", patch, silent=silent)

    def transmission_id(self, at: datetime) -> str:
        """The id that the next transmission of this dialog gets when it is sent at that time."""
        self._transmissions += 1
        return uuid7(at, self.key, "transmission", str(self._transmissions))

    def transmission(
        self,
        at: datetime,
        kind: str,
        title: Body,
        *,
        sender: Body | None = None,
        silent: bool = False,
        related: str | None = None,
        reference: str | None = None,
        content: Body | None = None,
        **more: object,
    ) -> str:
        """Adds a transmission; gives its id. `content` adds to the title, `reference` is its contentReference."""
        transmission_id = self.transmission_id(at)
        parts: Body = {"title": title, **(content or {})}
        if reference is not None:
            parts["contentReference"] = embed(reference)
        body: Body = {"id": transmission_id, "type": kind, "sender": sender or SERVICE_OWNER, "content": parts, **more}
        if related is not None:
            body["relatedTransmissionId"] = related
        self.script.write(at, "POST", f"/dialogs/{self.id}/transmissions", body, silent=silent)
        return transmission_id

    def edited(self, at: datetime, transmission: str, kind: str, title: Body, created: datetime) -> None:
        """Rewrites a transmission afterwards, which is only ever possible in silence."""
        body: Body = {"type": kind, "createdAt": iso(created), "sender": SERVICE_OWNER, "content": {"title": title}}
        self.script.write(at, "PUT", f"/dialogs/{self.id}/transmissions/{transmission}", body, silent=True)

    def activity(
        self,
        at: datetime,
        kind: str,
        performed_by: Body | None = None,
        *,
        silent: bool = False,
        text: Sequence[Body] = (),
        transmission: str | None = None,
    ) -> None:
        """Adds an activity, performed by this party's human unless said otherwise."""
        body: Body = {"type": kind, "performedBy": performed_by or by(self.person)}
        if text:
            body["description"] = list(text)
        if transmission is not None:
            body["transmissionId"] = transmission
        self.script.write(at, "POST", f"/dialogs/{self.id}/activities", body, silent=silent)

    def opened(self, at: datetime, person: Person | None = None) -> Dialog:
        """A human opens the dialog in the portal."""
        self.script.human(at, person or self.person, "GET", f"/dialogs/{self.id}")
        return self

    def labelled(self, at: datetime, label: str, person: Person | None = None) -> Dialog:
        """A human archives, bins or marks the dialog as unopened."""
        path = f"/dialogs/{self.id}/context/systemlabels"
        self.script.human(at, person or self.person, "PUT", path, {"addLabels": [label]})
        return self

    def deleted(self, at: datetime, *, silent: bool = False) -> Dialog:
        """Soft-deleted by the service owner."""
        self.script.write(at, "DELETE", f"/dialogs/{self.id}", silent=silent)
        return self

    def restored(self, at: datetime) -> Dialog:
        """Brought back after a soft delete."""
        self.script.write(at, "POST", f"/dialogs/{self.id}/actions/restore")
        return self

    def purged(self, at: datetime) -> Dialog:
        """Gone for good."""
        self.script.write(at, "POST", f"/dialogs/{self.id}/actions/purge")
        return self
