"""What one transaction writes, as plain data. Knows no database, so the passes can build it without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

Value = str | int | bool | bytes | None
Row = dict[str, Value]

STILL_DUE = timedelta(days=30)  # so long a due date that has passed keeps a dialog unsettled

# Children that a fresh read replaces as a whole: what it no longer names gets `removed_at`.
OWNED = (
    "transmission",
    "navigational_action",
    "activity",
    "attachment",
    "attachment_url",
    "api_action",
    "api_endpoint",
    "gui_action",
)


@dataclass(slots=True, frozen=True)
class CurrentPayload:
    """The newest stored body of one kind, decompressed."""

    version: int
    body: bytes


@dataclass(slots=True)
class DialogRows:
    """Everything the archive will hold of one dialog after the write.

    `rows` maps a table name to its complete rows for this dialog. For a table of `OWNED` that is a key of `rows`, rows
    of this dialog that stand in the archive and are not in the list get `removed_at`; a table that is no key is left
    alone. `label` is replaced as a set; `seen` and `label_log` only grow. `payloads` maps a kind to its new body
    (uncompressed); only kinds that differ are here.
    """

    dialog: Row
    rows: dict[str, list[Row]] = field(default_factory=dict)
    payloads: dict[str, bytes] = field(default_factory=dict)
    payload_versions: Mapping[str, int] = field(
        default_factory=dict
    )  # the versions that all this was made from, by kind: where others stand by now, somebody was faster
    changes: list[Row] = field(default_factory=list)  # of table change, without id
    is_new: bool = False
    partial: frozenset[str] = frozenset()  # tables of `rows` that are known in part: nothing of them gets `removed_at`


@dataclass(slots=True, frozen=True)
class CursorMove:
    """A mailbox's promise of completeness, moved in the transaction that makes it true. It never moves backwards."""

    connection: str
    identity: str
    party: str
    cursor_at: str | None
    backfilled_at: str | None = None
    last_poll_at: str | None = None


@dataclass(slots=True, frozen=True)
class Look:
    """A dialog was read again, whatever came of it. Times are canonical; None leaves what stands."""

    dialog_id: str
    children_read_at: str | None = None  # its transmissions were asked for, or the label log of a dialog without any
    opened_at: str | None = None
    looked_at: str | None = None  # all that may have changed silently was read


@dataclass(slots=True)
class Batch:
    """One transaction: dialogs with their children, history, payloads, cursors and quarantine, all or nothing."""

    at: str  # canonical time of the write
    dialogs: list[DialogRows] = field(default_factory=list)
    cursors: list[CursorMove] = field(default_factory=list)
    quarantine: list[Row] = field(
        default_factory=list
    )  # rows of table quarantine; an id that stands counts one more try
    released: list[str] = field(default_factory=list)  # quarantine ids that could be read now
    looks: list[Look] = field(default_factory=list)
    duties: list[Row] = field(default_factory=list)  # rows of table duty: what became of them, the key and what differs
    levels: Mapping[str, int] = field(default_factory=dict)  # service → the level that it was found to ask for
    reconsidered: list[str] = field(default_factory=list)  # dialogs of which earlier refusals say nothing any more
    refusals: list[Row] = field(default_factory=list)  # rows of table refusal


@dataclass(slots=True, frozen=True)
class Written:
    """What a write did. Rows of bookkeeping (cursor, run, quarantine, looks) are not counted."""

    dialogs: int = 0
    rows: int = 0
    changes: int = 0


@dataclass(slots=True, frozen=True)
class Known:
    """What the archive holds of a dialog, as far as planning needs it."""

    id: str
    party: str
    list_digest: bytes | None
    presence: str
    access: str
    details_status: int | None
    opened_at: str | None
    updated_at: str | None
    children_status: int | None
    first_seen_at: str
    texts_full: bool = True
    delegated: bool = False
    reader: tuple[str | None, str | None] = (None, None)  # connection and identity that read it last


@dataclass(slots=True, frozen=True)
class Standing:
    """A dialog that a pass may read again, as far as it must know it beforehand."""

    id: str
    party: str
    updated_at: str | None
