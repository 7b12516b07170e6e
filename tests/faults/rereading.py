"""Running one pass by itself against the playground, and counting what it asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from sync.passes.deep import Deep
from sync.passes.filing import Reader
from sync.passes.hot import Hot
from sync.passes.landing import Landing
from sync.passes.opening import OpeningPolicy
from sync.passes.poll import Poll, PollTask
from sync.passes.report import PassReport
from sync.passes.walks import MailboxCursor
from tests.faults.playground import Playground

CYCLE = timedelta(days=30)
_deep: Callable[..., Deep] = partial(Deep, every=CYCLE)


def poll(play: Playground) -> PassReport:
    """One poll, with nothing after it."""
    return _alone(play, lambda task, _, *parts: Poll(task, *parts).run())


def hot(play: Playground, max_parties: int = 100) -> PassReport:
    """One hot pass; the sandbox's request log holds nothing else."""
    return _alone(play, lambda *parts: Hot(*parts).run(), max_parties)


def deep(play: Playground, *, everything: bool = False) -> PassReport:
    """One step of the deep pass."""
    return _alone(play, lambda *parts: _deep(*parts, everything=everything).run())


def planned(play: Playground) -> tuple[list[str], list[str]]:
    """What the hot and the deep pass would do, as lines to print."""
    lines: list[list[str]] = []

    def ask(*parts: Any) -> PassReport:
        lines.append([str(step) for step in Hot(*parts).plan()])
        lines.append([str(step) for step in _deep(*parts).plan()])
        return PassReport("hot", "", "")

    _alone(play, ask)
    return lines[0], lines[1]


def asked(play: Playground) -> dict[str, int]:
    """How often each kind of end-user request was made since the pass began, by the last part of its path."""
    found: dict[str, int] = {}
    for route, count in play.world.requests.by.items():
        last = route.rsplit("/", 1)[1]
        found[{"dialogs": "list", "{dialogId}": "details"}.get(last, last)] = count
    return found


def _alone(play: Playground, run: Callable[..., PassReport], max_parties: int = 100) -> PassReport:
    identity, settings = play.runner.identities[0], play.settings
    reader = Reader(
        identity.connection,
        identity.name,
        OpeningPolicy(settings.sync.open, settings.sync.open_rules),
        settings.display.languages,
    )
    task = PollTask(identity.connection, identity.name, None, max_parties, settings.sync.overlap)
    held = play.archive.mailboxes(identity.connection, identity.name)
    mailboxes = [
        MailboxCursor(str(row["party"]), None, row["backfilled_at"] is not None)
        for row in held
        if row["state"] == "active"
    ]
    now, told = play.clock.now, play.hear
    with ThreadPoolExecutor(settings.sync.concurrency) as pool:
        landing = Landing(reader, identity.inbox, play.archive, pool, now, told)
        play.world.requests.reset()
        return run(task, mailboxes, identity.inbox, play.archive, landing, pool, now, told)
