"""Every test of the store runs on both engines. Where no PostgreSQL can be had those tests fail, unless
`DIALOGARKIV_TESTS_WITHOUT_POSTGRES=1` says to skip them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.archive import Archive
from store.engine import make_engine, parse_url
from store.tables import metadata
from tests.store.postgres import Databases, NoPostgres, PostgresServer, wait_until_ready


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[Databases]:
    """`TEST_POSTGRES_URL` where that is set, else a server of our own, started when the first test asks."""
    if os.environ.get("DIALOGARKIV_TESTS_WITHOUT_POSTGRES") == "1":
        pytest.skip("DIALOGARKIV_TESTS_WITHOUT_POSTGRES says to leave PostgreSQL out")
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield Databases(given)
        return
    try:
        server = PostgresServer()
    except NoPostgres as problem:
        pytest.fail(f"{problem}. Install it, set TEST_POSTGRES_URL, or set DIALOGARKIV_TESTS_WITHOUT_POSTGRES=1.")
    try:
        wait_until_ready(server.url)
        yield Databases(server.url)
    finally:
        server.stop()


@pytest.fixture
def postgres_url(postgres_databases: Databases) -> Iterator[str]:
    """A new, empty database."""
    url = postgres_databases.create()
    yield url
    postgres_databases.drop(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A file that is not there yet."""
    return f"sqlite:///{tmp_path}/arkiv/dialogarkiv.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of an archive that does not exist yet, on each engine in turn."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_databases: Databases) -> Iterator[str]:
    url = postgres_databases.create()
    Archive.open(url, create=True).close()
    yield url
    postgres_databases.drop(url)


@pytest.fixture
def emptied_postgres_url(_migrated_postgres: str) -> Iterator[str]:
    """A database that holds an empty archive. It is emptied, not made anew, for each test: that takes a second less."""
    yield _migrated_postgres
    engine = make_engine(parse_url(_migrated_postgres), read_only=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY")
    engine.dispose()


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "dialogarkiv.db"
    Archive.open(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture
def empty_sqlite_url(_migrated_sqlite: Path, tmp_path: Path) -> str:
    """A file that holds an empty archive, copied rather than made."""
    return f"sqlite:///{shutil.copy(_migrated_sqlite, tmp_path)}"


@pytest.fixture(params=["sqlite", "postgresql"])
def archive_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty archive, on each engine in turn."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("emptied_postgres_url"))
    return str(request.getfixturevalue("empty_sqlite_url"))


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    """An empty archive on each engine in turn."""
    with Archive.open(archive_url, create=False) as opened:
        yield opened


@pytest.fixture
def both(empty_sqlite_url: str, emptied_postgres_url: str) -> Iterator[tuple[Archive, Archive]]:
    """Two empty archives, one on each engine, for answers that must be equal."""
    with (
        Archive.open(empty_sqlite_url, create=False) as first,
        Archive.open(emptied_postgres_url, create=False) as second,
    ):
        yield first, second


@pytest.fixture
def same(both: tuple[Archive, Archive]) -> Callable[[Callable[[Archive], object]], object]:
    """Does one thing with both archives, asserts that they answer the same, and gives the answer."""

    def ask(what: Callable[[Archive], object]) -> object:
        first, second = (what(archive) for archive in both)
        assert first == second
        return first

    return ask
