"""What a new archive is made of, and what is said of one that will not do."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from store.archive import Archive
from store.engine import make_engine, parse_url
from store.errors import (
    ArchiveCorrupt,
    ArchiveDenied,
    ArchiveError,
    ArchiveForeign,
    ArchiveMissing,
    ArchiveOutdated,
    ArchiveTooNew,
    ArchiveUnreachable,
)
from store.migrations import FOLDER, HEAD, VERSION_TABLE
from store.tables import metadata
from store.views import VIEWS
from tests.store.rows import batch, dialog


def set_version(url: str, version: str) -> None:
    engine = make_engine(parse_url(url), read_only=False)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = :v"), {"v": version})
    engine.dispose()


def test_the_migrations_make_exactly_the_tables(url: str) -> None:
    Archive.open(url, create=True).close()
    engine = make_engine(parse_url(url), read_only=False)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert set(inspect(connection).get_view_names()) == set(VIEWS)
    engine.dispose()


def test_the_newest_revision_is_the_one_the_program_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_failed_migration_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "store.migrations.create_statements", lambda: ["CREATE VIEW broken AS SELECT 1 FROM nowhere_at_all, ("]
    )
    with pytest.raises(ArchiveError):
        Archive.open(url, create=True)
    monkeypatch.undo()
    with pytest.raises(ArchiveMissing):
        Archive.open(url, create=False)
    Archive.open(url, create=True).close()


def test_a_second_opening_finds_what_the_first_made(url: str) -> None:
    with Archive.open(url, create=True) as first:
        first.write(batch(dialog(1)))
    with Archive.open(url, create=True) as again:
        assert again.status().counts["dialogs"] == 1


def test_a_missing_archive_is_told_and_not_made(url: str) -> None:
    with pytest.raises(ArchiveMissing, match="dialogarkiv sync") as told:
        Archive.open(url, create=False)
    assert told.value.exit_code == 2
    with pytest.raises(ArchiveMissing):
        Archive.open(url, create=True, read_only=True)


def test_an_older_archive_waits_for_the_upgrade(url: str) -> None:
    Archive.open(url, create=True).close()
    set_version(url, "0000")
    with pytest.raises(ArchiveOutdated, match="dialogarkiv db upgrade") as told:
        Archive.open(url, create=True)
    assert told.value.exit_code == 2


def test_a_newer_archive_is_left_alone(url: str) -> None:
    Archive.open(url, create=True).close()
    set_version(url, "9999")
    with pytest.raises(ArchiveTooNew, match="newer"):
        Archive.open(url, create=True)
    with pytest.raises(ArchiveTooNew):
        Archive.upgrade(url)


def test_an_upgrade_makes_the_views_anew(url: str) -> None:
    with Archive.open(url, create=True) as archive:
        archive.write(batch(dialog(1)))
    engine = make_engine(parse_url(url), read_only=False)
    with engine.begin() as connection:
        connection.execute(text("DROP VIEW inbox"))
    engine.dispose()
    assert Archive.upgrade(url) == HEAD
    with Archive.open(url, create=False) as archive:
        assert len(archive.view("inbox")) == 1


def test_tables_of_somebody_else_are_not_touched(url: str) -> None:
    path = parse_url(url).database
    if url.startswith("sqlite"):
        Path(str(path)).parent.mkdir()
        engine = create_engine(url)
    else:
        engine = make_engine(parse_url(url), read_only=False)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE invoice (id integer)"))
    engine.dispose()
    with pytest.raises(ArchiveForeign, match="of its own"):
        Archive.open(url, create=True)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a shopping list, and not a short one: " * 200)
    with pytest.raises(ArchiveForeign, match="not an archive"):
        Archive.open(f"sqlite:///{tmp_path}/notes.txt", create=True)


def test_a_damaged_file_is_told(sqlite_url: str) -> None:
    with Archive.open(sqlite_url, create=True) as archive:
        archive.write(batch(*(dialog(n) for n in range(500))))
    path = Path(str(parse_url(sqlite_url).database))
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 64)
    with pytest.raises(ArchiveCorrupt, match="damaged"), Archive.open(sqlite_url, create=False) as archive:
        archive.status()


def test_only_the_owner_reads_the_archive_and_all_its_files(sqlite_url: str) -> None:
    before = os.umask(0)
    try:
        with Archive.open(sqlite_url, create=True) as archive, archive.single_flight():
            archive.write(batch(dialog(1)))
            path = Path(str(parse_url(sqlite_url).database))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert set(modes) == {path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}.lock"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveDenied, match="cannot be created"):
        Archive.open(f"sqlite:///{tmp_path}/file/dialogarkiv.db", create=True)


def test_addresses_that_make_no_sense_are_told_without_their_password() -> None:
    for address in ("mysql://u:hemmelig@h/d", "not an address", "oracle:x"):
        with pytest.raises(ArchiveError, match=r"\[archive\] url") as told:
            Archive.open(address, create=True)
        assert "hemmelig" not in str(told.value)


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(ArchiveUnreachable, match=r"127\.0\.0\.1/arkiv does not answer") as told:
        Archive.open("postgresql://kari:hemmelig@127.0.0.1:1/arkiv", create=True)
    assert "hemmelig" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_database_that_is_not_there_is_told(postgres_url: str) -> None:
    absent = parse_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(ArchiveMissing, match="Create it"):
        Archive.open(absent, create=True)


def test_sqlite_keeps_what_it_promised(sqlite_url: str) -> None:
    with Archive.open(sqlite_url, create=True) as archive, archive._pool.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15000}


def test_postgresql_speaks_utc(postgres_url: str) -> None:
    with Archive.open(postgres_url, create=True) as archive, archive._pool.connect() as connection:
        assert connection.exec_driver_sql("SHOW TimeZone").scalar() == "UTC"


def test_an_archive_opened_for_reading_cannot_be_written(url: str) -> None:
    Archive.open(url, create=True).close()
    with Archive.open(url, create=False, read_only=True) as archive:
        assert archive.view("inbox") == []
        with pytest.raises(ArchiveDenied, match="may not be written"):
            archive.write(batch(dialog(1)))


def test_sqlite_is_new_enough_for_upserts() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35)
