"""When a server that fails is left alone, and how it is taken up again."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from sync.dialogporten.breaker import Breaker
from sync.dialogporten.errors import (
    ArkivError,
    BadGateway,
    Busy,
    ConnectFailed,
    Context,
    CutBody,
    DialogForbidden,
    NotFound,
    ServerDown,
    ServerFault,
    Stopped,
    TimedOut,
)

ON_DIALOG = Context(at=datetime(2026, 11, 22, tzinfo=UTC), dialog_id="01a201f6-d692-7189-978d-a9b633a191fa")


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def breaker(time: Time, told: list[str]) -> Breaker:
    def hear(event: str, fields: Mapping[str, object]) -> None:
        told.append(str(event))

    return Breaker(3, pause=30, longest_pause=100, monotonic=time, jitter=lambda: 0.5, told=hear)


def fail(breaker: Breaker, times: int, error: ArkivError | None = None) -> None:
    for _ in range(times):
        breaker.admit()
        breaker.heard(error or ConnectFailed("No connection."))


def refused(breaker: Breaker) -> bool:
    try:
        breaker.admit()
    except ServerDown:
        return True
    return False


@pytest.mark.parametrize(
    "error",
    [ConnectFailed(""), TimedOut(""), CutBody(""), BadGateway(""), ServerFault(""), Busy("", status=503)],
    ids=repr,
)
def test_failures_in_a_row_open_it_and_not_one_fewer(breaker: Breaker, error: ArkivError) -> None:
    fail(breaker, 2, error)
    assert not refused(breaker)
    breaker.heard(error)
    assert refused(breaker)


@pytest.mark.parametrize("answer", [None, NotFound(""), DialogForbidden("")], ids=repr)
def test_an_answer_in_between_begins_the_count_anew(breaker: Breaker, answer: ArkivError | None) -> None:
    for _ in range(10):
        fail(breaker, 2)
        breaker.heard(answer)
    assert not refused(breaker)


@pytest.mark.parametrize(
    "error",
    [
        ServerFault("", context=ON_DIALOG),
        Busy("", status=503, retry_after=5.0),
        Busy("", status=429),
        Stopped(""),
    ],
    ids=repr,
)
def test_what_is_no_failure_of_the_server_never_opens_it(breaker: Breaker, error: ArkivError) -> None:
    fail(breaker, 50, error)
    assert not refused(breaker)


def test_after_the_pause_one_request_looks_and_the_others_wait_for_it(
    breaker: Breaker, time: Time, told: list[str]
) -> None:
    fail(breaker, 3)
    time.now = 29
    assert refused(breaker)
    time.now = 31
    assert [refused(breaker) for _ in range(5)] == [False, True, True, True, True]
    breaker.heard(None)
    assert not refused(breaker)
    assert told == ["server_down", "server_back"]


def test_each_failed_look_doubles_the_pause_up_to_its_longest(breaker: Breaker, time: Time) -> None:
    fail(breaker, 3)
    pauses = []
    for _ in range(4):
        began = time.now
        while refused(breaker):
            time.now += 1
        pauses.append(round(time.now - began))
        breaker.heard(TimedOut(""))
    assert pauses == [30, 60, 100, 100]


def test_an_answer_makes_the_next_pause_short_again(breaker: Breaker, time: Time) -> None:
    fail(breaker, 3)
    time.now = 31
    fail(breaker, 1)
    time.now += 61
    breaker.admit()
    breaker.heard(None)
    fail(breaker, 3)
    time.now += 31
    assert not refused(breaker)


def test_failures_of_requests_that_were_under_way_when_it_opened_do_not_prolong_the_pause(
    breaker: Breaker, time: Time
) -> None:
    fail(breaker, 3)
    time.now = 20
    breaker.heard(TimedOut(""))
    time.now = 31
    assert not refused(breaker)


def test_a_look_that_nothing_is_heard_of_does_not_close_the_server_for_ever(breaker: Breaker, time: Time) -> None:
    fail(breaker, 3)
    time.now = 31
    breaker.admit()
    breaker.heard(Stopped(""))
    assert refused(breaker)
    time.now = 62
    assert not refused(breaker)


def test_the_refusal_says_what_failed_and_when_it_is_tried_again(breaker: Breaker) -> None:
    fail(breaker, 3)
    with pytest.raises(ServerDown) as error:
        breaker.admit(ON_DIALOG)
    assert "Dialogporten failed 3 times in a row" in str(error.value)
    assert "30 s" in str(error.value)
    assert "No connection." in str(error.value)
    assert error.value.exit_code == 5
