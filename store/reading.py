"""Reading: plain dicts in stable order, equal on both engines. Times are canonical text, truths are `bool`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BindParameter, Boolean, bindparam, func, select, text
from sqlalchemy.engine import Connection, RowMapping

from store.batch import OWNED, CurrentPayload, Known, Row, Value
from store.clock import instant_text
from store.compression import decompressed
from store.statements import Cursor, Engine, table
from store.tables import metadata
from store.types import Instant
from store.views import DIALOG_VIEWS, VIEWS

# Both engines compare bytes, so that equal rows come in equal order whatever the language of the server.
_EXACT = {"postgresql": 'COLLATE "C"', "sqlite": "COLLATE BINARY"}

_TRUTHS = frozenset(
    column.name for of in metadata.tables.values() for column in of.columns if isinstance(column.type, Boolean)
) | {"unread"}

# Earliest first where time runs towards us, newest first where it runs away.
_ORDER = {
    **dict.fromkeys(DIALOG_VIEWS, "updated_at DESC NULLS LAST, dialog_id {exact} DESC"),
    "due": "due_at, dialog_id {exact}",
    "attention": "deadline NULLS LAST, opened_at, item_id",
    "actions": "dialog_id {exact}, name {exact}, endpoint_id {exact}",
    "letters": "created_at DESC NULLS LAST, transmission_id {exact} DESC",
    "history": "seen_at DESC, change_id DESC",
}

_CHILDREN = (*OWNED, "seen", "label", "label_log", "change", "verdict", "attention_item", "attention_event")


@dataclass(slots=True, frozen=True)
class Filters:
    """Which rows of a view: those that agree with everything that is set. A filter needs a column of that name."""

    party: str | None = None
    org: str | None = None
    service_resource: str | None = None
    status: str | None = None
    unread: bool | None = None
    needs_attention: bool | None = None
    dialog_id: str | None = None
    since: str | None = None  # updated then or later, as canonical time
    limit: int | None = None
    offset: int = 0


@dataclass(slots=True, frozen=True)
class DialogView:
    """One dialog: its row in `everything`, its own row, its children by table, and its newest bodies by kind."""

    summary: Row
    dialog: Row
    children: dict[str, list[Row]]
    payloads: dict[str, CurrentPayload]


@dataclass(slots=True, frozen=True)
class Status:
    """How the archive stands. `counts` has dialogs, unread, needs_attention, transmissions, changes and quarantined,
    and dialogs by presence (`presence.present`, …)."""

    mailboxes: list[Row]
    runs: list[Row]
    counts: dict[str, int]
    quarantine: list[Row] = field(default_factory=list)  # without the bytes


def plain(row: RowMapping) -> Row:
    """A row with the same Python values whichever engine gave it."""
    return {name: _plain(name, value) for name, value in row.items()}


def _plain(name: str, value: Any) -> Value:
    if value is None:
        return None
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, memoryview):
        return bytes(value)
    return bool(value) if name in _TRUTHS else cast(Value, value)


def known(engine: Engine, connection: Connection, ids: list[str]) -> dict[str, Known]:
    """What planning needs of those of `ids` that the archive holds."""
    rows = engine.select_in(
        _cursor(connection),
        "SELECT id, party, list_digest, presence, access, details_status, opened_at, updated_at, "
        "children_status, first_seen_at, texts_full, delegated, connection, identity "
        "FROM dialog WHERE id {}",
        ids,
    )
    return {
        row[0]: Known(
            id=row[0],
            party=row[1],
            list_digest=_bytes(row[2]),
            presence=row[3],
            access=row[4],
            details_status=row[5],
            opened_at=_time(row[6]),
            updated_at=_time(row[7]),
            children_status=row[8],
            first_seen_at=_time(row[9]) or "",
            texts_full=bool(row[10]),
            delegated=bool(row[11]),
            reader=(row[12], row[13]),
        )
        for row in rows
    }


def payloads(
    engine: Engine, connection: Connection, ids: list[str], kinds: Collection[str] | None
) -> dict[str, dict[str, CurrentPayload]]:
    """The newest stored bodies of `ids` by dialog and kind, decompressed."""
    found: dict[str, dict[str, CurrentPayload]] = {}
    for dialog_id, kind, version, body in engine.select_in(
        _cursor(connection),
        "SELECT dialog_id, kind, version, body FROM payload WHERE superseded_at IS NULL AND dialog_id {}",
        ids,
    ):
        if kinds is None or kind in kinds:
            found.setdefault(dialog_id, {})[kind] = CurrentPayload(version, decompressed(bytes(body)))
    return found


def mailboxes(connection: Connection, of: str | None, identity: str | None) -> list[Row]:
    """Mailboxes by connection, identity and party."""
    mailbox = table("mailbox")
    query = select(mailbox)
    if of is not None:
        query = query.where(mailbox.c.connection == of)
    if identity is not None:
        query = query.where(mailbox.c.identity == identity)
    return _sorted(_rows(connection, query), "connection", "identity", "party")


def quarantined(connection: Connection, of: str | None, due_at: str | None) -> list[Row]:
    """Quarantined items with their bytes, oldest first."""
    items = table("quarantine")
    query = select(items)
    if of is not None:
        query = query.where(items.c.connection == of)
    if due_at is not None:
        query = query.where(items.c.next_try_at <= due_at)
    return _sorted(_rows(connection, query), "first_seen_at", "id")


def view(connection: Connection, name: str, filters: Filters) -> list[Row]:
    """Rows of a public view; `ValueError` when there is none of that name."""
    if name not in VIEWS:
        raise ValueError(f"There is no view {name!r}; there are {', '.join(VIEWS)}.")
    equal = ("party", "org", "service_resource", "status", "unread", "needs_attention", "dialog_id")
    given: dict[str, Any] = {key: value for key in equal if (value := getattr(filters, key)) is not None}
    where = [f"{key} = :{key}" for key in given]
    binds: list[BindParameter[Any]] = [bindparam(key, value) for key, value in given.items()]
    if filters.since is not None:
        where.append("updated_at >= :since")
        binds.append(bindparam("since", filters.since, type_=Instant()))
    # Names and order come from the tables above, values are bound.
    sql = f"SELECT * FROM {name}"  # noqa: S608
    if where:
        sql += f" WHERE {' AND '.join(where)}"
    sql += f" ORDER BY {_ORDER[name].format(exact=_EXACT[connection.dialect.name])}"
    if filters.limit is not None or filters.offset:
        sql += " LIMIT :limit OFFSET :offset"
        binds += [bindparam("limit", filters.limit if filters.limit is not None else 2**62)]
        binds += [bindparam("offset", filters.offset)]
    return [plain(row) for row in connection.execute(text(sql).bindparams(*binds)).mappings()]


def dialog(engine: Engine, connection: Connection, dialog_id: str) -> DialogView | None:
    """Everything the archive holds of one dialog, removed children included."""
    own = _rows(connection, select(table("dialog")).where(table("dialog").c.id == dialog_id))
    if not own:
        return None
    children: dict[str, list[Row]] = {}
    for name in _CHILDREN:
        rows = _rows(connection, select(table(name)).where(table(name).c.dialog_id == dialog_id))
        order = [
            key for key in ("created_at", "seen_at", "position", "id", "label", "name", "action") if _has(name, key)
        ]
        children[name] = _sorted(rows, *order)
    return DialogView(
        view(connection, "everything", Filters(dialog_id=dialog_id))[0],
        own[0],
        children,
        payloads(engine, connection, [dialog_id], None).get(dialog_id, {}),
    )


def rows(connection: Connection, ids: list[str]) -> dict[str, dict[str, list[Row]]]:
    """The own row and the children of each dialog, removed ones included, by dialog and table."""
    found: dict[str, dict[str, list[Row]]] = {}
    for name in ("dialog", *OWNED, "seen", "label", "label_log"):
        of = table(name)
        key = of.c.id if name == "dialog" else of.c.dialog_id
        for row in _rows(connection, select(of).where(key.in_(ids))):
            found.setdefault(str(row[key.name]), {}).setdefault(name, []).append(row)
    return found


def last_runs(connection: Connection, of: str, identity: str) -> dict[str, str]:
    """When each kind of pass was last begun for this identity."""
    run = table("sync_run")
    query = select(run.c.kind, func.max(run.c.started_at, type_=Instant())).group_by(run.c.kind)
    rows = connection.execute(query.where(run.c.connection == of, run.c.identity == identity))
    return {str(kind): str(at) for kind, at in rows}


_COUNTS = {
    "dialogs": "SELECT count(*) FROM dialog",
    "unread": "SELECT count(*) FROM everything WHERE unread AND presence = 'present'",
    "needs_attention": "SELECT count(*) FROM everything WHERE needs_attention AND presence = 'present'",
    "transmissions": "SELECT count(*) FROM transmission WHERE removed_at IS NULL",
    "changes": "SELECT count(*) FROM change",
    "quarantined": "SELECT count(*) FROM quarantine",
}


def status(connection: Connection, runs: int) -> Status:
    """Mailboxes, the newest `runs` runs, counts and quarantine."""
    run = table("sync_run")
    quarantine = [column for column in table("quarantine").columns if column.name != "payload"]
    counts = {name: int(connection.exec_driver_sql(sql).scalar_one()) for name, sql in _COUNTS.items()}
    for presence, number in connection.exec_driver_sql(
        "SELECT presence, count(*) FROM dialog GROUP BY presence ORDER BY presence"
    ):
        counts[f"presence.{presence}"] = int(number)
    return Status(
        mailboxes(connection, None, None),
        _rows(connection, select(run).order_by(run.c.id.desc()).limit(runs)),
        counts,
        _sorted(_rows(connection, select(*quarantine)), "first_seen_at", "id"),
    )


def _rows(connection: Connection, query: Any) -> list[Row]:
    return [plain(row) for row in connection.execute(query).mappings()]


def _has(name: str, key: str) -> bool:
    return key in table(name).columns


def _sorted(rows: Iterable[Row], *keys: str) -> list[Row]:
    def place(row: Row) -> list[tuple[bool, Any]]:
        return [(row[key] is None, row[key] if row[key] is not None else "") for key in keys]

    return sorted(rows, key=place)


def _cursor(connection: Connection) -> Cursor:
    return cast(Cursor, connection.connection.cursor())


def _time(value: str | datetime | None) -> str | None:
    return instant_text(value) if isinstance(value, datetime) else value


def _bytes(value: bytes | memoryview | None) -> bytes | None:
    return None if value is None else bytes(value)
