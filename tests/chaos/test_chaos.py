"""Whatever others do, whatever breaks and whenever we die, under the policies that disturb nobody: all is well in the
end.
"""

from __future__ import annotations

from tests.chaos.machine import ENOUGH, Chaos, same_as_ever


class Discreet(Chaos):
    policies = ("after-human", "never")


def test_the_archive_equals_the_world_when_all_has_come_to_rest() -> None:
    assert same_as_ever(Discreet) >= ENOUGH
