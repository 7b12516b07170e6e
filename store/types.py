"""Column types that give the same Python value on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from store.clock import instant_text


class Instant(TypeDecorator[str]):
    """A UTC time. In Python always text such as `2026-03-01T09:08:07.123456Z`; text on SQLite, `timestamptz` on
    PostgreSQL."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            # Not at the top: whoever has SQLite need not wait for the other engine's module.
            from sqlalchemy.dialects.postgresql import TIMESTAMP

            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        # The text is already what both engines take: no work for each value on the hot path.
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        if dialect.name != "postgresql":
            return None

        def to_text(value: datetime | None) -> str | None:
            return None if value is None else instant_text(value)

        return to_text
