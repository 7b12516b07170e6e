"""Our program in a chaos run: passes, restarts, and a death at any request or commit, with others at work meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

import sync.round
from config.settings import load
from store.archive import Archive
from sync.passes.schedule import Pass, Wanted
from sync.passes.walks import Walk
from sync.runner import Runner, RunResult
from tests.chaos.turns import Turns
from tests.faults.playground import Clock, Edge, Playground

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
TICK = 0.000_05
PAGE = 3  # dialogs to a page, so that a few dialogs are many pages


class Killed(BaseException):
    """The process is no more."""


@dataclass
class StillClock(Clock):
    """Moves by a tick at each look, and by what is skipped: a slow machine changes nothing."""

    def now(self) -> datetime:
        with self._lock:
            self.skipped += TICK
            return START + timedelta(seconds=self.skipped)

    def monotonic(self) -> float:
        return self.now().timestamp()


@dataclass
class Fate:
    """Counts the moments of a run: one before and one after each request and each commit. `death`: the moment at which
    the process dies; `meanwhile`: moment → what others do just then.
    """

    death: int | None = None
    meanwhile: dict[int, Callable[[], None]] = field(default_factory=dict)
    moments: int = 0
    dead: bool = False

    def pass_by(self) -> None:
        if self.dead:
            raise Killed
        doing = self.meanwhile.get(self.moments)
        if doing is not None:
            doing()
        self.dead = self.moments == self.death
        self.moments += 1
        if self.dead:
            raise Killed


class MortalEdge(Edge):
    fate: Fate

    def _request(self, *arguments: Any, **more: Any) -> Any:
        self.fate.pass_by()
        answer = super()._request(*arguments, **more)
        self.fate.pass_by()
        return answer


class Program:
    """One runner after the other over one archive."""

    def __init__(self, play: Playground, acted: Callable[[], None] = lambda: None) -> None:
        """`acted` hears of each opening and each label that we set, as soon as it is done."""
        self._play = play
        self._acted = acted
        self.fate = Fate()
        self._random = Random(1)
        self.restart()

    def restart(self) -> None:
        """A new process over the same archive."""
        play = self._play
        play.close()
        play.settings = load(play.file, {**play.env, "DIALOGARKIV__SYNC__CONCURRENCY": "1"})
        edge = play.edge(MortalEdge)
        edge.fate = self.fate
        play.runner = Runner(play.settings, play.env, play.hear, now=play.clock.now, http=edge)
        play.archive = Archive.open(play.settings.archive.url, create=True)
        self._mortal(play.archive)
        for identity in play.runner.identities:
            self._watched(identity.inbox)

    def run(self, passes: frozenset[Pass], fate: Fate, accept: frozenset[str] = frozenset()) -> RunResult | None:
        """One run; None when it died of its fate, and then a new process stands ready."""
        self._have(fate)
        try:
            with patch.object(sync.round, "ThreadPoolExecutor", lambda *_, **__: Turns(self._random)):
                return self._play.runner.run(self._play.archive, Wanted(passes, accept))
        except Killed:
            return None
        finally:
            died = self.fate.dead
            self._have(Fate())
            if died:
                self.restart()

    def _have(self, fate: Fate) -> None:
        self.fate = fate
        edge: Any = self._play.runner.http
        edge.fate = fate

    def _mortal(self, archive: Any) -> None:
        genuine = archive._transaction

        @contextmanager
        def mortal(**more: Any) -> Iterator[Any]:
            self.fate.pass_by()
            with genuine(**more) as connection:
                yield connection
                if self.fate.dead:
                    raise Killed
            self.fate.pass_by()

        archive._transaction = mortal

    def _watched(self, inbox: Any) -> None:
        genuine = inbox.search

        def search(walk: Walk) -> bytes:
            found: bytes = genuine(replace(walk, limit=min(walk.limit, PAGE)))
            return found

        def acting(call: Callable[..., bytes]) -> Callable[..., bytes]:
            def made(*arguments: object) -> bytes:
                try:
                    return call(*arguments)
                finally:
                    self._acted()

            return made

        inbox.search, inbox.dialog, inbox.set_labels = search, acting(inbox.dialog), acting(inbox.set_labels)
