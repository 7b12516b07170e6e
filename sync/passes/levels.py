"""What our authentication level hides from us, service by service.

A service may ask for a higher level than ours. Its dialogs are then listed, with other texts where the service owner
gave some, and nothing in the item tells; everything else of them is refused (reference: end-user API §2.5, §3.7). Known
by the service's minimum level, asked for when it is needed and at most once a pass; where that cannot be had, by a read
that leaves no trace.
"""

from __future__ import annotations

import msgspec

from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    DialogForbidden,
    Gone,
    HttpRefusal,
    LevelTooLow,
    NotFound,
    Unreachable,
    WrongScope,
    WrongUser,
)
from sync.passes.ports import Inbox, Told

LEVEL_TOO_LOW = "level_too_low"
_RESOURCE = "urn:altinn:resource:"


class _Service(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    id: str | None = None
    minimum_authentication_level: int | None = None


class _Entry(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    service_resource: _Service | None = None


class _Catalogue(msgspec.Struct, frozen=True, gc=False):
    items: list[_Entry] | None = None


class Levels:
    """What one identity has learned in this pass. Used by one thread."""

    def __init__(self, inbox: Inbox, told: Told) -> None:
        self._inbox = inbox
        self._told = told
        self._found: dict[str, bool] = {}  # service → whether it hides from us
        self._minimum: dict[str, int] | None = None
        self._asked = False
        self.quiet = False  # asks nobody: for a plan that is only told

    def forget(self) -> None:
        """Another pass begins: levels may have changed."""
        self._found, self._minimum, self._asked = {}, None, False

    def learn(self) -> None:
        """Asks for the minimum levels of all services, so that `known` can answer for each."""
        if not self._asked and not self.quiet and self._inbox.level is not None:
            self._asked = True
            self._minimum = self._ask()

    def noted(self, service: str | None, hides: bool) -> None:
        """A read of one of its dialogs was refused for the level, or was not."""
        if service is not None:
            self._found[service] = hides

    def known(self, service: str | None) -> bool | None:
        """Whether the service hides from us; None where that is not known so far. Asks nobody."""
        if service is None:
            return None
        found = self._found.get(service)
        if found is None and self._minimum is not None and (ours := self._inbox.level) is not None:
            minimum = self._minimum.get(service)
            found = None if minimum is None else minimum > ours
        return found

    def hides(self, service: str | None, dialog_id: str) -> bool | None:
        """As `known`, and asks where it is not: for the services' levels first, then for the dialog's transmissions,
        which leaves no trace. None when neither tells.
        """
        if (found := self.known(service)) is None:
            self.learn()
            if (found := self.known(service)) is None and not self.quiet:
                found = self._probed(dialog_id)
                if found is not None:
                    self.noted(service, found)
        return found

    def _probed(self, dialog_id: str) -> bool | None:
        try:
            self._inbox.transmissions(dialog_id)
        except LevelTooLow:
            return True
        except (WrongScope, WrongUser):
            raise
        except (HttpRefusal, Unreachable, BadBody) as error:
            # Whoever has no right to the dialog is refused before the level is looked at.
            return False if isinstance(error, DialogForbidden | NotFound | Gone) else None
        return False

    def _ask(self) -> dict[str, int] | None:
        try:
            return minimum_levels(self._inbox.service_resources_metadata())
        except (HttpRefusal, Unreachable, BadBody, ValueError) as error:
            why = error.sentence if isinstance(error, ArkivError) else "not what the API promises"
            self._told("levels_unreadable", {"why": why})
            return None


def minimum_levels(body: bytes) -> dict[str, int]:
    """Service → minimum level, of a body of `/metadata/serviceresources`. ValueError when it is malformed."""
    catalogue = msgspec.json.decode(body, type=_Catalogue)
    found: dict[str, int] = {}
    for entry in catalogue.items or ():
        service = entry.service_resource
        if service is not None and service.id and service.minimum_authentication_level is not None:
            name = service.id if service.id.startswith("urn:") else f"{_RESOURCE}{service.id}"
            found[name] = service.minimum_authentication_level
    return found
