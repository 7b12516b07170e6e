"""Remembers whatever was ever true of each dialog, so that an archive can be held to it.

Shares nothing with the code it judges but the wire itself and the independent reading of it in `tests.equality`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from sync.sandbox.dialogs import Dialog
from tests.chaos.glance import Glance
from tests.equality import KEYS, expected_rows
from tests.faults.playground import Playground

_DROPPED = frozenset({"isAuthorized", "isOpened", "isCurrentEndUser", "dialogToken"})
# Told by the archive itself, or put together from answers of different moments: judged when all has come to rest.
_NEVER_JUDGED = frozenset({"presence", "access", "delegated", "details_status", "is_opened", "is_authorized"})

_text = msgspec.json.Encoder(order="deterministic").encode


class Witness:
    """`note` after every doing; `lies` compares the archive's rows and history with all that was noted."""

    def __init__(self, play: Playground, glance: Glance) -> None:
        self._play = play
        self._glance = glance
        self._cells: dict[tuple[str, tuple[Any, ...]], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._paths: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._presence: dict[str, set[str]] = defaultdict(set)
        self._noted: dict[str, bytes] = {}
        self.untold: set[str] = set()  # readings of a dialog we have that its list item cannot show
        self._true: set[int] = set()  # rows, each of which is one object for good
        self._judged = 0

    def note(self) -> None:
        """Whatever is true now."""
        truth = self._play.truth()
        parties = {each["party"] for each in _flat(truth["parties"])}
        shown = _readable(truth)
        readable = self._behind_caches() or shown
        for dialog in list(self._play.world.dialogs.values()):
            self._presence[dialog.id].update(self._presences(dialog, shown) | self._presences(dialog, readable))
        for dialog_id in self._play.world.purged:
            self._presence[dialog_id] |= {"not_found", "no_access", "absent"}
        for dialog_id, told in readable.items():
            told.get("detail", {}).pop("dialogToken", None)  # another one at each look
            alike = msgspec.json.encode((told, told["party"] in parties))
            if self._noted.get(dialog_id) != alike:
                self._noted[dialog_id] = alike
                self._note_rows(told, told["party"] not in parties)
                self._note_paths(dialog_id, told)

    def _behind_caches(self) -> dict[str, Any]:
        """What may be read although a cache keeps its party out of every list: the children's endpoints ask the
        decision point, which has a cache of its own (reference: end-user API §5.5, §7.3). Empty where none does.
        """
        world = self._play.world
        hidden, now = world.switches.hidden_parties, world.now()
        if all(until <= now for until in hidden.values()):
            return {}
        world.switches.hidden_parties = {}
        try:
            return _readable(self._play.truth())
        finally:
            world.switches.hidden_parties = hidden

    def lies(self) -> Iterator[str]:
        """What the archive says and was never so."""
        for table, rows in self._glance.tables().items():
            for row in rows:
                if id(row) not in self._true:
                    lies = list(self._lies_of(table, row))
                    yield from lies
                    if not lies:
                        self._true.add(id(row))
        for change in self._glance.dicts(f"SELECT * FROM change WHERE id > {self._judged}"):
            self._judged = max(self._judged, int(str(change["id"])))
            yield from self._lies_in(change)

    def note_reading(self, before: Mapping[str, int]) -> None:
        """Somebody has opened something; `before`: how many readings each dialog had. One that another replica dates
        before the dialog's last change belongs to the time before it, and no list item tells of it.
        """
        for dialog in self._play.world.dialogs.values():
            for each in dialog.seen[before.get(dialog.id, 0) :]:
                held = self._glance.rows(f"SELECT 1 FROM dialog WHERE id = '{dialog.id}'")
                if held and each.seen_at <= dialog.updated_at:
                    self.untold.add(each.id)

    def was_ever(self, table: str, key: tuple[Any, ...], column: str, value: Any) -> bool:
        return _cell(value) in self._cells[(table, key)][column]

    def was_deleted(self, dialog_id: str) -> bool:
        return "deleted" in self._presence[dialog_id]

    def _lies_of(self, table: str, row: Mapping[str, Any]) -> Iterator[str]:
        key = tuple(row[column] for column in KEYS[table])
        cells = self._cells.get((table, key))
        if cells is None:
            yield f"{table} {key} never was"
            return
        for column, true in cells.items():
            if column not in _NEVER_JUDGED and _cell(row[column]) not in true:
                yield f"{table} {key} {column} never was {row[column]!r}, but one of {sorted(true)}"

    def _lies_in(self, change: Mapping[str, Any]) -> Iterator[str]:
        dialog_id, what = str(change["dialog_id"]), str(change["what"])
        true = self._presence[dialog_id] if what == "presence" else self._paths[dialog_id].get(what, set())
        for side in ("before", "after"):
            told = change[side]
            found = json.loads(told) if told is not None else None
            if (str(found) if what == "presence" else _norm(found)) not in true:
                yield f"history of {dialog_id}: {what} never was {told} ({side}), but one of {sorted(true)[:6]}"

    def _presences(self, dialog: Dialog, shown: Mapping[str, Any]) -> set[str]:
        found = {"absent"}  # what nobody could ask about at the time
        if dialog.id not in shown:
            return found | {"no_access", "not_found"}
        state = shown[dialog.id]["state"]
        if shown[dialog.id]["refused"]:
            found |= {"no_access", "not_found"}  # of what is refused, nobody is told that it is deleted
        return found | {{"present": "present", "deleted": "deleted"}.get(state, "expired")}

    def _note_rows(self, told: Mapping[str, Any], delegated: bool) -> None:
        ways = [(told, True), (told, False)]
        if "children" in told["refused"] and "detail" in told:
            # The detail falls back on what the list may show, and brings the children along.
            shown = {name: told["detail"].get(name) or [] for name in ("transmissions", "activities")}
            ways.append(({**told, **shown, "refused": {}}, True))
        for each, opened in ways:
            for table, rows in expected_rows(dict(each), opened, delegated).items():
                for row in rows:
                    cells = self._cells[(table, tuple(row[column] for column in KEYS[table]))]
                    for column, value in row.items():
                        cells[column].add(_cell(value))
                    for learned in ("performed_by", "performed_by_type", "performed_by_name", "performed_by_id"):
                        if learned in row:
                            cells[learned].add(_cell(None))

    def _note_paths(self, dialog_id: str, told: Mapping[str, Any]) -> None:
        dialog = self._play.world.dialogs[dialog_id]
        now: dict[str, set[str]] = defaultdict(set)
        detail = told.get("detail") or {}
        for body in (told["listItem"], detail):
            _walk("", {k: v for k, v in body.items() if not k.startswith("seenSince")}, now)
            labels = (body.get("endUserContext") or {}).get("systemLabels")
            if labels:
                now["systemLabels"].add(_norm(labels))
        children = {
            "attachments": dialog.attachments,
            "guiActions": dialog.gui_actions,
            "apiActions": dialog.api_actions,
            "transmissions": [*dialog.transmissions, *(told.get("transmissions") or ())],
            "activities": [*dialog.activities, *(told.get("activities") or ()), *(detail.get("activities") or ())],
        }
        for name, each in children.items():
            _walk(f"{name}.", each, now)
        for path, values in self._paths[dialog_id].items():
            if path not in now:
                values.add(_norm(None))
        known = bool(self._paths[dialog_id])
        for path, values in now.items():
            if path not in self._paths[dialog_id] and known:
                values.add(_norm(None))  # it was not there before
            self._paths[dialog_id][path] |= values


def _readable(truth: Any) -> dict[str, Any]:
    return {each["id"]: each for each in truth["dialogs"] if each["state"] != "purged"}


def _flat(entries: Any) -> Iterator[Any]:
    for entry in entries:
        yield entry
        yield from _flat(entry.get("subParties") or ())


def _walk(path: str, value: Any, into: dict[str, set[str]]) -> None:
    """Every part of a body under its wire path."""
    if isinstance(value, list):
        for each in value:
            if isinstance(each, dict) and "id" in each:
                _put(f"{path}{each['id']}", each, into)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _put(f"{path}{key}", inner, into)


def _put(path: str, value: Any, into: dict[str, set[str]]) -> None:
    if isinstance(value, dict) and "mediaType" in value and "value" in value:
        into[path].add(_norm(value["value"]))
        into[f"{path}.mediaType"].add(_norm(value["mediaType"]))
        return
    into[path].add(_norm(value))
    if isinstance(value, dict) and "performedBy" in value:
        into[path].add(_norm({key: inner for key, inner in value.items() if key != "performedBy"}))
    if isinstance(value, (dict, list)):
        _walk(f"{path}.", value, into)


def _norm(value: Any) -> str:
    return _text(_plain(value)).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        found = {}
        for key, inner in value.items():
            plain = _plain(inner)
            if key in _DROPPED or plain in (None, [], {}):
                continue
            if (key == "actorId" and "identifier-ephemeral" in str(plain)) or str(plain).startswith(
                "urn:altinn:person"
            ):
                continue
            if key.endswith("At") and isinstance(plain, str):
                plain = f"{plain[:26]}Z"
            found[key] = plain
        return found or None
    if isinstance(value, list):
        return sorted((_plain(each) for each in value), key=_text) or None
    if isinstance(value, str) and len(value) == 28 and value.endswith("0Z"):
        return f"{value[:26]}Z"
    return value


def _cell(value: Any) -> str:
    plain = getattr(value, "value", value)
    if isinstance(plain, str) and plain[:1] in "{[":
        plain = json.loads(plain)
    return _text(plain or None if isinstance(plain, (dict, list)) else plain).decode()
