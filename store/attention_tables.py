"""What the interpretation says, and the obligations it opened; part of the schema in `store.tables`."""

from __future__ import annotations

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel

from store.columns import instant, json_text


class Verdict(SQLModel, table=True):
    """What the interpretation says of a dialog now."""

    dialog_id: str = Field(primary_key=True, foreign_key="dialog.id")
    needs_attention: bool
    next_step: str
    actor: str
    deadline: str | None = instant()
    reasons: str | None = json_text()
    because_nb: str | None = Field(default=None, sa_column=Column(Text))
    because_en: str | None = Field(default=None, sa_column=Column(Text))
    decided_at: str = instant(nullable=False)


class AttentionItem(SQLModel, table=True):
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
    closed_by: str | None = None  # evidence | hand
