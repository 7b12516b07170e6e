"""Fixtures that the tests of crashes share with those of the store: a real PostgreSQL."""

from __future__ import annotations

from tests.store.conftest import postgres_databases, postgres_url

__all__ = ["postgres_databases", "postgres_url"]
