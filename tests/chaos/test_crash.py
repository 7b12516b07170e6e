"""Killed at a sample of points, chosen to lie far apart; `make crash` covers all of them."""

from __future__ import annotations

from tests.chaos.crash import count_points, driver, killed_at

SAMPLE = 8


def test_whoever_is_killed_starts_again_and_has_lost_nothing() -> None:
    with driver() as drive:
        moments, undisturbed = count_points(drive)
        assert len(moments) > 200
        openings = [n for n, name in enumerate(moments) if name.startswith("before PUT")]
        spread = range(7, len(moments), len(moments) // SAMPLE)
        for point in sorted({*spread, openings[1], openings[-1] + 1}):
            assert killed_at(drive, point, undisturbed) == [], moments[point]
