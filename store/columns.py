"""What the tables have in common, and the kinds of column that several share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel

from store.types import Instant


class Table(SQLModel):
    """One table of the schema. Rows are written and read in bulk, never as objects of these classes, so what would
    check such an object is not built: that took every command a fifth of its start.
    """

    model_config = {"defer_build": True}


def instant(*, primary_key: bool = False, nullable: bool = True, index: bool = False) -> Any:
    """A canonical time (`store.types.Instant`)."""
    return Field(
        default=None,
        sa_column=Column(Instant(), primary_key=primary_key, nullable=nullable and not primary_key, index=index),
    )


def json_text() -> Any:
    """JSON, as text on both engines."""
    return Field(default=None, sa_column=Column(Text, nullable=True))


def count(default: int | None = 0) -> Any:
    """A number that the server gave."""
    # 64 bits on both engines: SQLite has no less, and the server may count as it likes.
    return Field(default=default, sa_column=Column(BigInteger, nullable=default is None, default=default))
