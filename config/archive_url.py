"""The address of the archive: a SQLite file, or a PostgreSQL database by way of psycopg."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from config.redaction import redact

_SQLITE_FILE = "sqlite:///"
_POSTGRES = re.compile(r"(?:postgres|postgresql|postgresql\+psycopg)://")
_EXAMPLES = 'Write "sqlite:///dialogarkiv.db" (beside this file), "sqlite:////absolute/path.db" or "postgresql://…".'


def check_archive_url(url: str, refused: Callable[[str, str], Exception]) -> str:
    """`url` if its form is right; else raises what `refused(problem, remedy)` makes."""
    if _POSTGRES.match(url):
        return url
    if url.startswith("postgresql+"):
        raise refused("Dialogarkiv reaches PostgreSQL with psycopg only.", 'Write "postgresql://…".')
    if not url.startswith("sqlite:"):
        raise refused("not the address of an archive.", _EXAMPLES)
    path = url.removeprefix(_SQLITE_FILE) if url.startswith(_SQLITE_FILE) else ""
    if path.startswith(":memory:") or url in ("sqlite://", "sqlite:"):
        raise refused("an archive in memory would be lost at the end of the command.", _EXAMPLES)
    if not path or path.endswith("/"):
        raise refused("the file of the archive is not named; sqlite: takes three slashes, then the path.", _EXAMPLES)
    return url


def is_postgres(url: str) -> bool:
    return _POSTGRES.match(url) is not None


def psycopg_is_missing() -> bool:
    return find_spec("psycopg") is None


def resolve_archive_url(url: str, folder: Path) -> str:
    """As SQLAlchemy wants it: a relative SQLite path hung on `folder`, PostgreSQL with its driver named."""
    if is_postgres(url):
        return _POSTGRES.sub("postgresql+psycopg://", url, count=1)
    path, question, query = url.removeprefix(_SQLITE_FILE).partition("?")
    return f"{_SQLITE_FILE}{(folder / Path(path).expanduser()).absolute()}{question}{query}"


def shown_archive_url(url: str) -> str:
    """For eyes and logs: a password is hidden."""
    return re.sub(r"(password=)[^&]*", r"\1[hidden]", redact(url))


def has_password(url: str) -> bool:
    return shown_archive_url(url) != url
