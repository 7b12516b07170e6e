"""Fixtures of the acceptance tests: a sandbox process for each module, and the command line as a process.

`sandbox`   `.url`, `.settings`, `.folder`, `.control(method, path, json)`, `.run_cli(*arguments)` with its settings,
            `.calm()` between tests. It is shared by a module: a test that writes dialogs or access tidies up, or
            takes a module of its own.
`run_cli`   `run_cli(*arguments, env=…, input=…) -> CompletedProcess`, in the test's own folder, without settings.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.sandbox_process import SandboxProcess, run_program, sandbox_in


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The demo inbox, served by a process of its own on a free port."""
    with sandbox_in(tmp_path_factory.mktemp("acceptance") / "sandbox") as process:
        yield process


@pytest.fixture
def run_cli(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line as a process."""
    return partial(run_program, cwd=tmp_path)
