"""The logins of persons as runs use them: ID-porten, the vault, and the archive that holds it for the moment.

A program lives longer than an archive is open: what a login needs in memory stays here, and each run lends its archive
for as long as it is at work. A renewal that has left is waited for, also when the program was asked to stop: without
its answer a one-time token would be spent and the consent lost.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

from config.connections import IdPortenConnection
from config.settings import Settings
from store.archive import Archive
from store.consents import Consents
from store.errors import ArchiveMissing
from sync.auth.grant import Client, Grant, client_of
from sync.auth.idporten import IdPorten
from sync.auth.key_ring import KeyRing
from sync.auth.persons import PersonTokens
from sync.auth.vault import Vault
from sync.dialogporten.errors import Context, Stopped
from sync.dialogporten.http import HttpEdge
from sync.dialogporten.retry import Told


class Logins:
    """Every person of the settings. Tokens are had only while an archive is lent."""

    def __init__(self, settings: Settings, http: HttpEdge, env: Mapping[str, str], told: Told) -> None:
        self._settings = settings
        self._http = http
        self._env = env
        self._needed = any(isinstance(each, IdPortenConnection) for each in settings.connections)
        self._told = told
        self._lent: Archive | None = None
        self._persons: list[PersonTokens] = []
        self.vault = Vault(
            Consents.lent(settings.archive.url, lambda: self._archive.consents),
            settings.vault_keys(env),
            now=http.now,
            wait=http.wait,
            told=told,
        )

    @cached_property
    def _renewing(self) -> _Renewing:
        return _Renewing(self._http)

    @cached_property
    def _idporten(self) -> IdPorten:
        return IdPorten(self._renewing.edge, self._settings.environment.idporten, told=self._told)

    def tokens(self, connection: IdPortenConnection, keys: KeyRing | None) -> PersonTokens:
        """The tokens of the person of this connection. Raises ConfigError for a key or secret that cannot be used."""
        client = client_of(connection, self._settings.environment, self._env, file=self._settings.file)
        tokens = PersonTokens(
            _Proving(self._idporten, keys, self._renewing), self.vault, client, monotonic=self._http.monotonic
        )
        self._persons.append(tokens)
        return tokens

    @contextmanager
    def lent(self, archive: Archive | None = None) -> Iterator[bool]:
        """Uses `archive` until the block ends. Where that is only read, or none is given, the vault opens the archive
        for itself: a login that is renewed must be written down. False where there is none to open.
        """
        if not self._needed:
            yield True
        elif archive is not None and not archive.read_only:
            yield from self._using(archive)
        else:
            try:
                own = Archive.open(self._settings.archive.url, create=False)
            except ArchiveMissing:
                yield False
                return
            with own:
                yield from self._using(own)

    def close(self) -> None:
        """No renewal begins from now on; one under way ends first. Never waits."""
        if self._needed:
            self._renewing.close()

    def _using(self, archive: Archive) -> Iterator[bool]:
        self._lent = archive
        try:
            for person in self._persons:
                person.look()
            yield True
        finally:
            self._lent = None

    @property
    def _archive(self) -> Archive:
        if self._lent is None:
            raise RuntimeError("a person's token was asked for while no archive was lent")
        return self._lent


class _Renewing:
    """The line to ID-porten, which is closed only between renewals."""

    def __init__(self, http: HttpEdge) -> None:
        self._http = http
        self.edge = HttpEdge(
            hosts=frozenset(), clock=http.clock, now=http.now, monotonic=http.monotonic, told=http.told
        )
        self._under_way = 0
        self._closing = False
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            if self._closing or self._http.stop.is_set():
                stopped = Stopped("Stopped before a login was renewed.", context=Context(at=self._http.now()))
                stopped.left = False
                raise stopped
            self._under_way += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._under_way -= 1
            done = self._closing and not self._under_way
        if done:
            self.edge.close()

    def close(self) -> None:
        with self._lock:
            self._closing = True
            idle = not self._under_way
        if idle:
            self.edge.close()


class _Proving:
    """ID-porten, asked with the one of the connection's keys that fits."""

    def __init__(self, idporten: IdPorten, keys: KeyRing | None, renewing: _Renewing) -> None:
        self._idporten = idporten
        self._keys = keys
        self._renewing = renewing

    def refresh(self, client: Client, refresh_token: str) -> Grant:
        with self._renewing:
            if self._keys is None:
                return self._idporten.refresh(client, refresh_token)
            return self._keys.sign(lambda key: self._idporten.refresh(replace(client, credential=key), refresh_token))
