"""The table of unread marks that are owed; part of the schema in `store.tables`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from store.types import Instant


class Duty(SQLModel, table=True):
    """An opening whose unread mark we owe: recorded before the opening leaves, settled when the mark is back or need
    not come back. The newest of a dialog stands here, settled ones too: what became of an opening can be asked later."""

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
    next_try_at: str | None = Field(default=None, sa_column=Column(Instant()))
    last_error: str | None = Field(default=None, sa_column=Column(Text))
    settled_at: str | None = Field(default=None, sa_column=Column(Instant()))
    outcome: str | None = None


_duty = SQLModel.metadata.tables["duty"]
# Few stand at any time, however many there were.
_standing = _duty.c.settled_at.is_(None)
Index("ix_duty_standing", _duty.c.recorded_at, sqlite_where=_standing, postgresql_where=_standing)
