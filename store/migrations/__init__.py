"""How an archive gets the newest schema: Alembic revisions in `versions/`, run from the program itself.

A migration, its version record and the views stand or fall in one transaction on both engines. Revisions are numbered
`0001`, `0002`, …, so that "older" and "newer" can be told without loading Alembic.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import Connection

from store.errors import ArchiveForeign, ArchiveOutdated, ArchiveTooNew
from store.views import create_statements, drop_statements

HEAD = "0001"
VERSION_TABLE = "archive_version"
FOLDER = Path(__file__).parent


def found_version(connection: Connection) -> str | None:
    """The revision of the archive behind `connection`; None where nothing stands yet.

    Raises `ArchiveForeign` when tables stand there that are not ours.
    """
    inspector = inspect(connection)
    tables = set(inspector.get_table_names())
    if VERSION_TABLE not in tables:
        if tables:
            raise ArchiveForeign(
                "There are tables at the archive's address, and they are not Dialogarkiv's.",
                "Give Dialogarkiv a file, database or schema of its own in [archive] url.",
            )
        return None
    found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalars().all()  # noqa: S608
    if len(found) != 1 or not str(found[0]).isdecimal():
        raise ArchiveForeign("The archive's version record makes no sense.", "Restore the archive from a backup.")
    return str(found[0])


def check_version(found: str) -> None:
    """Raises `ArchiveOutdated` or `ArchiveTooNew` unless `found` is what this program works with."""
    if int(found) < int(HEAD):
        raise ArchiveOutdated(
            f"The archive is of schema {found}, and this program needs {HEAD}.",
            "Take a copy of it if you wish, then run: dialogarkiv db upgrade",
        )
    if int(found) > int(HEAD):
        raise ArchiveTooNew(
            f"The archive is of schema {found}, and this program knows only {HEAD}.",
            "A newer Dialogarkiv has used it: install that version or a later one.",
        )


def migrate(connection: Connection) -> None:
    """Brings the archive to `HEAD` within the transaction that `connection` is in."""
    # Loaded here: a quarter of a second that only a migration should cost.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    for statement in drop_statements():
        connection.exec_driver_sql(statement)
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(
        config, script, fn=lambda revision, _: script._upgrade_revs(HEAD, revision), destination_rev=HEAD
    ) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE)
        environment.run_migrations()
    for statement in create_statements():
        connection.exec_driver_sql(statement)
