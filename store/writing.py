"""Writing dialogs: rows, labels, payload versions and history of a batch, table by table across all its dialogs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from store.batch import OWNED, Batch, DialogRows, Row, Value, Written
from store.bookkeeping import looked, move_cursors, quarantine, release
from store.clock import instant_text
from store.compression import all_compressed, compressed, decompressed
from store.duties import write_duties
from store.reach import reconsider, write_levels, write_refusals
from store.statements import Cursor, Engine, insert, insert_new, run, table, upsert
from store.values import Values, tidied

# Parents before children.
_GROWING = ("seen", "label_log", "verdict")
_WRITABLE = (*OWNED, *_GROWING, "label")
_CHANGE = ("dialog_id", "seen_at", "what", "before", "after")


def write_batch(engine: Engine, cursor: Cursor, batch: Batch) -> Written:
    """Writes a batch inside the transaction of `cursor`; writing it again changes nothing."""
    total = Written()
    for dialogs in _rounds(batch.dialogs):
        done = _Round(engine, cursor, batch.at, dialogs).write()
        total = Written(total.dialogs + done.dialogs, total.rows + done.rows, total.changes + done.changes)
    quarantine(engine, cursor, batch.quarantine, batch.at)
    release(engine, cursor, batch.released)
    looked(engine, cursor, batch.looks)
    write_duties(engine, cursor, batch.duties)
    write_levels(engine, cursor, batch.levels, batch.at)
    reconsider(engine, cursor, batch.reconsidered)
    write_refusals(engine, cursor, batch.refusals)
    move_cursors(engine, cursor, batch.cursors, batch.at)
    return total


def _rounds(dialogs: Sequence[DialogRows]) -> Iterator[list[DialogRows]]:
    # A dialog that stands twice in a batch is written twice, in its order.
    rest = list(dialogs)
    while rest:
        now = {dialog.dialog["id"]: dialog for dialog in reversed(rest)}
        if len(now) == len(rest):
            yield rest
            return
        yield list(reversed(now.values()))
        first = {id(dialog) for dialog in now.values()}
        rest = [dialog for dialog in rest if id(dialog) not in first]


class _Round:
    """Dialogs with different ids, written together."""

    def __init__(self, engine: Engine, cursor: Cursor, at: str, dialogs: list[DialogRows]) -> None:
        self.engine = engine
        self.cursor = cursor
        self.at = at
        self.dialogs = dialogs
        claimed = [_id(dialog) for dialog in dialogs if dialog.is_new]
        # Somebody else may have landed a "new" one in between: those take the careful way.
        landed = {row[0] for row in engine.select_in(cursor, "SELECT id FROM dialog WHERE id {}", claimed)}
        self.overtaken = landed | self._outdated()
        if self.overtaken:
            self.dialogs = dialogs = self._not_worse()
        self.fresh = [dialog for dialog in dialogs if dialog.is_new and _id(dialog) not in landed]
        new = {id(dialog) for dialog in self.fresh}
        self.standing = [dialog for dialog in dialogs if id(dialog) not in new]

    def write(self) -> Written:
        by_table: dict[str, list[Row]] = {name: [] for name in _WRITABLE}
        for dialog in self.dialogs:
            for name, rows in dialog.rows.items():
                if name not in by_table:
                    raise ValueError(f"Rows of table {name!r} do not belong to a dialog.")
                by_table[name].extend(rows)
        dialogs = insert_new(self.engine, self.cursor, "dialog", [dialog.dialog for dialog in self.fresh])
        dialogs += upsert(self.engine, self.cursor, "dialog", [dialog.dialog for dialog in self.standing])
        written = dialogs
        for name in (*OWNED, *_GROWING):
            written += upsert(self.engine, self.cursor, name, _last_of_each(name, by_table[name]))
            if name in OWNED:
                written += self._remove(name)
        written += self._take_off_labels()
        written += upsert(self.engine, self.cursor, "label", by_table["label"])
        written += self._payloads()
        return Written(dialogs, written, self._changes())

    def _outdated(self) -> set[str]:
        """The dialogs whose stored bodies are others than these rows were made from."""
        made_from = {_id(dialog): dialog.payload_versions for dialog in self.dialogs if dialog.payload_versions}
        sql = "SELECT dialog_id, kind, version FROM payload WHERE superseded_at IS NULL AND dialog_id {}"
        found = self.engine.select_in(self.cursor, sql, list(made_from))
        return {str(row[0]) for row in found if made_from[row[0]].get(row[1]) != row[2]}

    def _not_worse(self) -> list[DialogRows]:
        """Without what somebody else wrote while this was read, and saw more of or later."""
        sql = "SELECT id, access, updated_at FROM dialog WHERE id {}"
        stands = {row[0]: row[1:] for row in self.engine.select_in(self.cursor, sql, sorted(self.overtaken))}
        kept = []
        for dialog in self.dialogs:
            if _id(dialog) in stands:
                access, updated = stands[_id(dialog)]
                mine = dialog.dialog
                less = access == "full" and mine.get("access", "full") != "full"
                if less or (updated is not None and _time(updated) > str(mine.get("updated_at") or "")):
                    continue
            kept.append(dialog)
        return kept

    def _remove(self, name: str) -> int:
        """Marks the children that a fresh read no longer names."""
        primary = [column.name for column in table(name).primary_key]
        named = {
            _id(dialog): {tuple(row[key] for key in primary) for row in dialog.rows[name]}
            for dialog in self.standing
            if name in dialog.rows and name not in dialog.partial
        }
        sql = f"SELECT dialog_id, {', '.join(primary)} FROM {name} WHERE removed_at IS NULL AND dialog_id {{}}"  # noqa: S608
        gone: list[Values] = [
            (self.at, *row[1:])
            for row in self.engine.select_in(self.cursor, sql, list(named))
            if tuple(row[1:]) not in named[row[0]]
        ]
        mark = self.engine.mark
        where = " AND ".join(f"{key} = {mark}" for key in primary)
        return run(self.engine, self.cursor, f"UPDATE {name} SET removed_at = {mark} WHERE {where}", gone)  # noqa: S608

    def _take_off_labels(self) -> int:
        named = {
            _id(dialog): {row["label"] for row in dialog.rows["label"]}
            for dialog in self.standing
            if "label" in dialog.rows
        }
        found = self.engine.select_in(self.cursor, "SELECT dialog_id, label FROM label WHERE dialog_id {}", list(named))
        gone: list[Values] = [(row[0], row[1]) for row in found if row[1] not in named[row[0]]]
        mark = self.engine.mark
        sql = f"DELETE FROM label WHERE dialog_id = {mark} AND label = {mark}"  # noqa: S608
        return run(self.engine, self.cursor, sql, gone)

    def _payloads(self) -> int:
        """A body that differs becomes the next version; the one before it is superseded, and kept."""
        changed = {_id(dialog): dialog for dialog in self.standing if dialog.payloads}
        current: dict[tuple[str, str], tuple[int, bytes]] = {
            (row[0], row[1]): (row[2], bytes(row[3]))
            for row in self.engine.select_in(
                self.cursor,
                "SELECT dialog_id, kind, version, body FROM payload WHERE superseded_at IS NULL AND dialog_id {}",
                list(changed),
            )
        }
        superseded: list[Values] = []
        first = [(_id(dialog), kind, body) for dialog in self.fresh for kind, body in dialog.payloads.items()]
        kept = all_compressed([body for _, _, body in first])
        added: list[Values] = [
            (dialog_id, kind, 1, self.at, body) for (dialog_id, kind, _), body in zip(first, kept, strict=True)
        ]
        for dialog_id, dialog in changed.items():
            for kind, body in dialog.payloads.items():
                version, stored = current.get((dialog_id, kind), (0, b""))
                if version and decompressed(stored) == body:
                    continue
                if version:
                    superseded.append((self.at, dialog_id, kind, version))
                added.append((dialog_id, kind, version + 1, self.at, compressed(body)))
        mark = self.engine.mark
        run(
            self.engine,
            self.cursor,
            f"UPDATE payload SET superseded_at = {mark} "  # noqa: S608
            f"WHERE dialog_id = {mark} AND kind = {mark} AND version = {mark}",
            superseded,
        )
        columns = ("dialog_id", "kind", "version", "fetched_at", "body")
        return insert(self.engine, self.cursor, "payload", columns, added)

    def _changes(self) -> int:
        """History rows that do not stand yet: the same change seen at the same time is the same row."""
        told_by_others = self._told_by_others()
        wanted = [
            change
            for dialog in self.dialogs
            for change in dialog.changes
            if told_by_others.get((_id(dialog), change["what"])) != (change["before"], change["after"])
        ]
        if not wanted:
            return 0
        told = [_id(dialog) for dialog in self.standing if dialog.changes]
        since = min(str(change["seen_at"]) for change in wanted)
        standing: Counter[Values] = Counter(
            (row[0], _time(row[1]), *row[2:])
            for row in self.engine.select_in(
                self.cursor, 'SELECT dialog_id, seen_at, what, "before", "after" FROM change WHERE dialog_id {}', told
            )
            if _time(row[1]) >= since
        )
        new: list[Values] = []
        for key in tidied([tuple(change.get(name) for name in _CHANGE) for change in wanted], ()):
            if standing[key] > 0:
                standing[key] -= 1
            else:
                new.append(key)
        return insert(self.engine, self.cursor, "change", _CHANGE, new)

    def _told_by_others(self) -> dict[tuple[str, Value], tuple[Value, Value]]:
        """The newest change of each thing of the overtaken dialogs: who was faster saw the same."""
        ids = [_id(dialog) for dialog in self.dialogs if dialog.changes and _id(dialog) in self.overtaken]
        sql = 'SELECT dialog_id, what, "before", "after" FROM change WHERE dialog_id {} ORDER BY seen_at, id'
        return {(row[0], row[1]): (row[2], row[3]) for row in self.engine.select_in(self.cursor, sql, ids)}


def _id(dialog: DialogRows) -> str:
    return str(dialog.dialog["id"])


def _time(value: str | datetime) -> str:
    return value if isinstance(value, str) else instant_text(value)


def _last_of_each(name: str, rows: list[Row]) -> list[Row]:
    # A server that names one child twice means the same child.
    primary = [column.name for column in table(name).primary_key]
    if len(primary) == 1:
        key = primary[0]
        found = {row[key]: row for row in rows}
    else:
        found = {tuple(row[key] for key in primary): row for row in rows}  # type: ignore[misc]
    return rows if len(found) == len(rows) else list(found.values())
