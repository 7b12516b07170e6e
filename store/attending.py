"""The archive's part in attention: which dialogs are to be judged, what was said of them, and the life of their items.

A dialog is judged outside any transaction; the write leaves out what changed meanwhile, and the next judging finds it
still waiting. A dialog has one open item at a time, kept so by the table itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select, text
from sqlalchemy.engine import Connection

from store import reading
from store.batch import Row, Value
from store.clock import instant_text
from store.judging import Docket, Happening, Judged, Judgement
from store.rereading import SILENT_READER, earlier
from store.statements import Cursor, Engine, run, table, upsert

_KINDS = ("list", "detail", "transmissions", "activities")
_FACTS = (
    "party",
    "connection",
    "identity",
    "presence",
    "access",
    "details_status",
    "details_problem",
    "looked_at",
    "last_changed_at",
)
_BOOKKEEPING = ("evidence", "evidence_at", "judged_at", "rules", "next_look_at", "pending_since")
_CHUNK = 500


class Attending:
    """Reads and writes verdicts and attention items of one archive."""

    def __init__(
        self,
        engine: Engine,
        read: Callable[[], AbstractContextManager[Connection]],
        write: Callable[..., AbstractContextManager[Cursor]],
    ) -> None:
        self._engine = engine
        self._read = read
        self._write = write

    # For the evaluation

    def due(self, now: str, rules: str) -> list[str]:
        """The dialogs that have no verdict yet, changed since theirs, were judged by other rules, whose verdict may be
        another by the clock, or that wait for a read. By id."""
        d, v = table("dialog").c, table("verdict").c
        query = (
            select(d.id)
            .select_from(table("dialog").outerjoin(table("verdict"), v.dialog_id == d.id))
            .where(
                or_(
                    v.dialog_id.is_(None),
                    v.evidence_at.is_(None),
                    v.evidence_at != d.last_changed_at,
                    func.coalesce(v.rules, "") != rules,
                    v.next_look_at <= now,
                    v.judged_at > now,  # by a clock that was wrong
                    v.pending_since.is_not(None),
                )
            )
        )
        with self._read() as connection:
            return sorted(connection.scalars(query))

    def dockets(self, ids: Sequence[str]) -> list[Docket]:
        """What is needed to judge these dialogs, in their order; those that the archive does not hold are left out."""
        with self._read() as connection:
            dialogs = self._by_dialog(connection, "dialog", ids, ("id", *_FACTS), key="id")
            verdicts = self._by_dialog(connection, "verdict", ids, None)
            items = self._newest_items(connection, ids)
            bodies = reading.payloads(self._engine, connection, list(ids), _KINDS)
            m = table("mailbox").c
            boxes = select(m.connection, m.identity, m.party, m.state, m.error, m.last_poll_at, m.last_hot_at)
            hot = _hot_times(connection.execute(boxes).all())
        return [
            Docket(
                each,
                dialogs[each],
                hot.get((dialogs[each]["connection"], dialogs[each]["identity"], dialogs[each]["party"])),
                {kind: payload.body for kind, payload in bodies.get(each, {}).items()},
                verdicts.get(each),
                items.get(each),
            )
            for each in ids
            if each in dialogs
        ]

    def write(self, judgements: Sequence[Judgement], at: str) -> Judged:
        """Writes these in one transaction. A dialog that is no longer what it was judged on is left out,
        and one that somebody else has judged meanwhile: two daemons on one archive tell of a thing once."""
        # What a power cut takes back is judged again.
        with self._write(durable=False) as cursor:
            stamps = {
                row[0]: _time(row[1])
                for row in self._engine.select_in(
                    cursor,
                    "SELECT id, last_changed_at FROM dialog WHERE id {}",
                    [each.dialog_id for each in judgements],
                )
            }
            standing = {
                row[0]: (_time(row[1]), _time(row[2]))
                for row in self._engine.select_in(
                    cursor,
                    "SELECT dialog_id, judged_at, next_look_at FROM verdict WHERE dialog_id {}",
                    [each.dialog_id for each in judgements],
                )
            }
            still = [
                each
                for each in judgements
                if stamps.get(each.dialog_id) == each.verdict["evidence_at"]
                and each.stood in (None, standing.get(each.dialog_id, (None, None)))
            ]
            verdicts = upsert(self._engine, cursor, "verdict", [each.verdict for each in still if each.differs])
            self._keep_books(cursor, [each.verdict for each in still if not each.differs])
            events: Counter[str] = Counter()
            items = 0
            for each in still:
                items += self._item(cursor, each, at, events)
        return Judged(verdicts, items, len(judgements) - len(still), events)

    def _keep_books(self, cursor: Cursor, verdicts: Sequence[Row]) -> None:
        mark = self._engine.mark
        sets = ", ".join(f"{name} = {mark}" for name in _BOOKKEEPING)
        sql = f"UPDATE verdict SET {sets} WHERE dialog_id = {mark}"  # noqa: S608
        rows = [(*(row[name] for name in _BOOKKEEPING), row["dialog_id"]) for row in verdicts]
        run(self._engine, cursor, sql, rows)

    def _item(self, cursor: Cursor, judgement: Judgement, at: str, events: Counter[str]) -> int:
        mark, number = self._engine.mark, judgement.item_id
        touched = 0
        if judgement.opens is not None:
            row = judgement.opens
            names, marks = ", ".join(row), ", ".join([mark] * len(row))
            # Somebody else may have opened it in between: then theirs stands.
            cursor.execute(
                f"INSERT INTO attention_item ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING id",  # noqa: S608
                tuple(row.values()),
            )
            found = cursor.fetchall()
            if not found:
                return 0
            number, touched = int(found[0][0]), 1
        elif judgement.alters:
            sets = ", ".join(f"{name} = {mark}" for name in judgement.alters)
            cursor.execute(
                f"UPDATE attention_item SET {sets} WHERE id = {mark} AND closed_at IS NULL",  # noqa: S608
                (*judgement.alters.values(), number),
            )
            touched = max(cursor.rowcount, 0)
            if not touched:
                return 0
        for what in judgement.happened:
            _tell(self._engine, cursor, number or 0, judgement.dialog_id, at, what, judgement.told)
            events[what] += 1
        return touched

    # For people

    def snooze(self, dialog_id: str, until: str, at: str) -> Row | None:
        """Puts the open item of a dialog off; None when it has none. The clock wakes it at the next judging after."""
        mark = self._engine.mark
        with self._write() as cursor:
            row = self._alter_open(cursor, dialog_id, "snoozed_until = {0}", (until,))
            if row is not None:
                sooner = f"next_look_at IS NULL OR next_look_at > {mark}"
                cursor.execute(
                    f"UPDATE verdict SET next_look_at = {mark} WHERE dialog_id = {mark} AND ({sooner})",  # noqa: S608
                    (until, dialog_id, until),
                )
                _tell(self._engine, cursor, int(str(row["id"])), dialog_id, at, "snoozed", row)
        return row

    def done(self, dialog_id: str, at: str) -> Row | None:
        """Closes the open item of a dialog by hand; None when it has none. New evidence opens another."""
        with self._write() as cursor:
            row = self._alter_open(
                cursor, dialog_id, "closed_at = {0}, closed_by = 'hand', snoozed_until = NULL", (at,)
            )
            if row is not None:
                _tell(self._engine, cursor, int(str(row["id"])), dialog_id, at, "done", row)
        return row

    def _alter_open(self, cursor: Cursor, dialog_id: str, sets: str, values: tuple[str, ...]) -> Row | None:
        mark = self._engine.mark
        cursor.execute(
            f"UPDATE attention_item SET {sets.format(mark)} WHERE dialog_id = {mark} AND closed_at IS NULL "  # noqa: S608
            "RETURNING id, next_step, actor, deadline",
            (*values, dialog_id),
        )
        found = cursor.fetchall()
        if not found:
            return None
        number, step, actor, deadline = found[0]
        return {"id": number, "next_step": step, "actor": actor, "deadline": _time(deadline)}

    def events(self, dialog_id: str) -> list[Row]:
        """The life of a dialog's items, in order."""
        event = table("attention_event")
        query = select(event).where(event.c.dialog_id == dialog_id).order_by(event.c.id)
        with self._read() as connection:
            return [reading.plain(row) for row in connection.execute(query).mappings()]

    def endpoints(self, parties: Collection[str] = ()) -> list[Row]:
        """Deprecated endpoints by service, soonest sunset first: how many present dialogs have them, whether the same
        action of all of these has one that is not deprecated, and one address as an example."""
        where = "WHERE d.party IN :parties" if parties else ""
        query = text(_ENDPOINTS.format(where=where))
        if parties:
            query = query.bindparams(bindparam("parties", sorted(parties), expanding=True))
        with self._read() as connection:
            rows = [reading.plain(row) for row in connection.execute(query).mappings()]
        for row in rows:
            row["has_successor"] = bool(row["has_successor"])
            row["dialogs"] = int(str(row["dialogs"]))
        order = ("sunset_at", "service_resource", "action", "method", "version")
        return sorted(rows, key=lambda row: [(row[key] is None, str(row[key])) for key in order])

    def _by_dialog(
        self,
        connection: Connection,
        name: str,
        ids: Sequence[str],
        columns: Sequence[str] | None,
        key: str = "dialog_id",
    ) -> dict[str, Row]:
        of = table(name)
        wanted = [of] if columns is None else [of.c[column] for column in columns]
        found: dict[str, Row] = {}
        for start in range(0, len(ids), _CHUNK):
            query: Any = select(*wanted).where(of.c[key].in_(ids[start : start + _CHUNK]))
            for row in connection.execute(query).mappings():
                found[str(row[key])] = reading.plain(row)
        return found

    def _newest_items(self, connection: Connection, ids: Sequence[str]) -> dict[str, Row]:
        item = table("attention_item")
        found: dict[str, Row] = {}
        for start in range(0, len(ids), _CHUNK):
            query = select(item).where(item.c.dialog_id.in_(ids[start : start + _CHUNK])).order_by(item.c.id)
            for row in connection.execute(query).mappings():
                found[str(row["dialog_id"])] = reading.plain(row)
        return found


_ENDPOINTS = """
SELECT d.org, d.service_resource, coalesce(a.name, a.action) AS action, a.method, a.version, a.sunset_at,
    count(DISTINCT a.dialog_id) AS dialogs, min(a.url) AS url, min(a.documentation_url) AS documentation_url,
    min(CASE WHEN EXISTS (SELECT 1 FROM actions AS o WHERE o.action_id = a.action_id AND NOT o.deprecated)
        THEN 1 ELSE 0 END) AS has_successor
FROM (SELECT * FROM actions WHERE deprecated) AS a
JOIN everything AS d ON d.dialog_id = a.dialog_id
{where}
GROUP BY d.org, d.service_resource, coalesce(a.name, a.action), a.method, a.version, a.sunset_at
"""


def _tell(engine: Engine, cursor: Cursor, item: int, dialog_id: str, at: str, what: Happening, told: Row) -> None:
    columns = ("item_id", "dialog_id", "at", "what", "next_step", "actor", "deadline")
    values = (item, dialog_id, at, what, told["next_step"], told["actor"], told["deadline"])
    marks = ", ".join([engine.mark] * len(columns))
    cursor.execute(f"INSERT INTO attention_event ({', '.join(columns)}) VALUES ({marks})", values)  # noqa: S608


def _hot_times(boxes: Sequence[Any]) -> dict[tuple[Value, Value, Value], str | None]:
    """When the hot pass last came to each mailbox. Where its reader is in trouble or has fallen silent, the newest one
    that came to the party in anybody's eyes: no other will.
    """
    polled: dict[str, str] = {}
    heated: dict[str, str] = {}
    for box in boxes:
        if box.state == "active" and box.error is None:
            polled[box.party] = max(polled.get(box.party, ""), box.last_poll_at or "")
            heated[box.party] = max(heated.get(box.party, ""), box.last_hot_at or "")
    found: dict[tuple[Value, Value, Value], str | None] = {}
    for box in boxes:
        newest = polled.get(box.party, "")
        silent = newest and (box.last_poll_at or "") < earlier(newest, SILENT_READER)
        dead = box.state != "active" or box.error is not None or silent
        others = heated.get(box.party, "") if dead else ""
        found[box.connection, box.identity, box.party] = max(box.last_hot_at or "", others) or None
    return found


def _time(value: str | datetime | None) -> str | None:
    return instant_text(value) if isinstance(value, datetime) else value
