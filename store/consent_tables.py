"""The table of the vault: what is known of each person's consent, and its refresh token, sealed. Part of the schema in
`store.tables`.
"""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Text
from sqlmodel import Field

from store.columns import Table, count, instant


class Consent(Table, table=True):
    """One person's consent, as one connection got it. Only `sealed` is secret, and it is encrypted."""

    connection: str = Field(primary_key=True)
    client_id: str
    issuer: str
    state: str  # pending | active | declined | expired | revoked | lost
    scopes: str = ""  # as granted, with spaces between them
    acr: str | None = None
    granted_at: str | None = instant()
    ends_at: str | None = instant()  # null = not known
    ends_from: str | None = None  # answer | configured
    idle_until: str | None = instant()  # unused until then, the refresh token is dead; null = not known
    refreshed_at: str | None = instant()
    generation: int = count()  # of refresh answers since the login
    rotates: bool | None = None  # null = no refresh was answered yet
    sent_at: str | None = instant()  # a refresh left, and no answer to it is stored
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    error: str | None = Field(default=None, sa_column=Column(Text))
    error_at: str | None = instant()
    person: str | None = None  # a mark of who logged in last, to know another by; null = not known
    warned_days: int | None = count(None)  # the last warning that was told, in days before the end
