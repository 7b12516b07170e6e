"""`python -m tests.chaos.campaign [MINUTES]`: the machine of chaos with new seeds, for as long as asked.

Ends at the first failing example, prints its steps and the seed that makes it again: `… campaign 0 SEED`, or
`… campaign 0 SEED shrink` for as few steps as will do.
"""

from __future__ import annotations

import secrets
import sys
import time

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.machine import Chaos

WORLDS = 10  # of a seed
LENGTHS = (50, 100)  # of a world; the seed says which


def main(minutes: float, chosen: int | None, *, shrinking: bool = False) -> None:
    began, rounds = time.monotonic(), 0
    phases = [Phase.generate, Phase.shrink] if shrinking else [Phase.generate]
    while rounds == 0 or time.monotonic() - began < minutes * 60:
        number = secrets.randbelow(10**9) if chosen is None else chosen
        machine = seed(number)(type("Chaos", (Chaos,), {}))
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=WORLDS,
                    stateful_step_count=LENGTHS[number % len(LENGTHS)],
                    phases=phases,
                    database=None,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except BaseException:
            print(f"seed {number}, after {Chaos.steps} steps in {time.monotonic() - began:.0f} s", file=sys.stderr)
            raise
        rounds += 1
        print(f"{Chaos.steps} steps, {rounds} seeds, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(float(given[0]) if given else 10.0, int(given[1]) if len(given) > 1 else None, shrinking="shrink" in given[2:])
