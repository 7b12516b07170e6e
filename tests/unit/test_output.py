"""What a machine reads is JSON in UTF-8, whatever the server wrote into its texts."""

from __future__ import annotations

import json

import pytest

from sync.cli.output import echo_json


def test_half_a_surrogate_pair_is_told_as_it_came(capfd: pytest.CaptureFixture[str]) -> None:
    echo_json({"status": "\ud800", "title": "Vedtak \U0001f4e8 på nytt"})
    told = capfd.readouterr().out
    assert json.loads(told) == {"status": "\ud800", "title": "Vedtak \U0001f4e8 på nytt"}
    assert "på nytt" in told
