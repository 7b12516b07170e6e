"""Whatever happens in whatever order: no old token is ever sent, nobody is asked twice to log in, and a consent that
nothing has happened to works.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from config.connections import RefreshTokens
from config.vault import VaultKeys, vault_keys
from store.archive import Archive
from store.batch import Row
from store.consents import Consents
from store.errors import ArchiveBusy
from sync.auth.grant import Client, ClientSecret, Grant
from sync.auth.maskinporten import Token
from sync.auth.vault import Vault
from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    BadGateway,
    Busy,
    ConnectFailed,
    Context,
    CutBody,
    LoginNeeded,
    ServerFault,
    TimedOut,
    TokenRefused,
)

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
POST = Context(at=NOW, method="POST", url_path="/token", connection="kari", server="ID-porten")
CrashPoint = Literal["before noting", "before sending", "after sending", "before commit", "after commit"]


class Killed(BaseException):
    """The process is dead: nothing of it in memory is left."""


@dataclass
class Server:
    """ID-porten, as far as one person's consent goes. `sent_late` counts what was sent after the consent was dead."""

    rotates: bool
    names_it: bool
    newest: str = ""
    is_alive: bool = False
    made: int = 0
    reuse: int = 0
    sent_late: int = 0
    tells: set[str] = field(default_factory=set)

    def log_in(self) -> str:
        self.is_alive = True
        self.tells = set()
        return self._new()

    def renew(self, token: str) -> str | None:
        if token != self.newest:
            self.reuse += 1
        if not self.is_alive or token != self.newest:
            self.sent_late += bool(self.tells)
            self.tells.add("dead")
            raise TokenRefused("Dead.", code="invalid_grant", permanent=True, context=POST, status=400)
        if self.rotates:
            return self._new()
        return self.newest if self.names_it else None

    def _new(self) -> str:
        self.made += 1
        self.newest = f"token-{self.made}"
        return self.newest


class CrashingConsents(Consents):
    """The archive's consents, in which a process may die or the database be busy; no other process is about."""

    dies: CrashPoint | None = None
    is_busy = False

    def change(self, connection: str, generation: int, sent_at: str | None, fields: Row) -> bool:
        storing = "generation" in fields
        if self.dies == ("before commit" if storing else "before noting"):
            raise Killed
        if storing and self.is_busy:
            raise ArchiveBusy("The archive is held by another program.")
        done = super().change(connection, generation, sent_at, fields)
        if storing and self.dies == "after commit":
            raise Killed
        return done


def no_answer(kind: type[ArkivError], status: int | None = None) -> ArkivError:
    return kind("Failed.", context=POST, status=status)


def never_left() -> ArkivError:
    error = ConnectFailed("No connection.", context=POST)
    error.left = False
    return error


REFUSALS: tuple[Callable[[], ArkivError], ...] = (
    never_left,
    lambda: no_answer(Busy, 503),
    lambda: no_answer(ServerFault, 500),
    lambda: no_answer(BadGateway, 502),
    lambda: TokenRefused("No.", code="invalid_client", permanent=True, context=POST, status=401),
)
LOST: tuple[Callable[[], ArkivError], ...] = (
    lambda: no_answer(TimedOut),
    lambda: no_answer(CutBody, 200),
    lambda: no_answer(ConnectFailed),
    lambda: no_answer(BadGateway, 504),
    lambda: no_answer(BadBody, 200),
)


class Renewals(RuleBasedStateMachine):
    """One person, one server, and processes of ours that come and go."""

    @initialize(rotates=st.booleans(), names_it=st.booleans(), told=st.sampled_from([None, "one-time", "reusable"]))
    def begin(self, rotates: bool, names_it: bool, told: RefreshTokens | None) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.archive = Archive.open("sqlite://", create=True)
        ours = self.archive.consents
        self.consents = CrashingConsents(ours._engine, ours._read, ours._write, ours._lock)
        self.keys: VaultKeys = vault_keys(None, (), {}, Path(self.folder.name) / "dialogarkiv.toml")
        self.server = Server(rotates, names_it)
        # Nobody tells us that tokens are reusable where they are not: then the settings lie.
        self.client = Client(
            "kari",
            "klient",
            ClientSecret("hemmelig"),
            "http://localhost/",
            "idporten-loa-high",
            ("openid", "digdir:dialogporten"),
            "https://idporten.example",
            timedelta(days=90),
            None if rotates and told == "reusable" else told,
        )
        self.logins = self.ends = 0
        self.works = False
        self.start()
        self.log_in()

    def teardown(self) -> None:
        if hasattr(self, "archive"):
            self.archive.close()
            self.folder.cleanup()

    @rule()
    def start(self) -> None:
        """Another process takes over."""
        self.consents.dies = None
        self.consents.is_busy = False
        self.vault = Vault(self.consents, self.keys, now=lambda: NOW, wait=lambda _: False, told=self.hear)

    def hear(self, event: str, _fields: object) -> None:
        self.ends += event == "consent_ended"

    @rule()
    def log_in(self) -> None:
        self.vault.begin(self.client)
        self.vault.keep(self.client, self.grant(self.server.log_in()))
        self.logins += 1
        self.works = True

    @rule()
    def withdraw(self) -> None:
        self.server.is_alive = self.works = False

    @rule()
    def renew(self) -> None:
        try:
            self.vault.refresh(self.client, lambda token: self.grant(self.server.renew(token)))
        except LoginNeeded as needed:
            assert not self.works, needed
            assert self.vault.consent("kari").stored in ("lost", "revoked")
        else:
            self.works = self.server.is_alive

    @rule(refusal=st.sampled_from(REFUSALS))
    def be_refused(self, refusal: Callable[[], ArkivError]) -> None:
        def send(_token: str) -> Grant:
            raise refusal()

        self.fail(send, (ConnectFailed, Busy, ServerFault, BadGateway, TokenRefused), works=self.works)

    @rule(loss=st.sampled_from(LOST), done=st.booleans())
    def lose_the_answer(self, loss: Callable[[], ArkivError], done: bool) -> None:
        def send(token: str) -> Grant:
            if done:
                self.server.renew(token)
            raise loss()

        self.fail(send, (TimedOut, CutBody, ConnectFailed, BadGateway, BadBody), works=self.works and self.reusable)
        self.doubt()

    @rule(point=st.sampled_from(["before noting", "before sending", "after sending", "before commit", "after commit"]))
    def be_killed(self, point: CrashPoint) -> None:
        def send(token: str) -> Grant:
            if point == "before sending":
                raise Killed
            newest = self.server.renew(token)
            if point == "after sending":
                raise Killed
            return self.grant(newest)

        self.consents.dies = point
        try:
            self.vault.refresh(self.client, send)
        except Killed:
            if point not in ("before noting", "after commit"):
                self.doubt()
        except LoginNeeded:
            assert not self.works
        self.start()

    @rule()
    def find_the_archive_busy(self) -> None:
        """The new token waits in memory."""
        self.consents.is_busy = True
        with suppress(ArchiveBusy, LoginNeeded):
            self.vault.refresh(self.client, lambda token: self.grant(self.server.renew(token)))
        self.consents.is_busy = False
        self.renew()

    def fail(self, send: Callable[[str], Grant], expected: tuple[type[ArkivError], ...], *, works: bool) -> None:
        """A renewal that brings no token; while the consent `works`, nobody is asked to log in for it."""
        try:
            self.vault.refresh(self.client, send)
        except LoginNeeded:
            assert not works
        except expected:
            pass
        else:
            raise AssertionError("it went well")

    def doubt(self) -> None:
        """A token that may be used once may have been used."""
        self.works = self.works and self.reusable

    @property
    def reusable(self) -> bool:
        row = self.consents.row("kari")
        return (
            row is not None
            and (row["rotates"] is False or self.client.refresh_tokens == "reusable")
            and (self.client.refresh_tokens != "one-time")
        )

    def grant(self, refresh_token: str | None) -> Grant:
        return Grant(Token("access", 1e9, 120.0), refresh_token, self.client.scopes, None)

    @invariant()
    def no_old_token_is_ever_sent(self) -> None:
        if hasattr(self, "server"):
            assert self.server.reuse == 0

    @invariant()
    def a_dead_consent_is_asked_about_once(self) -> None:
        if hasattr(self, "server"):
            assert self.server.sent_late == 0

    @invariant()
    def a_person_is_told_at_most_once_for_each_login(self) -> None:
        if hasattr(self, "server"):
            assert self.ends <= self.logins


TestRenewals = Renewals.TestCase
TestRenewals.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
