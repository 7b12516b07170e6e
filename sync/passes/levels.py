"""What our authentication level hides from us, service by service.

A service may ask for a higher level than ours. Its dialogs are then listed, with other texts where the service owner
gave some, and nothing in the item tells; everything else of them is refused (reference: end-user API §2.5, §3.7). Known
by the service's minimum level, asked for when it is needed and at most once a pass; where that cannot be had, by a read
that leaves no trace.

What was learned is kept for later passes. It may be outdated by then: good enough for leaving a dialog alone, or for
trying to read it, but never for believing a text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

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


def _nothing() -> Mapping[str, int]:
    return {}


class Levels:
    """What one identity has learned in this pass, and remembers of earlier ones. Used by one thread.

    `remembered` tells service → minimum level, of those that somebody of ours stood before too low.
    """

    def __init__(self, inbox: Inbox, told: Told, remembered: Callable[[], Mapping[str, int]] = _nothing) -> None:
        self._inbox = inbox
        self._told = told
        self._remembered = remembered
        self._memory: dict[str, int] | None = None
        self._news: dict[str, int] = {}
        self._found: dict[str, bool] = {}  # service → whether it hides from us
        self._minimum: dict[str, int] | None = None
        self._asked = False
        self._level: list[int | None] = []  # ours, once it was looked up
        self.quiet = False  # asks nobody: for a plan that is only told

    def forget(self) -> None:
        """Another pass begins: levels may have changed."""
        self._found, self._minimum, self._asked = {}, None, False
        self._memory, self._level = None, []

    @property
    def ours(self) -> int | None:
        """Our level in this pass; None where only the server knows it."""
        if not self._level:
            self._level.append(self._inbox.level)
        return self._level[0]

    def learn(self) -> None:
        """Asks for the minimum levels of all services, so that `known` can answer for each."""
        if not self._asked and not self.quiet and self.ours is not None:
            self._asked = True
            self._minimum = self._ask()
            for service in list(self._of_old()) if self._minimum is not None else ():
                self._remember(service, (self._minimum or {}).get(service))

    def noted(self, service: str | None, hides: bool) -> None:
        """A read of one of its dialogs was refused for the level, or was not."""
        if service is None:
            return
        self._found[service] = hides
        asks = self._of_old().get(service)
        if not hides and asks is None:
            return
        if (ours := self.ours) is not None:
            self._remember(service, max(asks or 0, ours + 1) if hides else min(asks or ours, ours))

    def known(self, service: str | None) -> bool | None:
        """Whether the service hides from us; None where that is not known so far. Asks nobody."""
        if service is None:
            return None
        found = self._found.get(service)
        if found is None and self._minimum is not None and (ours := self.ours) is not None:
            minimum = self._minimum.get(service)
            found = None if minimum is None else minimum > ours
        return found

    def suffices(self, service: str | None) -> bool | None:
        """Whether our level is high enough, by what this pass or an earlier one learned; None where nobody knows. Asks
        nobody.
        """
        if (found := self.known(service)) is not None:
            return not found
        asks = None if service is None else self._of_old().get(service)
        return None if asks is None or self.ours is None else self.ours >= asks

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
        if found and service is not None and self._minimum is not None:
            self._remember(service, self._minimum.get(service))
        return found

    def take_news(self) -> dict[str, int]:
        """What was learned since the last call that differs from what was remembered: service → minimum level."""
        news, self._news = self._news, {}
        return news

    def _of_old(self) -> dict[str, int]:
        if self._memory is None:
            self._memory = {**self._remembered(), **self._news}
        return self._memory

    def _remember(self, service: str, minimum: int | None) -> None:
        if minimum is not None and self._of_old().get(service) != minimum:
            self._of_old()[service] = self._news[service] = minimum

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
