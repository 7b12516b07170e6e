"""The examination: every check of every identity, in order. One identity's failure never stops another's.

Requests of a run: the limits once; an issuer's metadata once and for each connection; for each identity a token,
the parties, one search (a second when the first party has no dialogs), and one exchange with Altinn where the
connection asks for a scope of Altinn's. Nothing is retried: a doctor tells what is so now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from datetime import datetime

from config.connections import Connection, IdPortenConnection, SystemUserConnection, TokenConnection
from config.errors import ConfigError
from config.settings import Settings
from store.errors import ArchiveError
from sync.attention.rule_file import load_rules
from sync.auth.consent import consent_of, with_client
from sync.dialogporten.client import DialogportenClient
from sync.dialogporten.http import HttpEdge, Timeouts
from sync.dialogporten.retry import Gate, Retrier, RetryPolicy, Told
from sync.doctoring.access import Access
from sync.doctoring.keys import key_checks
from sync.doctoring.persons import consent_check, vault_check
from sync.doctoring.report import Check, Examination, Report, counted, ok, skipped
from sync.doctoring.server import Issuer, Servers
from sync.doctoring.shelf import Shelf, look
from sync.identities import Identity, identities, identity_name
from sync.logins import Logins

_ONCE = RetryPolicy(attempts=1, dialog_fault_attempts=1, total=0.0)
_REST = ("clock", "token", "scope", "parties", "limits", "search")


def examine(
    settings: Settings, env: Mapping[str, str], told: Told, *, now: Callable[[], datetime], only: str | None = None
) -> Report:
    """Every connection of the settings, or the one named `only`."""
    chosen = [one for one in settings.connections if only is None or one.name == only]
    shelf = look(settings.archive.url)
    general = (_config(settings), *_rules(settings), shelf.check)
    http = HttpEdge(
        hosts=settings.environment.hosts,
        timeouts=Timeouts(connect=5.0),
        response_bytes=settings.limits.response_bytes,
        now=now,
        told=told,
    )
    logins = Logins(settings, http, env, told)
    with closing(http), closing(logins), ExitStack() as held:
        with suppress(ArchiveError):
            held.enter_context(logins.lent())
        servers = Servers(http, settings.environment)
        doctor = _Doctor(settings, env, told, http, servers, shelf, logins, now)
        return Report(general, tuple(found for one in chosen for found in doctor.examine(one)))


def misconfigured(error: ConfigError) -> Report:
    """The report when the settings cannot be read: a check for each thing to mend."""
    return Report(tuple(_problems("config", error)))


def _problems(name: str, error: ConfigError) -> list[Check]:
    return [
        Check(
            name,
            "failed",
            str(problem).partition("\n")[0],
            remedy=problem.remedy,
            facts={"file": None if problem.file is None else str(problem.file), "key": problem.key},
            exit_code=2,
        )
        for problem in error.problems
    ]


def _rules(settings: Settings) -> list[Check]:
    """The operator's own rules of what needs attention, where there are any."""
    file = settings.attention.rules
    if file is None:
        return []
    try:
        rules = load_rules(file)
    except ConfigError as error:
        return _problems("rules", error)
    return [ok("rules", f"{file}: {counted(len(rules.rules), 'rule')}.", file=str(file), rules=len(rules.rules))]


def _config(settings: Settings) -> Check:
    if not settings.connections:
        return Check(
            "config",
            "failed",
            f"{settings.file}: there is no connection.",
            remedy="Add a [[connection]]; `dialogarkiv init` writes one.",
            exit_code=2,
        )
    environment, file = settings.environment, str(settings.file)
    sentence = f"{file}: {counted(len(settings.connections), 'connection')}, environment {environment.name}."
    facts = {"file": file, "environment": environment.name, "dialogporten": environment.dialogporten}
    if settings.warnings:
        return Check("config", "warning", f"{sentence} {' '.join(settings.warnings)}", facts=facts)
    return Check("config", "ok", sentence, facts=facts)


class _Doctor:
    """What every identity's examination shares."""

    def __init__(
        self,
        settings: Settings,
        env: Mapping[str, str],
        told: Told,
        http: HttpEdge,
        servers: Servers,
        shelf: Shelf,
        logins: Logins,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._env = env
        self._told = told
        self._http = http
        self._servers = servers
        self._shelf = shelf
        self._logins = logins
        self._now = now
        # One for all: a server that asks for a pause is left alone, and each later check says so.
        self._gate = Gate(http.monotonic)

    def examine(self, connection: Connection) -> list[Examination]:
        keys = key_checks(connection, self._env, self._settings.file, self._now(), self._shelf.keys)
        if any(map(_failed, keys)):
            return self._unasked(connection, keys, "The key or secret cannot be used.")
        if isinstance(connection, IdPortenConnection):
            keys += self._login(connection)
            if any(map(_failed, keys)):
                return self._unasked(connection, keys, "Nobody can be read as without a valid login.")
        found = identities(self._settings, self._http, self._env, self._told, self._logins, connection.name)
        for identity in found:
            if identity.keys is not None:
                identity.keys.learn(self._shelf.keys)
        return [
            Examination(
                connection.name,
                connection.kind,
                identity.name,
                (*keys, *self._asked(identity, connection), *self._held(identity.connection, identity.name)),
            )
            for identity in found
        ]

    def _login(self, connection: IdPortenConnection) -> list[Check]:
        row = self._shelf.consent_row(connection.name)
        consent = with_client(
            consent_of(row, connection.name, self._now()), connection.client_id, self._settings.environment.idporten
        )
        return [
            vault_check(self._settings.vault_keys(self._env), consent),
            consent_check(consent, self._settings.sync.poll),
        ]

    def _asked(self, identity: Identity, connection: Connection) -> list[Check]:
        """From clock to search, each skipped once one that it needs has failed."""
        issuer: Issuer | None = None
        if not isinstance(connection, TokenConnection):
            issuer = "maskinporten" if isinstance(connection, SystemUserConnection) else "idporten"
        client = DialogportenClient(
            self._http,
            self._settings.environment.dialogporten,
            identity.inbox.token,
            connection=connection.name,
            retrier=Retrier(_ONCE, gate=self._gate, wait=self._http.wait, told=self._told),
        )
        access = Access(client, identity.inbox.token, identity.parties, self._now())
        checks = [self._servers.clock(client, issuer)]
        blocked = "The clock is too far off to ask for a token." if issuer is not None and _failed(checks[0]) else ""
        steps: tuple[tuple[str, Callable[[], Check], str], ...] = (
            ("token", access.token, "There is no token."),
            ("scope", access.scope, "The token's scopes do not open Dialogporten."),
            ("parties", access.parties, "There is no party to search."),
        )
        for name, step, consequence in steps:
            check = skipped(name, blocked) if blocked else step()
            checks.append(check)
            if _failed(check):
                blocked = consequence if name != "parties" else "The parties could not be read, or there are none."
        limits = self._servers.limits(client)
        checks.append(limits)
        if not blocked and _failed(limits):
            blocked = "Dialogporten cannot be reached."
        checks.append(skipped("search", blocked) if blocked else access.search(self._servers.at_once.parties))
        if identity.altinn is not None and _asks_for_documents(connection):
            no_token = any(check.name == "token" and check.outcome in ("failed", "skipped") for check in checks)
            because = "There is no token."
            checks.append(skipped("altinn", because) if no_token else access.exchange(identity.altinn))
        return checks

    def _held(self, connection: str, identity: str) -> tuple[Check, Check]:
        return self._shelf.mailbox_check(connection, identity), self._shelf.level_check(connection, identity)

    def _unasked(self, connection: Connection, keys: list[Check], because: str) -> list[Examination]:
        names = (
            [identity_name(user) for user in connection.system_users]
            if isinstance(connection, SystemUserConnection)
            else [""]
        )
        rest = tuple(skipped(name, because) for name in _REST)
        return [
            Examination(connection.name, connection.kind, name, (*keys, *rest, *self._held(connection.name, name)))
            for name in names
        ]


def _asks_for_documents(connection: Connection) -> bool:
    """The exchange is of use, and a person's token is exchanged, only with a scope of Altinn's in it."""
    return any(scope.startswith("altinn:") for scope in getattr(connection, "scopes", ()))


def _failed(check: Check) -> bool:
    return check.outcome == "failed"
