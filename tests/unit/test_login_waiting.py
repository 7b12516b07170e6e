"""Waiting for a browser to come back: how long, with which request, and whether a browser may be opened at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sync.auth.attempt import Attempt
from sync.auth.loopback import Arrival, Loopback
from sync.cli import login
from sync.dialogporten.errors import LoginNeeded


@dataclass
class Ear:
    """An ear at which browsers come back after so many waits; time passes as it waits."""

    comes_after: float
    now: float = 0.0
    started: bool = False
    redirect: str = "http://127.0.0.1:4711/callback"
    waits: list[float] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def wait(self, seconds: float) -> Arrival | None:
        self.waits.append(seconds)
        comes = self.now <= self.comes_after <= self.now + seconds
        self.now = self.comes_after if comes else self.now + seconds
        return Arrival("tilbake") if comes else None

    def expect(self, attempt: Attempt) -> bool:
        self.expected.append(attempt.state)
        return not self.started


@dataclass
class World:
    """A login world that counts the requests it makes."""

    begun: int = 0
    client: Any = field(default_factory=lambda: SimpleNamespace(connection="kari"))

    @property
    def vault(self) -> Any:
        consent = SimpleNamespace(now=datetime(2026, 1, 1, tzinfo=UTC))
        return SimpleNamespace(consent=lambda name: consent, begin=lambda client: None)

    @property
    def idporten(self) -> Any:
        return SimpleNamespace(begin=self._begin)

    def proved(self, ask: Any) -> Any:
        return ask(self.client)

    def _begin(self, client: Any, redirect: str) -> Attempt:
        self.begun += 1
        return attempt(f"ny-{self.begun}", 60.0)


def attempt(state: str, seconds: float | None) -> Attempt:
    return Attempt("https://x.example", "http://127.0.0.1:4711/callback", state, "", "", seconds)


def arrival(world: World, ear: Ear, first: Attempt, seconds: float = 600.0) -> tuple[Arrival, Attempt]:
    return login._arrival(cast(Any, world), cast(Loopback, ear), first, seconds, lambda: ear.now)


def test_a_request_that_lives_for_good_is_waited_for_in_one_go() -> None:
    world, ear = World(), Ear(comes_after=599)
    _, answered = arrival(world, ear, attempt("første", None))
    assert (answered.state, world.begun, ear.waits) == ("første", 0, [600.0])


def test_a_pushed_request_is_made_anew_before_it_dies_until_the_browser_begins() -> None:
    world, ear = World(), Ear(comes_after=130)
    _, answered = arrival(world, ear, attempt("første", 60.0))
    assert ear.waits == [48.0, 48.0, 48.0] and ear.expected == ["ny-1", "ny-2"]
    assert answered.state == "ny-2"


def test_once_the_browser_has_begun_its_request_stands() -> None:
    world, ear = World(), Ear(comes_after=500, started=True)
    _, answered = arrival(world, ear, attempt("første", 60.0))
    assert (answered.state, world.begun, ear.waits) == ("første", 0, [600.0])


def test_nobody_is_waited_for_longer_than_said() -> None:
    world, ear = World(), Ear(comes_after=10_000)
    with pytest.raises(LoginNeeded, match=r"within 10 minutes.*dialogarkiv login kari") as late:
        arrival(world, ear, attempt("første", 60.0))
    assert ear.now == 600 and late.value.exit_code == 3


@pytest.mark.parametrize("name", ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"])
def test_a_browser_is_opened_only_where_there_is_a_screen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert login._has_screen({name: "x"}) and not login._has_screen({name: ""}) and not login._has_screen({})
    monkeypatch.setattr("sys.platform", "darwin")
    assert login._has_screen({})
