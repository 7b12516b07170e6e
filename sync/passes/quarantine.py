"""What could not be read: kept raw with its reason, tried again with growing pauses, released when it can be read.

Its ids name the kind and the dialog (`detail:<dialog id>`), or the kind and the bytes where they name no dialog.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from store.batch import Row
from sync.dialogporten.errors import ArkivError
from sync.passes.bodies import MalformedItem


@dataclass(slots=True)
class Quarantine:
    """The quarantine as a run of one identity sees it: what stands, what of its own is due, what to write."""

    connection: str
    identity: str
    _standing: dict[str, Row] = field(default_factory=dict)

    def load(self, rows: Iterable[Row]) -> None:
        """`rows` are those of table quarantine, whoever met them: another identity may be able to read them."""
        self._standing = {str(row["id"]): row for row in rows}

    def due(self, now: str) -> dict[str, frozenset[str]]:
        """Dialog id → the kinds of bodies to read again now. List items come again by themselves."""
        found: dict[str, set[str]] = {}
        for row in self._standing.values():
            if (row["connection"], row["identity"]) != (self.connection, self.identity):
                continue
            again = row["next_try_at"]
            waits = isinstance(again, str) and again > now
            if row["dialog_id"] is not None and row["kind"] != "list" and not waits:
                found.setdefault(str(row["dialog_id"]), set()).add(str(row["kind"]))
        return {dialog_id: frozenset(kinds) for dialog_id, kinds in found.items()}

    def stands(self, row: Row) -> bool:
        """Whether the row was in quarantine before this run: one more try is no news."""
        return str(row["id"]) in self._standing

    def released(self, dialog_id: str, kinds: Iterable[str]) -> list[str]:
        """The ids that stand for these kinds of this dialog."""
        return [name for kind in kinds if (name := f"{kind}:{dialog_id}") in self._standing]

    def item(self, raw: bytes, problem: MalformedItem, now: str) -> Row:
        """An item of a page that cannot be filed."""
        name = problem.dialog_id or hashlib.blake2b(raw, digest_size=16).hexdigest()
        return self._row(f"list:{name}", "list", problem.dialog_id, problem.party, problem.reason, now, raw)

    def body(self, dialog_id: str, party: str | None, problem: MalformedItem, body: bytes | None, now: str) -> Row:
        """A whole answer that cannot be read."""
        return self._row(f"{problem.kind}:{dialog_id}", problem.kind, dialog_id, party, problem.reason, now, body)

    def unread(self, dialog_id: str, party: str | None, kind: str, error: ArkivError, now: str) -> Row:
        """A read that failed, for good or for now."""
        reason = f"{type(error).__name__}: {error.sentence}"
        if error.trace_id:
            reason += f" (trace {error.trace_id})"
        return self._row(f"{kind}:{dialog_id}", kind, dialog_id, party, reason, now, None)

    def _row(
        self,
        name: str,
        kind: str,
        dialog_id: str | None,
        party: str | None,
        reason: str,
        now: str,
        payload: bytes | None,
    ) -> Row:
        return {
            "id": name,
            "kind": kind,
            "dialog_id": dialog_id,
            "party": party,
            "connection": self.connection,
            "identity": self.identity,
            "reason": reason,
            "first_seen_at": now,
            "last_tried_at": now,
            "payload": payload,
        }
