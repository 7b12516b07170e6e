"""The opening policy: which dialogs may be opened by the marking call, and what an opening is known to do.

GET of one dialog marks it as read for everybody in the organisation, even when it answers 500 (reference: end-user
API §5.2, §17.2). This module is the only place that says yes to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from sync.passes.signals import ListSignals

MARKED_AS_UNOPENED = "MarkedAsUnopened"
_STATE = ("isContentSeen", "endUserContext", "systemLabel", "seenSinceLastUpdate", "seenSinceLastContentUpdate")


class Rule(Protocol):
    """One `[[sync.open_rule]]`: whatever it names must match; what it leaves out matches everything."""

    @property
    def party(self) -> str | None: ...
    @property
    def org(self) -> str | None: ...
    @property
    def service_resource(self) -> str | None: ...
    @property
    def open(self) -> str: ...


@dataclass(frozen=True, slots=True)
class OpeningPolicy:
    """`default` is `[sync] open`; the first rule that matches a dialog overrides it."""

    default: str
    rules: Sequence[Rule] = ()

    def value_for(self, item: ListSignals) -> str:
        for rule in self.rules:
            if (
                rule.party in (None, item.party)
                and rule.org in (None, item.org)
                and rule.service_resource in (None, item.service_resource)
            ):
                return rule.open
        return self.default

    def allows(self, item: ListSignals) -> bool:
        """Whether this dialog, as its list item shows it now, may be opened without disturbing anybody the policy
        protects.
        """
        value = self.value_for(item)
        if value == "restore-unread":
            # What we could not put back stays unopened: the label context's revision and the date are what it takes.
            restorable = item.context_revision is not None and item.created_at is not None
            return restorable or not self.must_restore(item)
        return value == "always" or (value != "never" and disturbs_nobody(item))

    def must_restore(self, item: ListSignals) -> bool:
        """Whether opening it takes an unread mark away that must be put back. No human inbox shows an API-only dialog:
        there only the label, which somebody set, is somebody's.
        """
        return self.value_for(item) == "restore-unread" and not disturbs_nobody(item)


def seen_by_somebody(item: ListSignals) -> bool:
    """Already read, and nobody asked for it to look unread again: one more opening changes no mark."""
    return item.is_content_seen and MARKED_AS_UNOPENED not in item.labels


def disturbs_nobody(item: ListSignals) -> bool:
    """Opening it changes no mark that anybody sees or has set: read already, or in no human inbox and not marked."""
    return seen_by_somebody(item) or (item.is_api_only and MARKED_AS_UNOPENED not in item.labels)


def after_opening(list_item: bytes) -> bytes:
    """The list item as the server shows it once we have opened the dialog: content seen, `MarkedAsUnopened` gone.

    Bytes in, bytes out, unchanged when the opening changed nothing. The label context's revision does not move (§17.7).
    """
    item = msgspec.json.decode(list_item)
    context = item.get("endUserContext") or {}
    labels = context.get("systemLabels") or []
    if item.get("isContentSeen") and MARKED_AS_UNOPENED not in labels:
        return list_item
    item["isContentSeen"] = True
    if MARKED_AS_UNOPENED in labels:
        context["systemLabels"] = [label for label in labels if label != MARKED_AS_UNOPENED]
    return msgspec.json.encode(item)


def after_restoring(list_item: bytes, revision: str) -> bytes:
    """The list item as the server shows it once we have put `MarkedAsUnopened` back: content unseen, the label there,
    and the label context of that revision (§8.3, §17.7).
    """
    item = msgspec.json.decode(list_item)
    context = item.get("endUserContext") or {}
    labels = {*(context.get("systemLabels") or ()), MARKED_AS_UNOPENED}
    item["isContentSeen"] = False
    item["endUserContext"] = {**context, "revision": revision, "systemLabels": sorted(labels)}
    return msgspec.json.encode(item)


def with_state(list_item: bytes, newer: bytes) -> bytes:
    """The list item with the seen state and labels of a newer one of the same dialog."""
    item, shown = msgspec.json.decode(list_item), msgspec.json.decode(newer)
    for name in _STATE:
        if name in shown:
            item[name] = shown[name]
        else:
            item.pop(name, None)
    return msgspec.json.encode(item)
