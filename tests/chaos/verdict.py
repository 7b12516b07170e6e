"""Whether an archive equals the world once everything has come to rest, dialog by dialog.

Stricter than `tests.equality.differences` on what must have been read again, and it names what cannot be known: the
details of a dialog that may not be opened again, texts that our level hides, masks, the children that are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from store.clock import instant_text
from sync.sandbox.dialogs import Dialog
from tests.chaos.witness import Witness
from tests.equality import DETAIL_COLUMNS, DETAIL_TABLES, KEYS, Tables, expected_rows
from tests.faults.playground import Playground

_SETTLED = ("Completed", "NotApplicable")
_MASK = "urn:dialogporten:"
_TEXTS = ("title", "summary", "content")
_RIGHTS = ("is_authorized", "main_content_is_authorized")
_TOLD_BY_ACCESS = ("access", "details_status")


@dataclass
class Verdict:
    """`policy` is `[sync] open`; `rights_changed`: what is authorized may be out of date, by design."""

    play: Playground
    witness: Witness
    policy: str
    rights_changed: bool

    def complaints(self) -> Iterator[str]:
        tables = self.play.tables()
        truth = self.play.truth()
        listed = {each["id"]: each for each in truth["dialogs"] if each["state"] == "present"}
        held = {row["id"]: row for row in tables["dialog"]}
        if len(held) != len(tables["dialog"]):
            yield "a dialog is doubled"
        parties = {each["party"] for each in truth["parties"]}
        for dialog_id in sorted(listed.keys() | held.keys()):
            if dialog_id not in held:
                yield f"dialog {dialog_id} is lost"
            elif dialog_id not in listed:
                yield from self._missing(held[dialog_id], truth)
            else:
                own = {name: [r for r in rows if _of(name, r) == dialog_id] for name, rows in tables.items()}
                yield from self._present(held[dialog_id], own, listed[dialog_id], parties)
        for row in self.play.archive.quarantined():
            name = str(row["dialog_id"])
            if name in listed and listed[name]["refused"].get("detail") != 500:
                state = (held[name]["presence"], held[name]["access"]) if name in held else "unknown"
                refused = listed[name]["refused"]
                yield f"{row['id']!r} ({state}, refused {refused}) is still in quarantine: {row['reason']!r}"
        for row in self.play.archive.mailboxes():
            if row["state"] == "active" and row["alarm"]:
                yield f"{row['party']!r} is still held: {row['alarm']!r}"

    def _missing(self, row: Mapping[str, Any], truth: Any) -> Iterator[str]:
        """Why the archive says that a dialog is not listed."""
        dialog = self.play.world.dialogs.get(row["id"])
        visible = next((each for each in truth["dialogs"] if each["id"] == row["id"]), None)
        if dialog is None:
            right = {"not_found", "no_access", "deleted", "expired"}  # it may have gone through others before
        elif visible is None:
            right = {"no_access", "not_found", "deleted", "expired"}
        elif visible["state"] == "deleted":
            right = {"deleted", "expired", "no_access", "not_found"}
        else:
            right = {"expired", "no_access", "not_found"}
            if self.witness.was_deleted(row["id"]):
                right.add("deleted")  # restored after its end it shows in no list, and nothing else tells of it
        if row["presence"] not in right:
            state = visible["state"] if visible is not None else "purged" if dialog is None else "not ours"
            yield f"dialog {row['id']} is {state}, and the archive says {row['presence']}"

    def _present(self, row: Mapping[str, Any], own: Tables, told: Any, parties: set[str]) -> Iterator[str]:
        dialog = self.play.world.dialogs[row["id"]]
        refused, opened = told["refused"], row["details_status"] is not None
        if row["presence"] != "present":
            yield f"dialog {row['id']} is listed, and the archive says {row['presence']}"
            return
        expected = expected_rows(told, opened, told["party"] not in parties)
        fresh = self._fresh(row, dialog, told)
        if fresh == "must" and row["details_status"] != 200:
            yield f"dialog {row['id']} may be opened and was not: {row['details_status']}"
        access = "level_too_low" if refused.get("children") == 403 else "full"
        if refused.get("children") != 404 and row["access"] != access:
            yield f"dialog {row['id']} access: {row['access']} in the archive, {access} on the server"
        skipped = {*_TOLD_BY_ACCESS}
        if not opened or row["details_status"] != 200 or fresh == "stale" or "detail" in refused:
            skipped |= {*DETAIL_COLUMNS}
        if refused.get("children") == 403 or refused.get("detail") == 403:
            skipped |= {*_TEXTS}
        for name in KEYS:
            if self._judged(name, refused, fresh, row):
                yield from self._table(name, own[name], expected[name], skipped, fresh, dialog)

    def _judged(self, name: str, refused: Mapping[str, Any], fresh: str, row: Mapping[str, Any]) -> bool:
        if name in ("dialog", "label"):
            return True
        if "children" in refused:
            return False
        if name in DETAIL_TABLES:
            return fresh != "stale" and row["details_status"] == 200 and "detail" not in refused
        return True

    def _fresh(self, row: Mapping[str, Any], dialog: Dialog, told: Any) -> str:
        """`must`: its details have to be those of now; `same`: they are; `stale`: they may be older."""
        item, detail = told["listItem"], told.get("detail")
        if "detail" in told["refused"] or "children" in told["refused"]:
            return "stale"
        labels = item["endUserContext"]["systemLabels"]
        quiet = (item["isContentSeen"] or item["isApiOnly"]) and "MarkedAsUnopened" not in labels
        allowed = {"never": False, "after-human": quiet}.get(self.policy, True)
        body = self.play.archive.payloads([row["id"]], ["detail"]).get(row["id"], {}).get("detail")
        loud = body is None or json.loads(body.body)["updatedAt"][:26] != item["updatedAt"][:26]
        silently = self._unsettled(item) and quiet
        if allowed and (loud or silently or row["details_status"] != 200):
            return "must"
        return "same" if row["revision"] == detail["revision"] else "stale"

    def _unsettled(self, item: Mapping[str, Any]) -> bool:
        due = item.get("dueAt")
        edge = instant_text(self.play.clock.now() - timedelta(days=29))
        return item["status"] not in _SETTLED or (due is not None and due > edge)

    def _table(
        self, name: str, rows: list[Any], wanted: list[Any], skipped: set[str], fresh: str, dialog: Dialog
    ) -> Iterator[str]:
        mine = {_key(name, row): row for row in rows if row.get("removed_at") is None}
        theirs = {_key(name, row): row for row in wanted}
        if fresh == "stale" or ("content" in skipped and name.startswith("attachment")):
            mine, theirs = (_of_letters(name, each) for each in (mine, theirs))
        # What shows nowhere: an old activity added silently where no letter calls for another look.
        nowhere = name == "activity" and not dialog.transmissions
        for key in theirs.keys() - mine.keys():
            if not nowhere and not (name == "seen" and key[0] in self.witness.untold):
                yield f"{name} {key} is lost"
        yield from (f"{name} {key} is a ghost" for key in mine.keys() - theirs.keys())
        for key in mine.keys() & theirs.keys():
            for column, value in theirs[key].items():
                got = mine[key][column]
                if column in skipped or got == value or (column in _RIGHTS and self.rights_changed):
                    continue
                if _MASK in str(value) and self.witness.was_ever(name, key, column, got):
                    continue
                yield f"{name} {key} {column}: {got!r} in the archive, {value!r} on the server"


def _of_letters(name: str, rows: Mapping[Any, Any]) -> dict[Any, Any]:
    """What belongs to transmissions, which no opening is needed for."""
    if name == "attachment":
        return {key: row for key, row in rows.items() if row["transmission_id"] is not None}
    return {} if name == "attachment_url" else dict(rows)


def _of(name: str, row: Mapping[str, Any]) -> str:
    return str(row["id" if name == "dialog" else "dialog_id"])


def _key(name: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column] for column in KEYS[name])
