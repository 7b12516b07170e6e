"""The archive reference, docs/archive.md: names and kinds of columns from the tables and views, meanings by hand.

python -m store.reference writes it anew.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, create_engine

from store.tables import metadata
from store.types import Instant
from store.views import FOLDERS, VIEWS, create_statements

REFERENCE = Path(__file__).parent.parent / "docs" / "archive.md"
MEANINGS = Path(__file__).with_name("meanings.toml")

_HEAD = """\
# The archive

Names and kinds of columns on this page are made from the code by `python -m store.reference`.

One schema on SQLite and PostgreSQL. Ask the views first: they are the contract, and they stay as they are when tables
change. `dialogarkiv sql` reads and cannot write. Any other SQL tool may read the archive too, also while a run is at
work. Nobody but Dialogarkiv should write into it.

## What to know

- **Times** are UTC. SQLite holds them as text, `2026-03-01T09:08:07.123456Z`, which sorts and compares as time;
  PostgreSQL as `timestamptz`. The wire has seven digits of a second, the archive six; the payload keeps all seven.
- **Yes and no** are 1 and 0 on SQLite, true and false on PostgreSQL. `WHERE unread` works on both.
- **JSON** is text on both engines: `json_extract(content, '$.title.value.nb')` on SQLite, `content::json` on
  PostgreSQL.
- **Values are spelled as the server spells them.** A value this version does not know is kept, not refused.
- **Texts** are shown in the first language of `[display] languages` that there is. All languages are kept, in the JSON
  columns beside them and in the payload.
- **Nothing is deleted.** A child that the server no longer shows gets `removed_at`; a dialog that is gone changes its
  `presence`. The labels are the exception: `label` holds those that stand, `label_log` what happened to them.
- **Every answer is kept whole** in `payload`, compressed, without the tokens that were in it. Older versions stay.

## Words

| word | meaning |
|---|---|
| party | the organisation or person that owns dialogs, by URN |
| mailbox | one party as one system user sees it; it has a cursor, up to which everything was read |
| presence | `present` (listed), `absent` (missing, unexplained), `deleted`, `expired`, `no_access` or `not_found` |
| access | `full`, `level_too_low` (the service asks for a higher login level) or `denied` |
| opening | the one call that reads a dialog's details, and marks it as read for everybody |
| opened | the archive has made that call: `opened_at` and `details_status` tell when and how it went |
| seen, unread | somebody has read what stands there now, or nobody has: `unread` in the views |
| transmission | a letter in a dialog, in either direction: view `letters` |
| change | one row of history: what differed, and when the archive saw it |

Some things are known only of dialogs that were opened: `expires_at`, `additional_info`, `main_content_url`, the
actions (`api_action`, `api_endpoint`, `gui_action`) and the attachments of the dialog itself. For a dialog that was
never opened these are null or have no rows. Transmissions, their attachments and links, activities, seen log and label
log can be read without opening.

"""

_VIEWS: Mapping[str, str] = {
    "inbox": "Labelled Default, any status but Draft.",
    "drafts": "Labelled Default, status Draft.",
    "sent": "Labelled Sent and Default: what the party has sent in. Such a dialog may stand in `inbox` too.",
    "archive": "Labelled Archive.",
    "bin": "Labelled Bin.",
    "everything": "Every dialog the archive has ever held, whatever its presence.",
    "due": "Present, with a due date, and neither Completed nor Awaiting.",
    "attention": "One row for each open obligation.",
    "actions": "One row for each API endpoint of a dialog that is present.",
    "letters": "One row for each transmission ever held.",
    "history": "One row for each change.",
}

Meanings = Mapping[str, Mapping[str, str]]


def reference() -> str:
    """The whole page, Markdown. KeyError tells of a column without a meaning, or a meaning without a column."""
    common, views, tables = _meanings()
    parts = [_HEAD + "## Views\n"]
    same = _columns_of_views()
    folders = {name for name in same if same[name] == same["everything"]}
    parts.append(_folder_table(name for name in (*FOLDERS, "due", "everything") if name in folders))
    parts.append(
        _page("inbox, drafts, sent, archive, bin, due, everything", same["everything"], common, views, "everything")
    )
    parts += [_page(name, same[name], common, views, name) for name in VIEWS if name not in folders]
    parts.append("## Tables\n")
    for table in sorted(metadata.sorted_tables, key=lambda table: _place(table.name)):
        parts.append(_page(table.name, {c.name: _kind(c) for c in table.columns}, common, tables, table.name))
    return "\n".join(parts)


def write_reference(path: Path = REFERENCE) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(reference(), encoding="utf-8")


_ORDER = (
    "dialog",
    "transmission",
    "navigational_action",
    "activity",
    "attachment",
    "attachment_url",
    "api_action",
    "api_endpoint",
    "gui_action",
    "seen",
    "label",
    "label_log",
    "party",
    "change",
    "payload",
    "verdict",
    "attention_item",
    "attention_event",
    "mailbox",
    "sync_run",
    "quarantine",
    "duty",
    "consent",
    "client_key",
    "refusal",
    "service_level",
    "listing",
)


def _place(table: str) -> int:
    return _ORDER.index(table) if table in _ORDER else len(_ORDER)


def _meanings() -> tuple[Mapping[str, str], Meanings, Meanings]:
    held = tomllib.loads(MEANINGS.read_text(encoding="utf-8"))
    columns = {table.name: set(table.columns.keys()) for table in metadata.sorted_tables}
    for name, told in held["tables"].items():
        if unknown := set(told) - columns[name]:
            raise KeyError(f"meanings of no column of {name}: {', '.join(sorted(unknown))}")
    return held["common"], held["views"], held["tables"]


def _kind(column: Column[object]) -> str:
    kinds = (
        (Instant, "time"),
        (Boolean, "yes/no"),
        (LargeBinary, "bytes"),
        (Integer, "number"),
        (BigInteger, "number"),
    )
    return next((word for kind, word in kinds if isinstance(column.type, kind)), "text")


def _columns_of_views() -> dict[str, dict[str, str]]:
    """Each view's columns in order, with their kind where the name tells it, as SQLite knows them."""
    kinds = {column.name: _kind(column) for table in metadata.sorted_tables for column in table.columns}
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            for statement in create_statements():
                connection.exec_driver_sql(statement)
            return {
                name: {
                    str(row[1]): kinds.get(str(row[1]), "yes/no" if row[1] == "unread" else "text")
                    for row in connection.exec_driver_sql(f"PRAGMA table_info({name})")
                }
                for name in VIEWS
            }
    finally:
        engine.dispose()


def _folder_table(names: Iterable[str]) -> str:
    rows = [f"| `{name}` | {_VIEWS[name]} |" for name in names]
    return "\n".join(["One row for each dialog:", "", "| view | which dialogs |", "|---|---|", *rows]) + "\n"


def _page(title: str, columns: Mapping[str, str], common: Mapping[str, str], meanings: Meanings, name: str) -> str:
    head = [f"### `{title.replace(', ', '`, `')}`", ""]
    if title in _VIEWS:
        head += [_VIEWS[title], ""]
    elif title in _TABLES:
        head += [_TABLES[title], ""]
    told = meanings.get(name, {})
    if silent := [column for column in columns if column not in told and column not in common]:
        raise KeyError(f"{MEANINGS.name} says nothing of {', '.join(f'{name}.{column}' for column in silent)}")
    rows = [f"| `{column}` | {kind} | {told.get(column) or common[column]} |" for column, kind in columns.items()]
    return "\n".join([*head, "| column | kind | meaning |", "|---|---|---|", *rows]) + "\n"


_TABLES: Mapping[str, str] = {
    "dialog": "One row for each dialog ever met.",
    "transmission": "One row for each transmission.",
    "navigational_action": "One row for each link of a transmission.",
    "activity": "One row for each entry of a dialog's activity log.",
    "attachment": "One row for each attachment. The files themselves are not fetched.",
    "attachment_url": "Where an attachment can be fetched.",
    "api_action": "What a machine may do with an opened dialog.",
    "api_endpoint": "Where it does that; the view `actions` joins the two.",
    "gui_action": "What a person may do with an opened dialog.",
    "seen": "Who opened a dialog, and when.",
    "label": "The labels that stand on a dialog now.",
    "label_log": "What happened to the labels.",
    "party": "One row for each party ever met.",
    "change": "History; the view `history` shows it.",
    "payload": "The server's answers, whole.",
    "verdict": "What the interpretation says of a dialog.",
    "attention_item": "Obligations with a life; the view `attention` shows those that are open.",
    "attention_event": "The life of each attention item, one row for each event.",
    "mailbox": "How far each mailbox was read.",
    "sync_run": "What each run did.",
    "quarantine": "What could not be read, kept until it can be.",
    "listing": "What each identity listed of a party at its latest complete sweep.",
    "refusal": "Which identity may not read which dialog as it stands, so that it is not asked at each poll.",
    "service_level": "The login level that services ask for, where one of ours was too low.",
    "duty": "Unread marks owed after an opening under `restore-unread`, one row for each dialog, settled ones too.",
    "consent": "Persons' logins, one row for each `id-porten` connection. The token in it is encrypted.",
    "client_key": "The keys that connections sign with, and when that began. Nothing of the keys themselves.",
}


if __name__ == "__main__":
    write_reference()
