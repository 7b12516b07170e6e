"""Settings that only a person's login could use: a run says so instead of ending well."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.cli.frame import run

SETTINGS = """\
[environment]
name = "tt02"

[[connection]]
name = "kari"
kind = "id-porten"
client_id = "11111111-2222-4333-8444-555555555555"
client_secret = "env:IDPORTEN_SECRET"
redirect = "http://localhost:8765/callback"
"""


@pytest.mark.parametrize("command", ["sync", "run"])
def test_a_run_that_could_read_nobody_ends_with_exit_code_3_and_the_remedy(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IDPORTEN_SECRET", "prove")
    settings = tmp_path / "dialogarkiv.toml"
    settings.write_text(SETTINGS)
    assert run(["--config", str(settings), command]) == 3
    told = capsys.readouterr().err
    assert "id-porten" in told
    assert "system-user" in told
    assert not (tmp_path / "dialogarkiv.db").exists()
