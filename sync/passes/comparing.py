"""What differs between a dialog as the archive holds it and as the server shows it: pure, field by field.

Nothing that the archive leaves out of its history is left out here, but for what is volatile (`canonical`) and for what
it knows better than a single read: placeholders, who performed an activity, texts of a higher level, its own openings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from store.batch import Known, Row
from sync.dialogporten import wire
from sync.passes.bodies import Bodies
from sync.passes.canonical import settled
from sync.passes.levels import LEVEL_TOO_LOW
from sync.passes.normalise import RowContext, dialog_rows
from sync.passes.remember import remember, scrubbed
from sync.passes.sighting import Sighting, seen_ids, tells_nothing_new

CHILDREN = ("transmissions", "activities", "seenlog", "labellog")
_SEEN = ("seenSinceLastUpdate", "seenSinceLastContentUpdate")
# Columns that no body tells: they say how and when we read it.
_OURS = frozenset(
    {
        "presence",
        "access",
        "texts_full",
        "delegated",
        "details_status",
        "details_problem",
        "opened_at",
        "children_status",
        "connection",
        "identity",
        "first_seen_at",
        "last_changed_at",
        "list_digest",
        "removed_at",
        "is_current_end_user",
    }
)
_GROWING = frozenset({"seen", "label_log"})
_KEYS: Mapping[str, tuple[str, ...]] = {
    "label": ("label",),
    "label_log": ("created_at", "name", "action"),
    "navigational_action": ("transmission_id", "position"),
}

encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(slots=True, frozen=True)
class Difference:
    """`kind`: missing (not in the archive), absent (not on the server), presence, access, list, transmissions,
    activities, seenlog, labellog or table (the archive's tables disagree with what it read). `archive` and `server`
    are JSON text; None = not there.
    """

    dialog_id: str
    party: str
    kind: str
    what: str
    archive: str | None
    server: str | None


Found = tuple[str, Any, Any]  # path, what the archive holds, what the server shows


def list_differences(sighting: Sighting, known: Known, held: Mapping[str, bytes]) -> list[Found]:
    """Every field of a list item that differs from the held one."""
    old = held.get("list")
    if old is None:
        return [("list", None, "a list item")]
    before = wire.list_item(old)
    told = [*(before.seen_since_last_update or ()), *(before.seen_since_last_content_update or ())]
    seen = seen_ids(held.get("seenlog")) | {record.id for record in told if record.id is not None}
    if tells_nothing_new(sighting.raw, old, seen, sighting.signals):
        return []
    mine, theirs = settled("list", old) or {}, settled("list", sighting.raw) or {}
    for side in (mine, theirs):
        for name in _SEEN:
            side.pop(name, None)
        if known.access == LEVEL_TOO_LOW and known.texts_full:
            for name in ("title", "summary"):
                (side.get("content") or {}).pop(name, None)
    found = list(_apart("", mine, theirs))
    return found + [(f"seen.{one}", None, "seen") for one in sorted(sighting.signals.seen_ids - seen)]


def child_differences(kind: str, held: Mapping[str, bytes], fresh: bytes) -> list[Found]:
    """What differs in one list of children. What was never read is nothing, for the list item showed nothing of it."""
    old = Bodies.of(held)
    new = remember(old, scrubbed(Bodies.of({**held, kind: fresh}))).by_kind()[kind]
    mine, theirs = _by_name(kind, held.get(kind, b"[]")), _by_name(kind, new)
    if kind == "seenlog":
        # Seen records are also known from the list item.
        item = wire.list_item(held["list"]) if "list" in held else wire.ListItem()
        told = [*(item.seen_since_last_update or ()), *(item.seen_since_last_content_update or ())]
        known = {record.id for record in told if record.id is not None}
        theirs = {name: each for name, each in theirs.items() if name in mine or name not in known}
    found: list[Found] = []
    for name in [*mine, *(name for name in theirs if name not in mine)]:
        path = f"{kind}.{name}"
        if name not in mine or name not in theirs:
            found.append((path, mine.get(name), theirs.get(name)))
        else:
            found += _apart(path, mine[name], theirs[name])
    return found


def table_differences(
    dialog_id: str, held: Mapping[str, bytes], rows: Mapping[str, Sequence[Row]], languages: Sequence[str]
) -> list[Found]:
    """Where the archive's tables say otherwise than the bodies it holds: path, what stands, what should."""
    made = dialog_rows(dialog_id, Bodies.of(held), RowContext(now="", languages=languages))
    found: list[Found] = []
    for table, expected in {"dialog": [made.dialog], **made.rows}.items():
        mine = {_key(table, row): row for row in rows.get(table, ()) if row.get("removed_at") is None}
        theirs = {_key(table, row): row for row in expected}
        for key in [*theirs, *(key for key in mine if key not in theirs)]:
            path = table if table == "dialog" else f"{table} {' '.join(map(str, key))}"
            if key not in mine:
                found.append((path, None, "a row"))
            elif key not in theirs:
                if table not in _GROWING and table not in made.partial:
                    found.append((path, "a row", None))
            else:
                found += [
                    (f"{path} {column}", mine[key].get(column), value)
                    for column, value in theirs[key].items()
                    if column not in _OURS and mine[key].get(column) != value
                ]
    return found


def _key(table: str, row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEYS.get(table, ("id",)))


def _by_name(kind: str, body: bytes) -> dict[str, Any]:
    """The children by id; entries of the label log have none and go by all that they say but the actor."""
    children = settled(kind, body) or []
    if kind == "labellog":
        return {f"{c.get('createdAt')} {c.get('action')} {c.get('name')}": c for c in children}
    return {str(c.get("id")): c for c in children}


def _apart(path: str, mine: Any, theirs: Any) -> Iterator[Found]:
    """Down to the smallest things that differ; the parts of a text are one thing."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        if path.rpartition(".")[0].endswith("content"):
            mine, theirs = mine.get("value"), theirs.get("value")
            if mine != theirs:
                yield path, mine, theirs
            return
        for name in sorted({*mine, *theirs}):
            yield from _apart(f"{path}.{name}" if path else name, mine.get(name), theirs.get(name))
    elif mine != theirs:
        if _named(mine) and _named(theirs):
            one, other = ({str(each["id"]): each for each in side} for side in (mine, theirs))
            for name in sorted({*one, *other}):
                yield from _apart(f"{path}.{name}", one.get(name), other.get(name))
        else:
            yield path, mine, theirs


def _named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) and "id" in each for each in value)
