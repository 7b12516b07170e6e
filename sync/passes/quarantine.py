"""What could not be read: kept raw with its reason, tried again with growing pauses, released when it can be read.

Its ids name the kind and the dialog (`detail:<dialog id>`), or the kind and the bytes where they name no dialog.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from store.batch import Row
from sync.dialogporten.errors import ArkivError
from sync.passes.bodies import KINDS, MalformedItem


@dataclass(slots=True)
class Quarantine:
    """The quarantine as a run of one identity sees it: what stands, what of its own is due, what to write."""

    connection: str
    identity: str
    _standing: dict[str, Row] = field(default_factory=dict)
    _met: set[str] = field(default_factory=set)
    _tried: set[str] = field(default_factory=set)

    def load(self, rows: Iterable[Row], *, all_due: bool = False) -> None:
        """`rows` are those of table quarantine, whoever met them: another identity may be able to read them. `all_due`:
        none of them waits for its next try.
        """
        due: Row = {"next_try_at": None} if all_due else {}
        self._standing = {str(row["id"]): row | due for row in rows}
        self._met = set()
        self._tried = set()

    def due(self, now: str) -> dict[str, frozenset[str]]:
        """Dialog id → the kinds of bodies to read again now; list items are another matter (`items_due`)."""
        found: dict[str, set[str]] = {}
        for row in self._standing.values():
            if (row["connection"], row["identity"]) != (self.connection, self.identity):
                continue
            again = row["next_try_at"]
            waits = isinstance(again, str) and again > now
            if row["id"] in self._tried:
                continue  # read in this pass already, well or not
            if row["dialog_id"] is not None and row["kind"] != "list" and not waits:
                found.setdefault(str(row["dialog_id"]), set()).add(str(row["kind"]))
        return {dialog_id: frozenset(kinds) for dialog_id, kinds in found.items()}

    def items_due(self, now: str) -> list[Row]:
        """The list items of our own to ask for again now, but for those that this pass has met."""
        return [
            row
            for name, row in self._standing.items()
            if row["kind"] == "list"
            and row["dialog_id"] is not None
            and (row["connection"], row["identity"]) == (self.connection, self.identity)
            and name not in self._met
            and str(row["next_try_at"] or "") <= now
        ]

    def waiting(self, dialog_id: str, now: str) -> frozenset[str]:
        """The kinds of this dialog that failed and whose next try has not come."""
        rows = {kind: self._standing.get(f"{kind}:{dialog_id}") for kind in KINDS}
        return frozenset(k for k, row in rows.items() if row is not None and str(row["next_try_at"] or "") > now)

    @property
    def dialogs(self) -> frozenset[str]:
        """The dialogs of which something stands."""
        return frozenset(str(row["dialog_id"]) for row in self._standing.values() if row["dialog_id"] is not None)

    def gone(
        self, missing: frozenset[str], parties: frozenset[str], *, everything: bool, hidden: frozenset[str]
    ) -> list[str]:
        """The ids of what is there no longer, after every list item of `parties` was met: what belongs to a dialog of
        `missing`, and items that the list showed to us once and does not show any more. `everything`: no other mailbox
        is left that an item without a party might have come from. Of a dialog of `hidden` our level or our rights show
        nothing but the list item: the rest is read anew when they do.
        """
        found = []
        for name, row in self._standing.items():
            dialog_id = row["dialog_id"]
            if dialog_id in missing or (dialog_id in hidden and row["kind"] != "list"):
                found.append(name)
            elif row["kind"] == "list" and (row["connection"], row["identity"]) == (self.connection, self.identity):
                ours = everything if row["party"] is None else row["party"] in parties
                if ours and name not in self._met:
                    found.append(name)
        return found

    def stands(self, row: Row) -> bool:
        """Whether the row was in quarantine before this run: one more try is no news."""
        return str(row["id"]) in self._standing

    def released(self, dialog_id: str, kinds: Iterable[str]) -> list[str]:
        """The ids that stand for these kinds of this dialog."""
        if not self._standing:
            return []  # as nearly always, and this is asked of every item
        return [name for kind in kinds if (name := f"{kind}:{dialog_id}") in self._standing]

    def tried(self, dialog_id: str, kinds: Iterable[str]) -> None:
        """These were read in this pass: one more try in the same pass would be one opening too many."""
        self._tried.update(f"{kind}:{dialog_id}" for kind in kinds)

    def met(self, names: Iterable[str]) -> None:
        """The ids of items that this pass has met and could read."""
        self._met.update(names)

    def item(self, raw: bytes, problem: MalformedItem, now: str) -> Row:
        """An item of a page that cannot be filed."""
        name = problem.dialog_id or hashlib.blake2b(raw, digest_size=16).hexdigest()
        self._met.add(f"list:{name}")
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
