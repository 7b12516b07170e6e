"""Environment variables lie over the file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config.connections import SystemUserConnection, TokenConnection
from config.errors import ConfigError
from config.settings import Settings, load

TEXT = """
[environment]
name = "tt02"
[[connection]]
name = "min-firma"
kind = "token"
token = "env:TOKEN"
[[connection]]
name = "lokal"
kind = "token"
token = "env:TOKEN"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "dialogarkiv.toml"
    path.write_text(TEXT)
    return path


def loaded(file: Path, **variables: str) -> Settings:
    return load(file, {"TOKEN": "t", "OTHER": "o", **variables})


def refusal(file: Path, **variables: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        loaded(file, **variables)
    return caught.value


def tokens(settings: Settings) -> list[str]:
    return [str(entry.token) for entry in settings.connections if isinstance(entry, TokenConnection)]


def test_a_variable_beats_the_file_and_makes_sections_that_are_not_there(file: Path) -> None:
    settings = loaded(
        file, DIALOGARKIV__ENVIRONMENT__NAME="prod", DIALOGARKIV__SYNC__POLL="1m", DIALOGARKIV__SYNC__CONCURRENCY="3"
    )
    assert settings.environment.name == "prod"
    assert (settings.sync.poll, settings.sync.concurrency) == (timedelta(minutes=1), 3)


def test_a_list_is_given_as_json(file: Path) -> None:
    assert loaded(file, DIALOGARKIV__DISPLAY__LANGUAGES='["en", "nb"]').display.languages == ("en", "nb")


@pytest.mark.parametrize("which", ["0", "MIN_FIRMA", "min_firma"])
def test_a_connection_is_reached_by_position_or_name(file: Path, which: str) -> None:
    settings = loaded(file, **{f"DIALOGARKIV__CONNECTION__{which}__TOKEN": "env:OTHER"})
    assert tokens(settings) == ["env:OTHER", "env:TOKEN"]


def test_the_next_free_position_adds_a_connection(file: Path) -> None:
    settings = loaded(
        file,
        DIALOGARKIV__CONNECTION__2__NAME="tredje",
        DIALOGARKIV__CONNECTION__2__KIND="token",
        DIALOGARKIV__CONNECTION__2__TOKEN="env:OTHER",
    )
    assert [entry.name for entry in settings.connections] == ["min-firma", "lokal", "tredje"]


def test_all_connections_are_given_as_json_and_a_more_exact_variable_refines_them(file: Path) -> None:
    whole = (
        '[{"name": "regnskap", "kind": "system-user", "client_id": "a", "key": "k.jwk",'
        ' "system_users": [{"org": "310000000"}]}]'
    )
    settings = load(
        file,
        {
            "DIALOGARKIV__CONNECTION": whole,
            "DIALOGARKIV__CONNECTION__0__CLIENT_ID": "b",
            "DIALOGARKIV__CONNECTION__REGNSKAP__SYSTEM_USERS__0__EXTERNAL_REF": "lonn",
            "DIALOGARKIV__CONNECTION__REGNSKAP__SYSTEM_USERS__1__ORG": "310000108",
        },
        secrets=False,
    )
    (connection,) = settings.connections
    assert isinstance(connection, SystemUserConnection)
    assert connection.client_id == "b"
    assert [(user.org, user.external_ref) for user in connection.system_users] == [
        ("310000000", "lonn"),
        ("310000108", None),
    ]


def test_an_opening_rule_is_made_by_variables(file: Path) -> None:
    settings = loaded(file, DIALOGARKIV__SYNC__OPEN_RULE__0__ORG="nav", DIALOGARKIV__SYNC__OPEN_RULE__0__OPEN="never")
    assert [(rule.org, rule.open) for rule in settings.sync.open_rules] == [("nav", "never")]


@pytest.mark.parametrize(
    ("variable", "value", "key", "shown", "problem", "remedy"),
    [
        ("DIALOGARKIV__SYNC__POLL", "5x", "sync.poll", '"5x"', "not a duration", '"5m"'),
        ("DIALOGARKIV__SYNC__POL", "5m", "sync.pol", '"5m"', "unknown key", '"poll"'),
        ("DIALOGARKIV__SYNK__POLL", "5m", "synk", "{ poll = … }", "unknown section", '"sync"'),
        ("DIALOGARKIV__DISPLAY__LANGUAGES", "[nb", "display.languages", '"[nb"', "not JSON", '["nb", "en"]'),
        ("DIALOGARKIV__CONNECTION__7__NAME", "x", "connection.7.name", '"x"', "only 2 entries", "from 0 to 2"),
        ("DIALOGARKIV__CONNECTION__UKJENT__NAME", "x", "connection.ukjent.name", '"x"', "no entry", "name of"),
        ("DIALOGARKIV__ENVIRONMENT__NAME__X", "x", "environment.name.x", '"x"', "no keys of its own", "Remove"),
        ("DIALOGARKIV__", "x", "", '"x"', "not the name of a setting", "DIALOGARKIV__SYNC__POLL"),
        ("DIALOGARKIV__CONNECTION__LOKAL__TOKEN", "hunter2", "connection.lokal.token", "hidden", "secrets", "env:NAME"),
        ("DIALOGARKIV__CONNECTION__UKJENT__TOKEN", "hunter2", "connection.ukjent.token", None, "no entry", "name of"),
    ],
)
def test_a_wrong_variable_is_told_with_its_own_name(
    file: Path, variable: str, value: str, key: str, shown: str | None, problem: str, remedy: str
) -> None:
    error = refusal(file, **{variable: value})
    assert str(error.file) == f"environment variable {variable}"
    assert error.key == key
    assert (error.value is None) if shown is None else (error.value is not None and shown in error.value)
    assert problem in error.problem
    assert remedy in error.remedy
    assert "hunter2" not in str(error)


def test_variables_of_other_programs_are_none_of_ours(file: Path) -> None:
    assert loaded(file, DIALOGARKIV_HOME="x", DIALOGPORTEN__SYNC__POLL="x").sync.poll == timedelta(minutes=5)
