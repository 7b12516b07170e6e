"""We are a quiet guest: a budget of requests that nobody exceeds, and a server in trouble is left in peace.

The first tests run in true time, for the budget is about time; the others move a clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config.keys import create_key
from config.settings import load
from sync.dialogporten.breaker import FAILURES
from sync.dialogporten.errors import BadGateway
from sync.passes.report import PassReport
from sync.runner import Runner, RunResult
from sync.sandbox.faults import Fault, Faults
from sync.sandbox.server import SandboxServer
from sync.sandbox.world import World
from tests.faults.playground import A, B, Clock, Playground, playground, problem


@dataclass
class Gateway(Faults):
    """Stands in front of the API and answers 429 to what exceeds `per_second` in any second."""

    per_second: int = 10**9
    retry_after: str | None = "1"
    moments: list[float] = field(default_factory=list)
    refused: int = 0
    _passed: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def strike(self, method: str, path_and_query: str) -> Fault | None:
        with self._lock:
            now = time.monotonic()
            self.moments.append(now)
            self._passed = [moment for moment in self._passed if now - moment < 1.0]
            if len(self._passed) >= self.per_second:
                self.refused += 1
                headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
                return Fault(status=429, headers=headers, body="slow down")
            self._passed.append(now)
        return super().strike(method, path_and_query)

    @property
    def lasted(self) -> float:
        return self.moments[-1] - self.moments[0]

    def most_in(self, seconds: float) -> int:
        return max(
            sum(first <= moment < first + seconds for moment in self.moments[number:])
            for number, first in enumerate(self.moments)
        )


@dataclass
class Visit:
    """A playground behind a gateway; `run` is one run of ours in true time."""

    play: Playground
    gateway: Gateway

    def run(self, per_second: int) -> RunResult:
        env = {**self.play.env, "DIALOGARKIV__LIMITS__REQUESTS_PER_SECOND": str(per_second)}
        runner = Runner(load(self.play.file, env), env, self.play.hear)
        try:
            return runner.run(self.play.archive)
        finally:
            runner.close()


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    clock, gateway = Clock(), Gateway()
    with SandboxServer(World(now=clock.now), faults=gateway) as server:
        play = Playground(tmp_path, server, clock, "never", "sqlite:///arkiv.db")
        play.allow(A, B)
        try:
            yield Visit(play, gateway)
        finally:
            play.close()


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path) as ready:
        yield ready


def fill(play: Playground, count: int) -> None:
    """So many dialogs with a letter each: a read for each of them."""
    for number in range(count):
        play.letter(play.dialog((A, B)[number % 2], f"Nummer {number}"))


def report(result: RunResult) -> PassReport:
    return result.reports[0]


def test_a_run_keeps_to_its_budget_in_every_second(visit: Visit) -> None:
    fill(visit.play, 30)
    assert visit.run(per_second=50).exit_code == 0

    assert visit.play.differences() == []
    assert len(visit.gateway.moments) >= 80
    assert visit.gateway.most_in(1.0) <= 1.1 * 50 + 1
    assert len(visit.gateway.moments) <= 1.1 * 50 * visit.gateway.lasted + 1


@pytest.mark.parametrize("retry_after", ["1", None])
def test_in_a_storm_of_429_no_more_is_asked_than_the_server_allows(visit: Visit, retry_after: str | None) -> None:
    fill(visit.play, 20)
    visit.gateway.per_second, visit.gateway.retry_after = 25, retry_after
    assert visit.run(per_second=1000).exit_code == 0

    assert visit.play.differences() == []
    assert visit.gateway.refused, "the storm never came"
    assert len(visit.gateway.moments) <= 1.1 * 25 * (visit.gateway.lasted + 1.0)


def test_an_outage_ends_the_pass_instead_of_asking_for_every_dialog(play: Playground) -> None:
    fill(play, 120)
    play.fault("/enduser/dialogs/", status=502, body=problem(502))

    result = play.sync()
    assert result.exit_code == 4, "the list was read"
    assert report(result).error is not None
    failed = {entry.path.split("/")[5] for entry in play.server.world.requests.entries if entry.status == 502}
    # A dialog counts once, however often it is tried. Those under way when it opens still come back.
    assert FAILURES <= len(failed) <= FAILURES + 4
    assert [name for name, _ in play.told if name == "server_down"] == ["server_down"]


def test_a_server_that_stays_away_is_looked_at_once_a_run_and_read_in_full_when_it_is_back(play: Playground) -> None:
    fill(play, 20)
    play.fault(".*", status=502, body=problem(502))
    for _ in range(5):
        play.sync()
    requests = play.server.world.requests
    for _ in range(12):
        play.clock.skip(3600)
        before = sum(requests.by.values())
        assert play.sync().exit_code == 5
        assert sum(requests.by.values()) - before <= 1
    assert all(name != "dialog_quarantined" for name, _ in play.told)

    play.calm()
    play.clock.skip(3600)
    assert play.sync().exit_code == 0
    assert play.differences() == []
    assert [name for name, _ in play.told if name == "server_back"] == ["server_back"]


def test_dialogs_that_fail_for_good_do_not_close_the_server(play: Playground) -> None:
    fill(play, 30)
    play.fault("/transmissions", status=500, body=problem(500))

    assert play.sync().exit_code == 4
    assert report(play.sync()).error is None
    assert all(name != "server_down" for name, _ in play.told)


def test_a_service_list_that_cannot_be_had_does_not_close_the_server(play: Playground) -> None:
    play.fault("/metadata/serviceresources", status=502, body=problem(502))
    client = play.runner.identities[0].inbox.client
    for _ in range(FAILURES):
        with pytest.raises(BadGateway):
            client.service_resources_metadata()
    assert play.sync().exit_code == 0


def test_one_client_id_has_one_budget_and_one_gate_over_all_of_its_connections(tmp_path: Path) -> None:
    create_key(tmp_path / "key.jwk")
    user = 'kind = "system-user"\nkey = "key.jwk"\n'
    file = tmp_path / "dialogarkiv.toml"
    file.write_text(
        '[environment]\nname = "tt02"\n[limits]\nrequests_per_second = 7\n'
        f'[[connection]]\nname = "en"\nclient_id = "klient"\n{user}'
        'system_users = [{ org = "315260183" }, { org = "311590839" }]\n'
        f'[[connection]]\nname = "to"\nclient_id = "klient"\n{user}system_users = [{{ org = "310166138" }}]\n'
        f'[[connection]]\nname = "tre"\nclient_id = "annen"\n{user}system_users = [{{ org = "310166138" }}]\n'
    )
    runner = Runner(load(file, {}), {}, lambda event, fields: None)
    try:
        retriers = [identity.inbox.client.retrier for identity in runner.identities]
    finally:
        runner.close()
    assert [retrier.pace is retriers[0].pace for retrier in retriers] == [True, True, True, False]
    assert [retrier.gate is retriers[0].gate for retrier in retriers] == [True, True, True, False]
    assert len({id(retrier.breaker) for retrier in retriers}) == 1, "they all ask one server"
    assert retriers[0].pace is not None
    assert retriers[0].pace.per_second == pytest.approx(7)
