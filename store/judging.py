"""What judging dialogs reads and writes, as plain data. Knows no database, so the passes can build it without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from store.batch import Row

Happening = Literal["opened", "reopened", "changed", "overdue", "snoozed", "woken", "done", "closed"]


@dataclass(slots=True, frozen=True)
class Docket:
    """One dialog as it is judged: its bodies by kind, what the archive knows besides, and what was said before.

    `dialog` has party, connection, identity, presence, access, details_status, details_problem, looked_at and
    last_changed_at. `hot_at` is the start of the newest hot pass of the mailbox it is read through. `item` is the
    newest attention item, closed ones included.
    """

    id: str
    dialog: Row
    hot_at: str | None
    bodies: Mapping[str, bytes]
    verdict: Row | None = None
    item: Row | None = None


@dataclass(slots=True)
class Judgement:
    """What is written of one dialog.

    `verdict` is its whole row. `differs`: it came out differently than the one that stands. Of the item either
    `opens` is a new row (without id), or `alters` holds the columns that change in the one that stands. `happened`
    names the events that are written down with it. `stood` is `judged_at` and `next_look_at` of the verdict that it was
    laid beside, both None where there was none: somebody else's judging, or a word by hand, in between lets this one
    lapse. Without it nobody looks.
    """

    dialog_id: str
    verdict: Row
    differs: bool
    item_id: int | None = None
    opens: Row | None = None
    alters: Row = field(default_factory=dict)
    happened: tuple[Happening, ...] = ()
    told: Row = field(default_factory=dict)  # next_step, actor and deadline of the events
    stood: tuple[str | None, str | None] | None = None


@dataclass(slots=True, frozen=True)
class Judged:
    """What a write of judgements did: rows of verdicts that differ, rows of items, events by name; `moved` dialogs were
    left out because they changed, or others judged them, meanwhile."""

    verdicts: int = 0
    items: int = 0
    moved: int = 0
    events: Mapping[str, int] = field(default_factory=dict)
