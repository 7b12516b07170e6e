"""The sandbox and the command line as real processes, for the acceptance tests. See `conftest` for the fixtures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120  # a process starts slowly on a loaded machine


def run_program(
    *arguments: object, cwd: Path, env: Mapping[str, str] | None = None, input: str | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m sync ARGUMENTS` to its end. `env` is laid over ours, from which every DIALOGARKIV… is taken out."""
    return subprocess.run(
        command_line(*arguments),
        cwd=cwd,
        env=environment(env),
        input=input if input is not None else "",
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def command_line(*arguments: object) -> list[str]:
    """For a test that starts the process itself, to kill it."""
    return [sys.executable, "-m", "sync", *(str(argument) for argument in arguments)]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process of ours gets: the repository importable from any folder, and no settings of the developer's."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DIALOGARKIV")}
    return {**ours, "PYTHONPATH": str(ROOT), **(extra or {})}


@dataclass(frozen=True)
class SandboxProcess:
    """A running sandbox: its address, its folder, and the settings file that `--config` takes."""

    url: str
    folder: Path
    settings: Path

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """One call of the control interface, `control("PUT", "date-skew", {"seconds": 90})`; the decoded answer."""
        # Nothing on this machine has a certificate; reading those of the world takes a twentieth of a second each time.
        answer = httpx.request(
            method, f"{self.url}/control/{path.strip('/')}", json=json, timeout=60, trust_env=False, verify=False
        )
        answer.raise_for_status()
        return answer.json()

    def run_cli(
        self, *arguments: object, env: Mapping[str, str] | None = None, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The command line with this sandbox's settings."""
        return run_program("--config", self.settings, *arguments, cwd=self.folder, env=env, input=input)

    def calm(self) -> None:
        """Takes back faults, switches and clock skew, and counts requests from nought. Dialogs stay as they are."""
        self.control("DELETE", "faults")
        self.control("DELETE", "switches")
        self.control("PUT", "date-skew", {"seconds": 0})
        self.control("DELETE", "requests")


@contextmanager
def sandbox_in(folder: Path, *options: str, module: Sequence[object] = ("sync",)) -> Iterator[SandboxProcess]:
    """A sandbox with the demo inbox, up until the block ends; `module` is the program to run, with what comes first.

    Raises RuntimeError with its last words when it does not start, or ended before it was asked to.
    """
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            *map(str, module),
            "sandbox",
            "--port",
            "0",
            "--folder",
            str(folder),
            "--json",
            *options,
        ],
        cwd=folder.parent,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the sandbox did not start: {process.stderr.read()}")
        told = json.loads(line)
        yield SandboxProcess(told["url"], folder, Path(told["settings"]))
    finally:
        ended = process.poll()
        process.terminate()
        _, words = process.communicate(timeout=PATIENCE_SECONDS)
        if ended is not None:
            raise RuntimeError(f"the sandbox ended by itself with {ended}: {words[-2000:]}")
