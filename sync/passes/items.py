"""Whether an item of a page can be filed at all: it has the expected form, a dialog id, a party and its times."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from sync.dialogporten import wire
from sync.dialogporten.deep_items import SET_APART
from sync.dialogporten.instants import canonical
from sync.passes.bodies import MalformedItem

_HEX = "[0-9a-fA-F]"
_UUID = re.compile(f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}")
_PARTY = re.compile(
    r"urn:altinn:(?:organization:identifier-no:\d{9}|person:identifier-no:\d{11}"
    r"|person:idporten-email:\S+|person:legacy-selfidentified:\S+)",
    re.ASCII,
)


@lru_cache(maxsize=1024)
def known_party(urn: str | None) -> bool:
    """Whether the URN is one that Dialogporten files dialogs under (reference: end-user API §3.2): lower case,
    known prefix.
    """
    return urn is not None and _PARTY.fullmatch(urn) is not None and urn == urn.lower()


class _Peek(msgspec.Struct):
    id: object = None
    party: object = None


def checked_item(raw: bytes) -> wire.ListItem:
    """One item of a page. Raises MalformedItem, with id and party where they can be told, for anything that cannot
    be filed.
    """
    if raw.startswith(SET_APART):
        raise MalformedItem("the list item is nested deeper than any that the API promises", "list", *peek(raw))
    try:
        item = wire.list_item(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        dialog_id, party = peek(raw)
        raise MalformedItem(
            f"the list item does not have the expected form: {error}", "list", dialog_id, party
        ) from None
    check_identity(item, "list")
    try:
        for name, value in (
            ("createdAt", item.created_at),
            ("contentUpdatedAt", item.content_updated_at),
            ("latestActivity.createdAt", None if item.latest_activity is None else item.latest_activity.created_at),
        ):
            if value is not None and canonical(value) is None:
                wire.instant(value, name)
        wire.instant(item.updated_at or "", "updatedAt")
    except ValueError as error:
        raise MalformedItem(str(error), "list", item.id, item.party) from None
    return item


def peek(raw: bytes) -> tuple[str | None, str | None]:
    """The dialog id and the party of an item that may be unreadable otherwise; each None when it cannot be one."""
    try:
        found = msgspec.json.decode(raw, type=_Peek)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None, None
    dialog_id = found.id if isinstance(found.id, str) and _UUID.fullmatch(found.id) else None
    return dialog_id, found.party if isinstance(found.party, str) and known_party(found.party) else None


def check_identity(body: wire.ListItem | wire.Dialog, kind: str) -> None:
    """Raises MalformedItem unless the body names its dialog and a party to file it under."""
    if body.id is None or _UUID.fullmatch(body.id) is None:
        raise MalformedItem("the dialog's id is missing or not a UUID", kind, None, None)
    if not known_party(body.party):
        problem = "missing" if body.party is None else "not a URN in lower case of a kind that can own dialogs"
        raise MalformedItem(f"the dialog's party is {problem}", kind, body.id)
