"""What a sweep asks of the archive and what it publishes, as plain data. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass, field

from store.batch import Row


@dataclass(slots=True, frozen=True)
class Held:
    """A dialog of the archive, as far as a sweep must know it. `connection` and `identity` read it last."""

    id: str
    party: str
    presence: str
    delegated: bool
    connection: str | None
    identity: str | None
    created_at: str | None
    first_seen_at: str
    last_changed_at: str
    probed_at: str | None  # when we last asked why it is missing


@dataclass(slots=True, frozen=True)
class Listed:
    """The dialogs of `party` that an identity listed at its latest complete sweep, which began at `swept_at`."""

    connection: str
    identity: str
    party: str
    dialog_ids: frozenset[str]
    swept_at: str


@dataclass(slots=True, frozen=True)
class PresenceChange:
    """A dialog is present or missing otherwise than it was. `access` None leaves what stands; `held_at` is the
    `last_changed_at` that the sweep found: written since then, the dialog was met by somebody else.
    """

    dialog_id: str
    before: str
    after: str
    access: str | None = None
    held_at: str | None = None


@dataclass(slots=True)
class Publication:
    """What the sweep of one mailbox makes known, in one transaction."""

    at: str
    changes: list[PresenceChange] = field(default_factory=list)
    probed: list[str] = field(default_factory=list)  # dialogs that we asked about, whatever came of it
    handed_over: list[tuple[str, str, str]] = field(
        default_factory=list
    )  # dialog, and the connection and identity that still list it
    listed: list[Listed] = field(default_factory=list)
    mailboxes: list[Row] = field(default_factory=list)
