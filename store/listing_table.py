"""The table of what each identity listed; part of the schema in `store.tables`."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from store.types import Instant


class Listing(SQLModel, table=True):
    """The dialogs of one party that one identity listed at its latest complete sweep. Several identities may read one
    party, each with its own rights: what one no longer lists may still be listed by another. A party that is no mailbox
    of the identity stands here for the single dialogs of it that are delegated."""

    connection: str = Field(primary_key=True)
    identity: str = Field(primary_key=True)
    party: str = Field(primary_key=True)
    dialog_ids: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # 16 bytes each, sorted
    swept_at: str = Field(sa_column=Column(Instant(), nullable=False))  # when that sweep began
