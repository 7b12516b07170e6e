"""One poll and one sweep of a playground, or of the demo inbox's accountant with his two system users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from config.settings import load
from store.archive import Archive
from sync.identities import Identity
from sync.passes.filing import Reader
from sync.passes.landing import Landing
from sync.passes.opening import OpeningPolicy
from sync.passes.poll import Poll, PollTask
from sync.passes.report import PassReport
from sync.passes.sweep import Sweep
from sync.passes.walks import MailboxCursor
from sync.runner import Runner
from sync.sandbox import seed
from sync.sandbox.seed import people
from sync.sandbox.server import SandboxServer
from sync.sandbox.steps import claims_for
from sync.sandbox.world import World
from tests.faults.playground import Clock, Edge, Playground

NOBODY: frozenset[str] = frozenset()


def sweep(play: Playground, *, accept: frozenset[str] = NOBODY, poll: bool = True) -> PassReport:
    """A poll, unless left out, and then a sweep of all that it found."""
    if poll:
        poll_once(play, play.runner.identities[0])
    return _sweep(play, play.runner.identities[0], accept)


def poll(play: Playground) -> PassReport:
    """A poll alone."""
    return poll_once(play, play.runner.identities[0])


def poll_once(of: Playground | Office, identity: Identity) -> PassReport:
    """A poll of one identity."""
    identity.inbox.client.new_run()
    with _landing(of, identity) as (pool, landing):
        report = Poll(_task(of, identity), identity.inbox, of.archive, landing, pool, of.clock.now, of.hear).run()
    assert report.error is None, report.error
    return report


def _sweep(of: Playground | Office, identity: Identity, accept: frozenset[str]) -> PassReport:
    identity.inbox.client.new_run()
    rows = of.archive.mailboxes(identity.connection, identity.name)
    mailboxes = [MailboxCursor(str(row["party"]), None, True) for row in rows if row["state"] == "active"]
    lost = [str(row["party"]) for row in rows if row["state"] == "lost"]
    with _landing(of, identity) as (pool, landing):
        return Sweep(
            _task(of, identity),
            mailboxes,
            lost,
            identity.inbox,
            of.archive,
            landing,
            pool,
            of.clock.now,
            of.hear,
            accept=accept,
        ).run()


@contextmanager
def _landing(of: Playground | Office, identity: Identity) -> Iterator[tuple[ThreadPoolExecutor, Landing]]:
    policy = OpeningPolicy(of.runner.settings.sync.open, of.runner.settings.sync.open_rules)
    reader = Reader(identity.connection, identity.name, policy, ("nb", "nn", "en"))
    with ThreadPoolExecutor(max_workers=4) as pool:
        yield pool, Landing(reader, identity.inbox, of.archive, pool, of.clock.now, of.hear)


def _task(of: Playground | Office, identity: Identity) -> PollTask:
    return PollTask(identity.connection, identity.name, identity.parties, 100, of.runner.settings.sync.overlap)


class Office:
    """The accountant's two system users of the demo inbox, one for accounts and one for payroll, that share three
    clients; payroll is not allowed everything.
    """

    accounts, payroll = "regnskap", "lonn"

    def __init__(self, folder: Path, server: SandboxServer, clock: Clock) -> None:
        self.world, self.clock = server.world, clock
        users = {self.accounts: people.ACCOUNTING_SYSTEM_USER, self.payroll: people.PAYROLL_SYSTEM_USER}
        self._users = users
        now = int(clock.now().timestamp())
        env = {}
        text = '[archive]\nurl = "sqlite:///arkiv.db"\n[environment]\nname = "custom"\n'
        text += f'dialogporten = "{server.url}/dialogporten"\naltinn = "{server.url}"\n'
        text += f'maskinporten = "{server.url}/maskinporten/"\n[sync]\nopen = "never"\n'
        for name, user in users.items():
            claims = {**claims_for(self.world, user), "iat": now, "exp": now + 10**8}
            env[name.upper()] = self.world.issuers.sign(self.world.issuer, claims)
            text += f'[[connection]]\nname = "{name}"\nkind = "token"\ntoken = "env:{name.upper()}"\n'
        file = folder / "dialogarkiv.toml"
        file.write_text(text)
        settings = load(file, env)
        http = Edge(hosts=settings.environment.hosts, now=clock.now, monotonic=clock.monotonic)
        http.pausing = clock
        self.told: list[tuple[str, Mapping[str, object]]] = []
        self.runner = Runner(settings, env, self.hear, now=clock.now, http=http)
        self.archive = Archive.open(settings.archive.url, create=True)

    def hear(self, name: str, fields: Mapping[str, object]) -> None:
        self.told.append((str(name), fields))

    def sweep(self, name: str) -> PassReport:
        """A poll and a sweep of one of the two."""
        identity = next(each for each in self.runner.identities if each.connection == name)
        poll_once(self, identity)
        return _sweep(self, identity, NOBODY)

    def deny(self, name: str, resource: str) -> None:
        """Takes the right to one service from one of the two."""
        callers, user = self.world.access.callers, self._users[name]
        callers[user] = replace(callers[user], denied_resources=callers[user].denied_resources | {resource})
        self.world.forget_rendered()

    def presence(self) -> dict[str, str]:
        """Of every dialog of the archive."""
        with self.archive.query_read_only("SELECT id, presence FROM dialog") as answer:
            return {str(name): str(presence) for name, presence in answer.rows}

    def column(self, dialog_id: str, column: str) -> object:
        with self.archive.query_read_only(f"SELECT {column} FROM dialog WHERE id = '{dialog_id}'") as answer:
            return next(iter(answer.rows))[0]

    def close(self) -> None:
        self.archive.close()
        self.runner.close()


@contextmanager
def office(folder: Path) -> Iterator[Office]:
    clock = Clock()
    world = World(now=clock.now)
    seed.load(world, clock.now())
    with SandboxServer(world) as server:
        ready = Office(folder, server, clock)
        try:
            yield ready
        finally:
            ready.close()
