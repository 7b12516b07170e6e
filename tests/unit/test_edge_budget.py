"""How many requests may leave in a second."""

import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.dialogporten.budget import BURST_SECONDS, RECOVERY_SECONDS, RequestBudget
from sync.dialogporten.errors import Stopped


class Time:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False


class Standing:
    """A clock that stands still, and remembers the waits."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return False


def left(budget: RequestBudget, time: Time, count: int) -> list[float]:
    """When each of so many requests left, asked for one right after the other."""
    moments = []
    for _ in range(count):
        budget.take()
        moments.append(time.now)
    return moments


@settings(deadline=None, max_examples=50)
@given(st.floats(0.2, 5000), st.lists(st.floats(0, 10_000), max_size=20), st.floats(0.1, 60))
def test_no_stretch_of_time_holds_more_than_the_budget_however_long_it_was_idle_before(
    per_second: float, idle: list[float], stretch: float
) -> None:
    time = Time()
    budget = RequestBudget(per_second, monotonic=time, wait=time.wait)
    moments: list[float] = []
    for pause in [*idle, 0.0]:
        time.now += pause
        moments += left(budget, time, 30)
    most = per_second * (stretch + BURST_SECONDS) + 1
    for first in range(len(moments)):
        count = sum(moments[first] <= moment < moments[first] + stretch for moment in moments)
        assert count <= most + 1e-6 * count + 1


def test_a_server_that_was_away_for_hours_meets_no_burst() -> None:
    time = Time()
    budget = RequestBudget(50, monotonic=time, wait=time.wait)
    left(budget, time, 100)
    time.now += 6 * 3600
    back = time.now
    moments = left(budget, time, 200)
    assert sum(moment < back + 1.0 for moment in moments) <= 55
    assert moments[-1] - back == pytest.approx(4.0, abs=0.2)


def test_an_idle_budget_lets_a_request_through_at_once() -> None:
    time = Time()
    budget = RequestBudget(1, monotonic=time, wait=time.wait)
    assert budget.take() == 0.0


def test_requests_leave_in_the_order_in_which_they_came() -> None:
    standing = Standing()
    waits = standing.waits
    budget = RequestBudget(10, monotonic=lambda: 5.0, wait=standing.wait)
    for _ in range(50):
        budget.take()
    assert waits == sorted(waits)
    assert all(later - earlier == pytest.approx(0.1) for earlier, later in pairwise(waits))


def test_threads_share_one_budget() -> None:
    standing = Standing()
    waits = standing.waits
    budget = RequestBudget(10, monotonic=lambda: 5.0, wait=standing.wait)
    threads = [threading.Thread(target=lambda: [budget.take() for _ in range(25)]) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert max(waits) == pytest.approx(9.9)
    assert len(set(waits)) == len(waits)


def test_waiting_for_a_turn_ends_when_we_are_asked_to_stop() -> None:
    budget = RequestBudget(1, monotonic=lambda: 0.0, wait=lambda seconds: True)
    budget.take()
    with pytest.raises(Stopped):
        budget.take()


def test_a_429_halves_the_pace_once_for_all_that_are_refused_together_and_quiet_restores_it() -> None:
    time = Time()
    budget = RequestBudget(100, monotonic=time, wait=time.wait)
    left(budget, time, 150)
    for _ in range(8):
        budget.slow_down()
    assert budget.per_second == pytest.approx(50)
    time.now += RECOVERY_SECONDS
    budget.take()
    assert budget.per_second == pytest.approx(75)
    time.now += RECOVERY_SECONDS
    budget.take()
    assert budget.per_second == pytest.approx(100)


def test_a_429_halves_what_really_left_and_not_what_might_have() -> None:
    time = Time()
    budget = RequestBudget(10_000, monotonic=time, wait=time.wait)
    for _ in range(40):
        budget.take()
        time.now += 0.025
    budget.slow_down()
    assert budget.per_second == pytest.approx(20, rel=0.1)


def test_the_pace_never_falls_below_one_in_a_second_nor_the_budget_itself() -> None:
    time = Time()
    fast, slow = (RequestBudget(rate, monotonic=time, wait=time.wait) for rate in (100, 0.5))
    for _ in range(30):
        time.now += 2
        fast.slow_down()
        slow.slow_down()
    assert fast.per_second == pytest.approx(1)
    assert slow.per_second == pytest.approx(0.5)


@pytest.mark.parametrize("per_second", [0, -1, float("nan")])
def test_a_budget_of_nothing_is_refused(per_second: float) -> None:
    with pytest.raises(ValueError, match="no requests"):
        RequestBudget(per_second)
