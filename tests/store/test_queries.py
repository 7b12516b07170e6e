"""A question in SQL reads and can do nothing else, because the engine refuses."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from store.archive import Archive
from store.engine import parse_url
from store.errors import ArchiveError, QueryRefused, QueryStopped
from store.queries import Cell
from tests.store.rows import AT, batch, dialog


def ask(archive: Archive, sql: str, seconds: float | None = 30) -> tuple[list[str], list[tuple[Cell, ...]]]:
    with archive.query_read_only(sql, seconds=seconds) as answer:
        return answer.columns, list(answer.rows)


@pytest.fixture
def filled(archive: Archive) -> Archive:
    archive.write(batch(*(dialog(n, title=f"nr {n}", is_content_seen=n % 2 == 0) for n in range(1200))))
    return archive


def test_a_question_is_answered_with_names_and_rows(filled: Archive) -> None:
    columns, rows = ask(filled, "SELECT title, updated_at, due_at FROM inbox ORDER BY dialog_id LIMIT 2;")
    assert columns == ["title", "updated_at", "due_at"]
    assert rows == [("nr 0", AT, None), ("nr 1", AT, None)]


def test_a_long_answer_comes_whole(filled: Archive) -> None:
    _, rows = ask(filled, "SELECT dialog_id FROM inbox")
    assert len(set(rows)) == 1200


def test_an_empty_answer_still_has_its_columns(filled: Archive) -> None:
    assert ask(filled, "SELECT dialog_id, title FROM bin") == (["dialog_id", "title"], [])


@pytest.mark.parametrize(
    "sql",
    [
        "WITH x AS (SELECT count(*) AS n FROM inbox) SELECT n FROM x",
        "VALUES (1200)",
        "  -- how many\n SELECT count(*) FROM everything -- percent: 100 % of them",
        "SELECT count(*) FROM inbox WHERE title LIKE 'nr%'",
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1200) SELECT max(n) FROM c",
    ],
)
def test_every_manner_of_reading_works(filled: Archive, sql: str) -> None:
    assert ask(filled, sql)[1] == [(1200,)]


def test_a_plan_can_be_asked_for(filled: Archive) -> None:
    assert ask(filled, "EXPLAIN SELECT * FROM inbox")[1]


WRITES = [
    "INSERT INTO label (dialog_id, label) VALUES ('x', 'Bin')",
    "UPDATE dialog SET title = 'endret'",
    "DELETE FROM label",
    "DROP TABLE label",
    "DROP VIEW inbox",
    "CREATE TABLE mine (id integer)",
    "CREATE TEMP TABLE mine (id integer)",
    "CREATE INDEX mine ON dialog (title)",
    "ALTER TABLE dialog ADD COLUMN mine text",
    "DELETE FROM label RETURNING label",
    "SELECT 1; DELETE FROM label",
    "SELECT 1; COMMIT; DELETE FROM label",
    "COMMIT",
    "BEGIN",
    "ROLLBACK",
    "VACUUM",
    "EXPLAIN ANALYZE DELETE FROM label",
    "",
    "SELEKT 1",
    "SELECT * FROM nowhere",
]
ONLY_SQLITE = [
    "PRAGMA query_only = OFF",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA writable_schema = ON",
    "PRAGMA user_version = 7",
    "ATTACH DATABASE '{folder}/stolen.db' AS other",
    "VACUUM INTO '{folder}/stolen.db'",
    "SELECT load_extension('x')",
    "SAVEPOINT x",
    "REINDEX",
    "ANALYZE",
]
ONLY_POSTGRES = [
    "WITH gone AS (DELETE FROM label RETURNING *) SELECT * FROM gone",
    "COPY dialog TO STDOUT",
    "COPY (SELECT 1) TO '{folder}/stolen'",
    "COPY (SELECT 1) TO PROGRAM 'touch {folder}/stolen'",
    "COPY label FROM STDIN",
    "DO $$ BEGIN DELETE FROM label; END $$",
    "SELECT nextval('change_id_seq')",
    "SELECT setval('change_id_seq', 1)",
    "SELECT lo_create(7)",
    "SELECT lo_export(7, '{folder}/stolen')",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT set_config('transaction_read_only', 'off', true)",
    "SELECT * FROM label FOR UPDATE",
    "SET TRANSACTION READ WRITE",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "RESET ROLE",
    "LISTEN x",
    "CALL nothing()",
    "SELECT * INTO mine FROM label",
    "PREPARE x AS DELETE FROM label",
    "EXPLAIN ANALYZE WITH gone AS (DELETE FROM label RETURNING *) SELECT * FROM gone",
]


def refused(archive: Archive, sql: str, folder: Path) -> None:
    before = len(ask(archive, "SELECT * FROM label")[1])
    with pytest.raises(QueryRefused, match="only reads") as told:
        ask(archive, sql.format(folder=folder))
    assert told.value.exit_code == 2
    assert len(ask(archive, "SELECT * FROM label")[1]) == before
    assert not (folder / "stolen.db").exists()
    assert not (folder / "stolen").exists()


@pytest.mark.parametrize("sql", WRITES)
def test_the_engine_refuses_to_write(archive: Archive, tmp_path: Path, sql: str) -> None:
    archive.write(batch(dialog(1)))
    refused(archive, sql, tmp_path)


@pytest.mark.parametrize("sql", ONLY_SQLITE)
def test_sqlite_refuses_what_only_it_knows(sqlite_url: str, tmp_path: Path, sql: str) -> None:
    with Archive.open(sqlite_url, create=True) as archive:
        archive.write(batch(dialog(1)))
        refused(archive, sql, tmp_path)


@pytest.mark.parametrize("sql", ONLY_POSTGRES)
def test_postgresql_refuses_what_only_it_knows(emptied_postgres_url: str, tmp_path: Path, sql: str) -> None:
    tmp_path.chmod(0o777)
    with Archive.open(emptied_postgres_url, create=False) as archive:
        archive.write(batch(dialog(1)))
        refused(archive, sql, tmp_path)
        archive.write(batch(dialog(2)))
        assert archive.status().counts["dialogs"] == 2, "the connection writes again when the question is done"


def test_tables_can_be_described_on_sqlite(sqlite_url: str) -> None:
    with Archive.open(sqlite_url, create=True) as archive:
        names = [one[1] for one in ask(archive, "PRAGMA table_info(label)")[1]]
    assert names == ["dialog_id", "label"]


ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"


def test_a_question_without_end_is_stopped(archive: Archive) -> None:
    with pytest.raises(QueryStopped, match="too long"):
        ask(archive, ENDLESS, seconds=0.2)
    assert ask(archive, "SELECT 1")[1] == [(1,)]


def test_ctrl_c_ends_a_question(archive: Archive) -> None:
    press = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background has it ignored
    press.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            ask(archive, ENDLESS, seconds=20)
    finally:
        press.join()
        signal.signal(signal.SIGINT, before)
    assert ask(archive, "SELECT 1")[1] == [(1,)]


def test_a_question_goes_on_while_the_archive_is_written(filled: Archive) -> None:
    with filled.query_read_only("SELECT dialog_id FROM everything") as answer:
        first = next(answer.rows)
        filled.write(batch(dialog(5000)))
        assert len([first, *answer.rows]) == 1200
    assert len(ask(filled, "SELECT dialog_id FROM everything")[1]) == 1201


def test_an_archive_that_went_away_is_told(sqlite_url: str) -> None:
    with Archive.open(sqlite_url, create=True) as archive:
        archive.close()
        Path(str(parse_url(sqlite_url).database)).unlink()
        with pytest.raises(ArchiveError, match="no archive"):
            ask(archive, "SELECT 1")
