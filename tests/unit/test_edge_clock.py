"""Our clock against the server's."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.dialogporten.clock import ServerClock
from sync.dialogporten.errors import ClockSkew

START = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
HOST = "maskinporten.example"


class World:
    """True time, this machine's wall clock, and its monotonic clock."""

    def __init__(self) -> None:
        self.elapsed = 1000.0
        self.wall_off = 0.0
        self.heard: list[tuple[str, Mapping[str, object]]] = []
        self.clock = ServerClock(
            now=lambda: self.true_time() + timedelta(seconds=self.wall_off),
            monotonic=lambda: self.elapsed,
            told=lambda event, fields: self.heard.append((event, fields)),
        )

    def true_time(self) -> datetime:
        return START + timedelta(seconds=self.elapsed)

    def ask(self, server_off: float = 0.0, round_trip: float = 0.2, **headers: str) -> None:
        sent = self.elapsed
        self.elapsed += round_trip / 2
        date = format_datetime(self.true_time() + timedelta(seconds=server_off), usegmt=True)
        self.elapsed += round_trip / 2
        self.clock.observe(HOST, {"date": date, **headers}, sent)

    def events(self) -> list[str]:
        return [event for event, _ in self.heard]


def test_before_the_first_answer_nothing_is_known_and_nothing_refused() -> None:
    world = World()
    assert world.clock.skew(HOST) is None
    assert world.clock.ahead(HOST) == timedelta(0)
    world.clock.require_agreement(HOST)


@given(st.floats(-5, 5), st.floats(0, 8))
def test_a_clock_that_is_a_few_seconds_off_is_in_order(off: float, round_trip: float) -> None:
    world = World()
    world.wall_off = off
    world.ask(round_trip=round_trip)
    world.clock.require_agreement(HOST)
    assert world.events() == []


@given(st.floats(12, 10**6), st.booleans())
def test_what_is_off_is_measured_to_the_second(off: float, behind: bool) -> None:
    world = World()
    world.wall_off = -off if behind else off
    world.ask()
    skew = world.clock.skew(HOST)
    assert skew is not None
    assert skew == pytest.approx(world.wall_off, abs=1.3)
    assert abs(skew) <= abs(world.wall_off), "doubt is never held against our clock"
    assert world.events() == ["clock_skewed"]


@pytest.mark.parametrize("off", [62.0, -62.0, 7200.0])
def test_over_a_minute_signing_is_refused_and_says_which_way(off: float) -> None:
    world = World()
    world.wall_off = off
    world.ask()
    with pytest.raises(ClockSkew) as refused:
        world.clock.require_agreement(HOST)
    assert ("ahead of" if off > 0 else "behind") in str(refused.value)
    assert refused.value.exit_code == 2
    assert refused.value.seconds == pytest.approx(off, abs=1.3)


def test_between_ten_seconds_and_a_minute_it_warns_and_signs() -> None:
    world = World()
    world.wall_off = 30.0
    world.ask()
    world.clock.require_agreement(HOST)
    assert world.events() == ["clock_skewed"]


def test_it_warns_once_for_each_change_and_says_when_all_is_well() -> None:
    world = World()
    world.wall_off = 30.0
    for _ in range(3):
        world.ask()
    assert world.events() == ["clock_skewed"]
    world.wall_off = 50.0
    for _ in range(3):
        world.ask()
    assert world.events() == ["clock_skewed"] * 2
    world.wall_off = 0.0
    for _ in range(3):
        world.ask()
    assert world.events() == ["clock_skewed", "clock_skewed", "clock_agrees"]


def test_a_slow_answer_is_not_held_against_our_clock() -> None:
    world = World()
    world.ask(server_off=-40.0, round_trip=90.0)
    assert world.events() == []


def test_a_wall_clock_that_is_set_after_the_answer_shows_at_once() -> None:
    world = World()
    world.ask()
    world.wall_off = 3600.0
    with pytest.raises(ClockSkew):
        world.clock.require_agreement(HOST)
    world.wall_off = 0.0
    world.elapsed += 5 * 3600
    world.clock.require_agreement(HOST)


def test_a_cached_answer_and_one_without_a_readable_date_tell_nothing() -> None:
    world = World()
    world.ask(server_off=500.0, age="500")
    world.clock.observe(HOST, {"date": "yesterday"}, world.elapsed)
    world.clock.observe(HOST, {}, world.elapsed)
    assert world.clock.skew(HOST) is None


@given(st.floats(-1000, 1000), st.floats(0, 10))
def test_how_far_the_server_is_ahead_is_never_overstated(off: float, round_trip: float) -> None:
    world = World()
    world.ask(server_off=off, round_trip=round_trip)
    ahead = world.clock.ahead(HOST).total_seconds()
    assert off - round_trip - 1.1 <= ahead <= off + 0.1


def test_hosts_are_told_apart() -> None:
    world = World()
    world.ask(server_off=500.0)
    assert world.clock.skew("other.example") is None
    world.clock.require_agreement("other.example")
