"""The same under the policies that open everything: no unread mark is lost where it is owed."""

from __future__ import annotations

from tests.chaos.machine import ENOUGH, Chaos, same_as_ever


class Opening(Chaos):
    policies = ("restore-unread", "always")


def test_the_archive_equals_the_world_when_all_has_come_to_rest() -> None:
    assert same_as_ever(Opening) >= ENOUGH
