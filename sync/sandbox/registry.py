"""Who may ask the sandbox for tokens: clients and system users, as the control interface registers them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class MaskinportenClient:
    """A client: public JWKs, granted scopes, the vendor's organisation number, lifetime of its tokens in seconds."""

    client_id: str
    keys: tuple[Mapping[str, str], ...]
    scopes: tuple[str, ...]
    org: str
    token_lifetime: int = 119


@dataclass(frozen=True)
class SystemUser:
    """A system user: who owns it, which client may act as it, the optional reference that tells two apart."""

    id: str
    org: str
    client_id: str
    external_ref: str | None = None
    system_id: str = ""


@dataclass
class Registry:
    """The two tables, and the skew that the token endpoint and the `Date` header pretend (seconds, 0 = true time)."""

    clients: dict[str, MaskinportenClient] = field(default_factory=dict)
    system_users: dict[str, SystemUser] = field(default_factory=dict)
    date_skew_seconds: float = 0.0
    used_jti: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_client(self, client: MaskinportenClient) -> None:
        """Registers a client, replacing one of the same id."""
        with self.lock:
            self.clients[client.client_id] = client

    def add_system_user(self, user: SystemUser) -> None:
        """Registers a system user, replacing one of the same id."""
        with self.lock:
            self.system_users[user.id] = user

    def system_users_of(self, client_id: str, org: str, reference: str) -> list[SystemUser]:
        """Those the client may act as for `org` under `reference`. One that was requested without a reference is
        found under its owner's organisation number (reference: auth §1.3)."""
        return [
            user
            for user in self.system_users.values()
            if user.client_id == client_id and user.org == org and (user.external_ref or user.org) == reference
        ]
