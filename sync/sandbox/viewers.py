"""A caller together with what it may see: the eyes through which a dialog is rendered."""

from __future__ import annotations

from dataclasses import dataclass

from sync.sandbox.access import (
    LEVEL_WITHOUT_ROW_DETAIL,
    LEVEL_WITHOUT_ROW_SEARCH,
    Grants,
    has_main_access,
    may_list,
)
from sync.sandbox.callers import Caller
from sync.sandbox.dialogs import Dialog
from sync.sandbox.problems import Refused
from sync.sandbox.world import World


@dataclass(frozen=True)
class Viewer:
    """One caller's view of the world."""

    world: World
    caller: Caller
    grants: Grants
    accepted: tuple[str, ...] = ()

    @property
    def level(self) -> int:
        """The authentication level; a token without a usable one makes the server stumble (500)."""
        if self.caller.level is None:
            raise Refused(500)
        return self.caller.level

    def may_list(self, dialog: Dialog) -> bool:
        """List authorization, and no cache that hides the party for a while."""
        until = self.world.switches.hidden_parties.get(dialog.party)
        return (until is None or until <= self.world.now()) and may_list(self.grants, dialog)

    def has_main_access(self, dialog: Dialog, *, with_actions: bool) -> bool:
        """What the PDP says of the main resource."""
        return has_main_access(self.grants, dialog, with_actions=with_actions)

    def is_level_too_low(self, dialog: Dialog) -> bool:
        """For the detail and the children."""
        needed = self.world.access.level_needed(dialog.service_resource, LEVEL_WITHOUT_ROW_DETAIL)
        return not self.grants.unlimited and self.level < needed

    def is_substituted(self, dialog: Dialog) -> bool:
        """Whether the list shows the non-sensitive texts."""
        needed = self.world.access.level_needed(dialog.service_resource, LEVEL_WITHOUT_ROW_SEARCH)
        return not self.grants.unlimited and self.level < needed


def viewer_of(world: World, caller: Caller, accepted: tuple[str, ...] = ()) -> Viewer:
    """The view that `caller` has now."""
    return Viewer(world, caller, world.grants(caller), accepted)
