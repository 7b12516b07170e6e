"""What `login` and `logout` share: the person's connection, ID-porten and the vault, ready to use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

import click

from config.connections import IdPortenConnection
from config.errors import ConfigError
from config.settings import Settings
from config.vault import VaultKeys
from store.archive import Archive
from sync.auth.grant import Client, client_of
from sync.auth.idporten import IdPorten
from sync.auth.key_ring import KeyRing, key_ring
from sync.auth.vault import Vault
from sync.cli.common import environment, settings_of, told_to_log
from sync.cli.frame import Program
from sync.dialogporten.http import HttpEdge
from sync.key_memory import KeyMemory

T = TypeVar("T")


@dataclass(frozen=True)
class Consenting:
    """One person's connection, and the two that its consent lives with."""

    client: Client
    idporten: IdPorten
    vault: Vault
    keys: VaultKeys
    ring: KeyRing | None

    def proved(self, ask: Callable[[Client], T]) -> T:
        """What `ask` makes of the client; asked again with its next key where the first is refused."""
        if self.ring is None:
            return ask(self.client)
        return self.ring.sign(lambda key: ask(replace(self.client, credential=key)))


def person_of(settings: Settings, name: str) -> IdPortenConnection:
    """The person's connection of that name. ConfigError where there is none, or one of another kind."""
    connection = settings.connection(name)
    if not isinstance(connection, IdPortenConnection):
        raise ConfigError(
            settings.file,
            f"connection.{name}.kind",
            f'"{connection.kind}"',
            "nobody logs in to such a connection.",
            "Name a connection of kind id-porten.",
        )
    return connection


def forgotten(ctx: click.Context, name: str) -> bool:
    """Forgets a login without asking ID-porten; False where there is none. Keys, secrets and the connection itself may
    be what was lost, so none is needed; ConfigError for a name that neither the archive nor the settings know.
    """
    program: Program = ctx.obj
    settings = program.reading_settings
    with Archive.open(settings.archive.url, create=False) as archive:
        if archive.consents.row(name) is None:
            person_of(settings, name)
        keys = settings.vault_keys(environment())
        return Vault(archive.consents, keys, now=lambda: datetime.now(UTC), told=told_to_log()).forget(name)


@contextmanager
def consenting(ctx: click.Context, name: str, *, create: bool) -> Iterator[Consenting]:
    """For the connection of that name; `create` makes an archive where there is none. ConfigError for another kind."""
    settings, env, told = settings_of(ctx), environment(), told_to_log()
    connection = person_of(settings, name)
    client = client_of(connection, settings.environment, env, file=settings.file)
    http = HttpEdge(hosts=settings.environment.hosts, told=told)
    try:
        with Archive.open(settings.archive.url, create=create) as archive:
            keys = settings.vault_keys(env)
            vault = Vault(archive.consents, keys, now=lambda: datetime.now(UTC), wait=http.wait, told=told)
            ring = key_ring(connection, env, file=settings.file, now=http.now, told=told)
            memory = KeyMemory([ring], http.now, told)
            memory.recall(archive)
            yield Consenting(client, IdPorten(http, client.issuer, told=told), vault, keys, ring)
            memory.remember(archive)
    finally:
        http.close()
