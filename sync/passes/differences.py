"""History: what differs between what the archive held of a dialog and what it holds now, by wire path.

Both sides are one document each, put together from every body, so that a change which shows in two bodies is told
once. A part that one side has never seen is unknown, not different: the first opening makes no history of what was
there all along.

Not history: volatile values and order (`canonical`), `isAuthorized` and placeholders by themselves, and what merely
follows from something else: `updatedAt`, `contentUpdatedAt`, the revisions, `isContentSeen` and the seen lists
(table `seen` keeps every seen record), `hasUnopenedContent` and `isOpened` (the activities tell), `latestActivity`,
the obsolete `systemLabel`. The counts are told only where the things they count are unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from store.batch import Row
from sync.passes.bodies import Bodies
from sync.passes.canonical import settled
from sync.passes.masks import is_masked, restored

_text = msgspec.json.Encoder(order="deterministic").encode


@dataclass(slots=True, frozen=True)
class Change:
    """One difference. `before` and `after` are JSON text; None = not there."""

    what: str
    before: str | None
    after: str | None

    def row(self, dialog_id: str, seen_at: str) -> Row:
        """The row of table `change`, without its id."""
        return {
            "dialog_id": dialog_id,
            "seen_at": seen_at,
            "what": self.what,
            "before": self.before,
            "after": self.after,
        }


@dataclass(slots=True, frozen=True)
class _Shape:
    """What of a thing with an id makes history: plain fields, parts of `content`, and things inside it."""

    fields: tuple[str, ...]
    content: tuple[str, ...] = ()
    inside: Mapping[str, _Shape] = field(default_factory=dict)
    learned: tuple[str, ...] = ()  # fields that some bodies leave out: absent on one side is no difference


_ATTACHMENT = _Shape(
    ("displayName", "name", "expiresAt"), inside={"urls": _Shape(("url", "mediaType", "consumerType"))}
)
_ENDPOINT = _Shape(
    (
        "version",
        "url",
        "httpMethod",
        "documentationUrl",
        "requestSchema",
        "responseSchema",
        "deprecated",
        "sunsetAt",
    )
)
_API_ACTION = _Shape(("action", "authorizationAttribute", "name"), inside={"endpoints": _ENDPOINT})
_GUI_ACTION = _Shape(
    (
        "action",
        "url",
        "authorizationAttribute",
        "isDeleteDialogAction",
        "priority",
        "httpMethod",
        "title",
        "prompt",
    )
)
_TRANSMISSION = _Shape(
    (
        "type",
        "createdAt",
        "authorizationAttribute",
        "extendedType",
        "externalReference",
        "relatedTransmissionId",
        "sender",
        "deletedAt",
        "navigationalActions",
    ),
    ("title", "summary", "contentReference"),
    {"attachments": _ATTACHMENT},
)
_ACTIVITY = _Shape(("type", "createdAt", "extendedType", "transmissionId", "description"), learned=("performedBy",))

_SHARED = _Shape(
    (
        "status",
        "extendedStatus",
        "progress",
        "dueAt",
        "externalReference",
        "process",
        "precedingProcess",
        "isApiOnly",
        "party",
        "org",
        "serviceResource",
        "serviceResourceType",
        "createdAt",
    ),
    ("title", "summary", "senderName", "extendedStatus"),
)
_DETAIL = _Shape(
    ("expiresAt",),
    ("additionalInfo", "mainContentReference"),
    {"attachments": _ATTACHMENT, "apiActions": _API_ACTION, "guiActions": _GUI_ACTION},
)
_TRANSMISSION_COUNTS = ("fromServiceOwnerTransmissionsCount", "fromPartyTransmissionsCount")
_FOLLOWS = ("isAuthorized", "isOpened")

_Thing = dict[str, Any]
_Things = dict[str, _Thing]


class _Document:
    """One side, put together. `transmissions` and `activities` are None while they are not wholly known."""

    def __init__(self, bodies: Bodies) -> None:
        item: _Thing | None = None if bodies.list_item is None else settled("list", bodies.list_item)
        self.detail: _Thing | None = None if bodies.detail is None else settled("detail", bodies.detail)
        use_detail = self.detail is not None and (item is None or bodies.detail_is_newer)
        self.shared: _Thing = (self.detail if use_detail else item) or {}
        self.labels = (self.shared.get("endUserContext") or {}).get("systemLabels") or self._obsolete_label()
        detail = self.detail or {}

        self.transmissions: _Things | None = None
        if bodies.transmissions is not None:
            self.transmissions = _by_id(settled("transmissions", bodies.transmissions))
        elif self.detail is not None:
            self.transmissions = _by_id(detail.get("transmissions"))
        elif not any(self.shared.get(name) for name in _TRANSMISSION_COUNTS):
            self.transmissions = {}  # the list counts none

        latest = None if item is None else item.get("latestActivity")
        self.seen_activities: _Things = {}
        told = [detail.get("activities"), None, [latest] if latest else None]
        if bodies.activities is not None:
            told[1] = settled("activities", bodies.activities)
        for each in told:
            for name, activity in _by_id(each).items():
                self.seen_activities[name] = self.seen_activities.get(name, {}) | activity
        self.knows_activities = bodies.activities is not None or self.detail is not None or latest is None

    def _obsolete_label(self) -> list[str] | None:
        label = self.shared.get("systemLabel")
        return None if label is None else [label]


def differences(old: Bodies, new: Bodies) -> list[Change]:
    """The changes from one state of a dialog to the next, each once, in a fixed order.

    Paths: `status`, `systemLabels`, `content.title` (values: its localizations), `transmissions.<id>` (a new one:
    before is None), `transmissions.<id>.content.title`, `apiActions.<id>.endpoints.<id>.url`, `activities.<id>`.
    Raises `msgspec.DecodeError`.
    """
    before, after = _Document(old), _Document(new)
    changes = [*_inside("", before.shared, after.shared, _SHARED)]
    changes += _leaf("systemLabels", before.labels, after.labels)
    both_details = before.detail is not None and after.detail is not None
    if before.detail is not None and after.detail is not None:
        changes += _inside("", before.detail, after.detail, _DETAIL)
    elif "guiAttachmentCount" in before.shared and "guiAttachmentCount" in after.shared:
        changes += _leaf("guiAttachmentCount", before.shared["guiAttachmentCount"], after.shared["guiAttachmentCount"])
    if before.transmissions is not None and after.transmissions is not None:
        changes += _things("transmissions", before.transmissions, after.transmissions, _TRANSMISSION)
    elif not both_details:
        for name in _TRANSMISSION_COUNTS:
            changes += _leaf(name, before.shared.get(name), after.shared.get(name))
    if before.knows_activities and after.knows_activities:
        changes += _things("activities", before.seen_activities, after.seen_activities, _ACTIVITY)
    elif not before.knows_activities and not after.knows_activities:
        new_ones = {k: v for k, v in after.seen_activities.items() if k not in before.seen_activities}
        changes += _things("activities", {}, new_ones, _ACTIVITY)
    return changes


def _by_id(values: Any) -> _Things:
    return {str(each["id"]): each for each in values or () if isinstance(each, dict) and each.get("id")}


def _things(path: str, before: _Things, after: _Things, shape: _Shape) -> Iterator[Change]:
    for name in [*before, *(name for name in after if name not in before)]:
        here = f"{path}.{name}"
        if name not in after:
            yield Change(here, _json(_bare(before[name])), None)
        elif name not in before:
            yield Change(here, None, _json(_bare(after[name])))
        else:
            yield from _inside(f"{here}.", before[name], after[name], shape)


def _inside(path: str, before: _Thing, after: _Thing, shape: _Shape) -> Iterator[Change]:
    for name in shape.fields:
        yield from _leaf(path + name, before.get(name), after.get(name))
    for name in shape.learned:
        if name in before and name in after:
            yield from _leaf(path + name, before[name], after[name])
    old_parts, new_parts = before.get("content") or {}, after.get("content") or {}
    for name in shape.content:
        old, new = old_parts.get(name) or {}, new_parts.get(name) or {}
        yield from _leaf(f"{path}content.{name}", old.get("value"), new.get("value"))
        if "mediaType" in old and "mediaType" in new:
            yield from _leaf(f"{path}content.{name}.mediaType", old["mediaType"], new["mediaType"])
    for name, inner in shape.inside.items():
        yield from _things(path + name, _by_id(before.get(name)), _by_id(after.get(name)), inner)


def _leaf(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    if is_masked(before) or is_masked(after):
        # A placeholder equals whatever it hides.
        before, after = restored(before, after), restored(after, before)
        if before == after:
            return
    yield Change(path, _json(before), _json(after))


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items() if key not in _FOLLOWS}
    return [_bare(inner) for inner in value] if isinstance(value, list) else value


def _json(value: Any) -> str | None:
    return None if value is None else _text(value).decode()
