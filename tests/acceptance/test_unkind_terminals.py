"""Where the answers go to: a reader that leaves, a full disk, a terminal with few letters; and slips of the hand."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from store.archive import Archive
from sync.cli.frame import run
from tests.acceptance.sandbox_process import command_line, environment

SETTINGS = """\
[archive]
url = "sqlite:///arkiv.db"

[environment]
name = "tt02"
"""
# Much more than a pipe takes before it is read from.
MANY = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 3000) SELECT x, hex(zeroblob(50)) FROM n"
Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Settings with an empty archive beside them."""
    file = tmp_path / "dialogarkiv.toml"
    file.write_text(SETTINGS)
    Archive.open(f"sqlite:///{tmp_path / 'arkiv.db'}", create=True).close()
    return file


@pytest.mark.parametrize("form", ["--table", "--csv", "--json"])
def test_a_reader_that_has_had_enough_is_no_failure(settings: Path, form: str) -> None:
    process = subprocess.Popen(
        command_line("--config", settings, "sql", MANY, form),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.read(1)
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 0, said
    assert "Traceback" not in said


def test_a_full_disk_under_the_answer_is_no_bug_of_ours(settings: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command_line("--config", settings, "sql", MANY),
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_letter_that_the_terminal_lacks_is_spelled_out(run_cli: Program, settings: Path) -> None:
    done = run_cli("--config", settings, "sql", "SELECT 'Blåbær' AS x", env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "1 rows\n")
    assert r"Bl\xe5b\xe6r" in done.stdout


def test_json_is_utf_8_whatever_the_terminal_speaks(run_cli: Program, settings: Path) -> None:
    done = run_cli(
        "--config", settings, "sql", "SELECT 'Blåbær' AS x", "--json", env={"PYTHONIOENCODING": "iso-8859-1"}
    )
    assert json.loads(done.stdout) == [{"x": "Blåbær"}]


def test_a_config_behind_the_command_is_told_where_it_belongs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--config", "dialogarkiv.toml"]) == 2
    assert "--config stands before the command" in capsys.readouterr().err


def test_a_dialog_that_the_archive_does_not_hold_is_a_slip_and_no_bug(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--config", str(settings), "show", "nonsense"]) == 2
    assert "holds no dialog nonsense" in capsys.readouterr().err


def test_an_absence_of_nobody_is_not_accepted(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BEARER", "prove")
    settings.write_text(SETTINGS + '[[connection]]\nname = "lokal"\nkind = "token"\ntoken = "env:BEARER"\n')
    assert run(["--config", str(settings), "sync", "--accept-absence", "31000000"]) == 2
    assert "no mailbox of that party" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run(["sandbox", "--port", "0", "--folder", str(tmp_path / "file" / "sandbox")]) == 2
    assert "--folder FOLDER" in capsys.readouterr().err


def test_an_input_without_bottom_is_no_dialog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    assert run(["interpret", str(tmp_path / "deep.json")]) == 2
    assert "nested far deeper" in capsys.readouterr().err
