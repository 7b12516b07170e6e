"""Whatever others do, whatever goes wrong and whenever our program dies: the archive comes to equal the world."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.machine import Chaos

STEPS = 2_000


def test_the_archive_equals_the_world_when_all_has_come_to_rest() -> None:
    """The same examples at every run; `make chaos` makes new ones."""
    Chaos.steps = 0
    run_state_machine_as_test(
        Chaos,
        settings=settings(
            max_examples=40,
            stateful_step_count=60,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Chaos.steps >= STEPS, Chaos.steps
