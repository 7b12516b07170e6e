"""The sandbox answers as a genuine Dialogporten did: each recorded scenario and both long runs, request by request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sync.sandbox.server import SandboxServer
from sync.sandbox.world import World
from tests.contract.sandbox_replay import RECORDINGS, Different, Matches, Replay, long_run, scenario, scenarios

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings of a genuine server are not here")

# What the recorder's machine explains: keys that are left out of the comparison of one exchange, and why.
EXPLAINED = {
    # The genuine server had no signing keys in its local secrets, so it shows placeholders; the sandbox has real ones.
    "s01-metadata/05-jwks": frozenset({"kid", "x"}),
    # The address each server has.
    "s01-metadata/06-oauth-metadata": frozenset({"issuer", "jwks_uri"}),
}
# The first read after the recorded restart.
RESTARTED = "s17-restart/09-page-2-after"


@pytest.fixture
def replay() -> Iterator[Replay]:
    with SandboxServer(World(local_mode=True)) as server, httpx.Client(base_url=server.url, verify=False) as client:
        yield Replay(server, client, EXPLAINED)


@pytest.mark.parametrize("folder", scenarios())
def test_a_scenario_is_answered_as_the_genuine_server_did(replay: Replay, folder: str) -> None:
    for name, exchange in scenario(folder):
        if name == RESTARTED:
            replay.world.resalt()
            replay.matches.forget_ephemeral()
        replay.check(name, exchange)


@pytest.mark.parametrize("number", [1, 2])
def test_a_long_run_is_answered_as_the_genuine_server_did(replay: Replay, number: int) -> None:
    asked = 0
    for name, exchange in long_run(number):
        replay.check(name, exchange)
        asked += 1
    assert asked > 1000


def test_every_recorded_scenario_is_replayed() -> None:
    assert len(scenarios()) >= 17


ID, OTHER = "01a201f6-c599-718b-9280-866adec87c3d", "01a201f6-c599-718b-9280-866adec87c3e"


@pytest.mark.parametrize(
    ("recorded", "ours"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": None}, {}),
        ({"a": []}, {}),
        ({"a": False}, {"a": 0}),
        ([ID, ID], [ID, OTHER]),
        ([ID, OTHER], [ID, ID]),
        (["a", "b"], ["b", "a"]),
        ("2026-01-01T00:00:00.0000000Z", "2026-01-01T00:00:02.0000000Z"),
        (["2026-01-01T00:00:00.0000000Z", "2026-01-01T00:00:00.5000000Z"], ["2026-01-01T00:00:00.1000000Z"] * 2),
        ("updatedat_2026-01-01T00:00:00.0000000Z,id_" + ID, "updatedat_2026-01-01T00:00:00.0000000Z"),
    ],
)
def test_the_comparison_sees_a_difference(recorded: Any, ours: Any) -> None:
    with pytest.raises(Different):
        Matches().compare(recorded, ours, "body")
