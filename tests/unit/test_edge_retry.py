"""When a request is asked again, and how long it waits before."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    BadGateway,
    BadRequest,
    Busy,
    ConnectFailed,
    Context,
    CutBody,
    DialogForbidden,
    Gone,
    NotAuthenticated,
    NotFound,
    ServerFault,
    Stopped,
    TimedOut,
    TokenRefused,
    TooBroad,
    TooLarge,
)
from sync.dialogporten.retry import LONGEST, Budget, Gate, Retrier, RetryPolicy, http_date, retry_after

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
ON_DIALOG = Context(at=NOW, dialog_id="01a201f6-d692-7189-978d-a9b633a191fa")


class Time:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return False


class Answers:
    """Raises each error in turn, then answers."""

    def __init__(self, *errors: ArkivError) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def retrier(time: Time, policy: RetryPolicy | None = None, **given: object) -> Retrier:
    gate = given.pop("gate", None)
    budget = given.pop("budget", None)
    assert gate is None or isinstance(gate, Gate)
    assert budget is None or isinstance(budget, Budget)
    assert not given
    return Retrier(policy, gate=gate or Gate(time), budget=budget, wait=time.wait, jitter=lambda: 0.5)


@given(st.integers(0, 10**15))
def test_retry_after_in_seconds_is_read_as_it_stands_up_to_a_year(seconds: int) -> None:
    assert retry_after(str(seconds), NOW) == min(seconds, LONGEST)


@given(st.integers(-(10**6), 10**6))
def test_retry_after_as_a_date_is_measured_against_the_servers_now(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after(date, NOW) == max(seconds, 0)


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [A-Z+]{1,4}\d*"))
def test_retry_after_never_raises_and_is_never_negative(text: str) -> None:
    found = retry_after(text, NOW)
    assert found is None or 0 <= found <= LONGEST


@pytest.mark.parametrize("text", [None, "", "-1", "0", "soon", "1.5", "١٢", "Sun, 99 Nov 2026 07:34:43 GMT"])
def test_what_is_no_date_is_no_date(text: str | None) -> None:
    assert http_date(text) is None


def test_a_retry_after_with_arabic_digits_or_a_fraction_is_unreadable() -> None:
    assert retry_after("١٢", NOW) is None
    assert retry_after("1.5", NOW) is None


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_is_anything_between_nothing_and_its_ceiling(attempt: int, jitter: float) -> None:
    policy = RetryPolicy(base=0.5, longest_backoff=30.0)
    delay = policy.backoff(attempt, jitter)
    assert 0 <= delay <= 30.0
    assert delay <= 0.5 * 2.0 ** min(attempt - 1, 20)
    assert policy.backoff(attempt, 0.0) == 0


@given(st.floats(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_a_wait_that_the_server_asks_for_is_obeyed_up_to_the_cap(asked: float, jitter: float) -> None:
    policy = RetryPolicy(longest_retry_after=300.0)
    delay = policy.delay(Busy("", retry_after=asked), 1, jitter)
    assert delay is not None
    assert min(asked, 300.0) <= delay <= 301.0


@pytest.mark.parametrize(
    "error",
    [ConnectFailed(""), TimedOut(""), CutBody(""), BadGateway(""), ServerFault(""), Busy("")],
    ids=repr,
)
def test_what_may_pass_is_asked_again_until_the_attempts_are_used_up(error: ArkivError) -> None:
    time = Time()
    answers = Answers(error, error, error, error)
    assert retrier(time).run(answers) == "answer"
    assert len(time.waits) == 4
    with pytest.raises(type(error)):
        retrier(time).run(Answers(*[error] * 5))


@pytest.mark.parametrize(
    "error",
    [
        BadRequest(""),
        NotAuthenticated(""),
        DialogForbidden(""),
        NotFound(""),
        Gone(""),
        TooBroad(""),
        TooLarge(""),
        BadBody(""),
        TokenRefused("", code="MP-303", permanent=True),
        Stopped(""),
    ],
    ids=repr,
)
def test_what_is_final_is_asked_once(error: ArkivError) -> None:
    time = Time()
    answers = Answers(error)
    with pytest.raises(type(error)):
        retrier(time).run(answers)
    assert (answers.calls, time.waits) == (1, [])


def test_a_500_on_a_dialog_is_asked_twice_at_most() -> None:
    answers = Answers(*[ServerFault("", context=ON_DIALOG)] * 5)
    with pytest.raises(ServerFault):
        retrier(Time()).run(answers)
    assert answers.calls == 2


def test_a_busy_server_holds_every_request_of_the_client_id_back() -> None:
    time = Time()
    gate = Gate(time)
    first = retrier(time, RetryPolicy(attempts=1), gate=gate)
    other = retrier(time, gate=gate)
    with pytest.raises(Busy):
        first.run(Answers(Busy("", retry_after=40.0)))
    assert time.waits == []
    assert other.run(Answers()) == "answer"
    assert time.waits == [40.0]


def test_a_shorter_wait_never_opens_a_gate_that_is_closed_for_longer() -> None:
    time = Time()
    gate = Gate(time)
    assert gate.close_for(60.0) == 60.0
    assert gate.close_for(10.0) == 0.0
    assert gate.remaining() == 60.0
    time.now = 50.0
    assert gate.close_for(20.0) == 10.0
    time.now = 70.0
    assert gate.remaining() == 0.0
    assert gate.close_for(5.0) == 5.0


def test_requests_that_are_held_back_together_pay_the_wait_once() -> None:
    time = Time()
    gate, budget = Gate(time), Budget(100.0)
    runner = retrier(time, gate=gate, budget=budget)
    gate.close_for(30.0)
    assert budget.take(30.0)
    assert runner.run(Answers(Busy("", retry_after=30.0))) == "answer"
    # 30 s at the gate that somebody else had paid, then 30 s of its own.
    assert budget.left == pytest.approx(40.0)


def test_waits_end_when_the_connections_budget_is_used_up() -> None:
    time = Time()
    budget = Budget(100.0)
    runner = retrier(time, RetryPolicy(attempts=50), budget=budget)
    with pytest.raises(Busy):
        runner.run(Answers(*[Busy("", retry_after=40.0)] * 50))
    assert sum(time.waits) <= 100.0 + 2.0
    assert budget.left == 0.0
    again = Answers()
    with pytest.raises(Busy) as refused:
        runner.run(again)
    assert again.calls == 0, "a closed gate and no budget: the server is left in peace"
    assert refused.value.retry_after == pytest.approx(40.0, abs=1.0)


def test_the_next_run_may_wait_again() -> None:
    time = Time()
    budget = Budget(1.0)
    runner = retrier(time, RetryPolicy(attempts=3), budget=budget)
    budget.spend_all()
    with pytest.raises(TimedOut):
        runner.run(Answers(TimedOut("")))
    budget.refill()
    assert runner.run(Answers(TimedOut(""))) == "answer"
    assert time.waits == [0.25]


def test_backing_off_is_paid_from_the_budget() -> None:
    time = Time()
    budget = Budget(1.0)
    answers = Answers(*[TimedOut("")] * 10)
    with pytest.raises(TimedOut):
        retrier(time, RetryPolicy(attempts=10), budget=budget).run(answers)
    # 0.25 + 0.5, and the next second is not there.
    assert time.waits == [0.25, 0.5]
    assert budget.left == 0.25


def test_a_request_to_stop_ends_a_wait_at_once() -> None:
    answers = Answers(TimedOut(""))
    with pytest.raises(Stopped):
        Retrier(wait=lambda seconds: True, jitter=lambda: 0.5).run(answers)
    assert answers.calls == 1


def test_each_retry_is_told_without_anything_secret() -> None:
    heard: list[tuple[str, dict[str, object]]] = []
    time = Time()
    Retrier(
        gate=Gate(time),
        wait=time.wait,
        jitter=lambda: 0.5,
        told=lambda event, fields: heard.append((event, dict(fields))),
    ).run(Answers(CutBody("", context=ON_DIALOG)))
    ((event, fields),) = heard
    assert event == "request_retried"
    assert fields["error"] == "CutBody"
    assert fields["attempt"] == 1
