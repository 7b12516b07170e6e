"""Rows to write in tests: complete, invented, short to ask for."""

from __future__ import annotations

from store.batch import Batch, DialogRows, Row, Value
from store.tables import metadata

AT = "2026-03-01T09:08:07.123456Z"
LATER = "2026-03-02T10:00:00.000000Z"
ORG = "urn:altinn:organization:identifier-no:310000000"
PERSON = "urn:altinn:person:identifier-no:01815012345"


def uuid(number: int) -> str:
    """An id that tells its number."""
    return f"0195a000-0000-7000-8000-{number:012d}"


def row(table: str, **fields: Value) -> Row:
    """A complete row of a table: null where nothing is said, the column's default where it may not be null."""
    complete: Row = {
        column.name: getattr(column.default, "arg", None)
        for column in metadata.tables[table].columns
        if column.name != "removed_at" and not (column.name == "id" and table in ("change", "sync_run"))
    }
    return complete | fields


def dialog_row(number: int, **fields: Value) -> Row:
    """A complete row of table dialog."""
    standing: Row = {"id": uuid(number), "party": ORG, "org": "nav", "status": "RequiresAttention", "updated_at": AT}
    return row("dialog", **(standing | {"first_seen_at": AT, "last_changed_at": AT} | fields))


def dialog(
    number: int,
    *,
    labels: tuple[str, ...] = ("Default",),
    rows: dict[str, list[Row]] | None = None,
    payloads: dict[str, bytes] | None = None,
    changes: list[Row] | None = None,
    is_new: bool = True,
    **fields: Value,
) -> DialogRows:
    """One dialog with its labels."""
    label: list[Row] = [{"dialog_id": uuid(number), "label": name} for name in labels]
    return DialogRows(
        dialog_row(number, **fields),
        {"label": label} | (rows or {}),
        payloads or {},
        changes=changes or [],
        is_new=is_new,
    )


def batch(*dialogs: DialogRows, at: str = AT) -> Batch:
    """A batch of dialogs."""
    return Batch(at, list(dialogs))
