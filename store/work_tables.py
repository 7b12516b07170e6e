"""What the archive keeps about its own work: mailboxes, runs, listings, owed marks, what was set aside, the
keys it signs with.

Part of the schema in `store.tables`.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Text
from sqlmodel import Field

from store.columns import Table, count, instant
from store.types import Instant


class Mailbox(Table, table=True):
    """One party as one identity of one connection sees it; it owns a cursor. `identity` is the system user
    (`310000108` or `310000108/lonn`), or empty where the connection has only one."""

    connection: str = Field(primary_key=True)
    identity: str = Field(primary_key=True)
    party: str = Field(primary_key=True)
    state: str = "active"  # active | lost
    cursor_at: str | None = instant()  # everything updated before this was read, at the latest poll
    backfilled_at: str | None = instant()  # when the first full walk came to its end
    last_poll_at: str | None = instant()
    last_hot_at: str | None = instant()
    last_sweep_at: str | None = instant()
    last_deep_at: str | None = instant()  # the newest step of the deep pass
    deep_since: str | None = instant()  # when its current cycle began; null = at `backfilled_at`
    swept_count: int | None = count(None)  # dialogs listed at the latest sweep that was published
    alarm: str | None = Field(default=None, sa_column=Column(Text))  # why the latest sweep was not published
    alarm_at: str | None = instant()
    lost_since: str | None = instant()
    missing_since: str | None = instant()  # the first sweep that found it lost
    gone_at: str | None = instant()  # when its dialogs became no_access because it is lost
    error: str | None = None  # why the newest pass failed, as a sentence; null when it did not
    error_at: str | None = instant()
    first_seen_at: str = instant(nullable=False)


class SyncRun(Table, table=True):
    """One pass of one identity: what it did and how it ended."""

    __tablename__ = "sync_run"

    id: int | None = Field(default=None, primary_key=True)
    kind: str = "poll"
    connection: str
    identity: str
    started_at: str = instant(nullable=False)
    finished_at: str | None = instant()
    outcome: str | None = None  # ok | partial | failed | stopped; null = still running, or cut off
    parties: int = 0
    requests: int = 0
    items_read: int = 0
    dialogs_written: int = 0
    rows_written: int = 0
    changes_written: int = 0
    openings: int = 0
    quarantined: int = 0
    error: str | None = Field(default=None, sa_column=Column(Text))


class Quarantine(Table, table=True):
    """An item or dialog that could not be read, kept raw with its reason until it can be."""

    id: str = Field(primary_key=True)  # kind + dialog id, or kind + digest of the bytes when they name no dialog
    kind: str  # list, detail, transmissions, activities, seenlog, labellog
    dialog_id: str | None = Field(default=None, index=True)
    party: str | None = None
    connection: str | None = None
    identity: str | None = None
    reason: str = Field(sa_column=Column(Text, nullable=False))
    first_seen_at: str = instant(nullable=False)
    last_tried_at: str = instant(nullable=False)
    tries: int = 1
    next_try_at: str | None = instant()
    payload: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class Listing(Table, table=True):
    """The dialogs of one party that one identity listed at its latest complete sweep. Several identities may read one
    party, each with its own rights: what one no longer lists may still be listed by another. A party that is no mailbox
    of the identity stands here for the single dialogs of it that are delegated."""

    connection: str = Field(primary_key=True)
    identity: str = Field(primary_key=True)
    party: str = Field(primary_key=True)
    dialog_ids: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # 16 bytes each, sorted
    swept_at: str = Field(sa_column=Column(Instant(), nullable=False))  # when that sweep began


class Duty(Table, table=True):
    """An opening whose unread mark we owe: recorded before the opening leaves, settled when the mark is back or need
    not come back. The newest of a dialog stands here, settled ones too: what became of an opening can be asked later.
    """

    dialog_id: str = Field(primary_key=True)  # no foreign key: a new dialog is opened before it is written
    connection: str
    identity: str
    party: str
    created_at: str | None = Field(default=None, sa_column=Column(Instant()))  # the dialog's own
    context_revision: str | None = None
    labels: str | None = Field(default=None, sa_column=Column(Text))
    seen_until: str | None = Field(default=None, sa_column=Column(Instant()))
    recorded_at: str = Field(sa_column=Column(Instant(), nullable=False))
    opened_at: str | None = Field(default=None, sa_column=Column(Instant()))
    tries: int = 0
    tried_at: str | None = Field(default=None, sa_column=Column(Instant()))
    next_try_at: str | None = Field(default=None, sa_column=Column(Instant()))
    last_error: str | None = Field(default=None, sa_column=Column(Text))
    settled_at: str | None = Field(default=None, sa_column=Column(Instant()))
    outcome: str | None = None


class ClientKey(Table, table=True):
    """A key that a connection signs, or signed, with; nothing of the key itself is here. It dies a year after it was
    registered (reference: auth §9), which its first use tells of where the operator does not."""

    __tablename__ = "client_key"

    connection: str = Field(primary_key=True)
    kid: str = Field(primary_key=True)
    client_id: str
    role: str | None = None  # key | next_key; null when the settings no longer name it
    first_used_at: str | None = Field(default=None, sa_column=Column(Instant()))
    refused_at: str | None = Field(default=None, sa_column=Column(Instant()))


class ServiceLevel(Table, table=True):
    """The authentication level that a service asks for, as it was last learned. Only services that somebody of ours
    stood before with too low a level are here."""

    __tablename__ = "service_level"

    service_resource: str = Field(primary_key=True)
    minimum_level: int
    learned_at: str = Field(sa_column=Column(Instant(), nullable=False))


class Refusal(Table, table=True):
    """One identity may not read a dialog as it stands. Kept so that it is not asked again at each poll; forgotten when
    the dialog changes."""

    dialog_id: str = Field(primary_key=True)
    connection: str = Field(primary_key=True)
    identity: str = Field(primary_key=True)
    reason: str  # denied | not_listed
    refused_at: str = Field(sa_column=Column(Instant(), nullable=False))


_duty = Table.metadata.tables["duty"]
# Few stand at any time, however many there were.
_standing = _duty.c.settled_at.is_(None)
Index("ix_duty_standing", _duty.c.recorded_at, sqlite_where=_standing, postgresql_where=_standing)
