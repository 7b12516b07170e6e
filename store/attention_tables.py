"""What the interpretation says, and the obligations it opened; part of the schema in `store.tables`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from store.columns import Table, instant, json_text


class Verdict(Table, table=True):
    """What the interpretation says of a dialog, and what it was said on: a dialog is judged again when `evidence_at` is
    no longer its `last_changed_at`, when the rules are others, or when `next_look_at` has come."""

    dialog_id: str = Field(primary_key=True, foreign_key="dialog.id")
    needs_attention: bool
    next_step: str
    actor: str
    deadline: str | None = instant()
    reasons: str | None = json_text()
    because_nb: str | None = Field(default=None, sa_column=Column(Text))
    because_en: str | None = Field(default=None, sa_column=Column(Text))
    decided_at: str = instant(nullable=False)  # when it last came out differently
    rule: str | None = None  # the rule that decided
    evidence: str | None = None  # digest of what it rests on: another one is new evidence
    evidence_at: str | None = instant()  # the dialog's `last_changed_at` that it was judged on
    judged_at: str | None = instant()  # when it was last judged, whatever came of it
    rules: str | None = None  # digest of the rules that it was judged by
    next_look_at: str | None = instant()  # when it may come out differently by the clock alone
    pending_since: str | None = instant()  # it rests on what changes silently, and waits for another read


class AttentionItem(Table, table=True):
    """One obligation with a life: opened, snoozed, done by hand, closed by evidence. Open while `closed_at` is null."""

    __tablename__ = "attention_item"

    id: int | None = Field(default=None, primary_key=True)
    dialog_id: str = Field(foreign_key="dialog.id", index=True)
    next_step: str
    actor: str
    deadline: str | None = instant()
    reasons: str | None = json_text()
    because_nb: str | None = Field(default=None, sa_column=Column(Text))
    because_en: str | None = Field(default=None, sa_column=Column(Text))
    opened_at: str = instant(nullable=False)
    changed_at: str | None = instant()
    snoozed_until: str | None = instant()
    closed_at: str | None = instant()
    closed_by: str | None = None  # evidence | hand | rule
    evidence: str | None = None  # digest of the evidence that it was last judged on
    follows: int | None = None  # the item of the same dialog that was closed before it


class AttentionEvent(Table, table=True):
    """One event in the life of an item, with the item's step, actor and deadline after it."""

    __tablename__ = "attention_event"

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="attention_item.id", index=True)
    dialog_id: str = Field(index=True)
    at: str = instant(nullable=False)
    what: str  # opened | reopened | changed | overdue | snoozed | woken | done | closed
    next_step: str
    actor: str
    deadline: str | None = instant()


_item = Table.metadata.tables["attention_item"]
# A dialog has one obligation open at a time, whoever judges it.
_open = _item.c.closed_at.is_(None)
Index("ix_attention_item_open", _item.c.dialog_id, unique=True, sqlite_where=_open, postgresql_where=_open)
