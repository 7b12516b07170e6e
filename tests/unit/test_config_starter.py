"""The starter file holds every key, loads once filled in, and never overwrites."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

import pytest

from config.connections import CONNECTIONS, SystemUserConnection
from config.environments import NAMED
from config.errors import ConfigError
from config.keys import create_key
from config.models import SECTIONS, Sync
from config.settings import load
from config.starter import starter_file, write_starter


def filled(folder: Path, text: str) -> Path:
    create_key(folder / "keys" / "maskinporten.jwk")
    file = folder / "dialogarkiv.toml"
    write_starter(file, text)
    return file


def uncommented(text: str) -> str:
    """Every key that stands commented out is set, to its default or example."""
    return re.sub(r"(?m)^#(?=[a-z_]+ = |\[)", "", text)


@pytest.mark.parametrize("environment", ["tt02", "prod"])
def test_filled_in_it_loads_with_every_default(tmp_path: Path, environment: str) -> None:
    name = NAMED[environment].name
    file = filled(tmp_path, starter_file(name, client_id="klient", org="310000000", external_ref="lonn"))
    settings = load(file, {})
    assert settings.environment == NAMED[environment]
    assert settings.sync == Sync()
    (connection,) = settings.connections
    assert isinstance(connection, SystemUserConnection)
    assert [(user.org, user.external_ref) for user in connection.system_users] == [("310000000", "lonn")]
    assert settings.warnings == ()


def test_a_custom_environment_gets_the_addresses_of_a_local_sandbox(tmp_path: Path) -> None:
    settings = load(filled(tmp_path, starter_file("custom", client_id="klient", org="310000000")), {})
    assert settings.environment.dialogporten == "http://127.0.0.1:8400/dialogporten"
    assert settings.environment.maskinporten == "http://127.0.0.1:8400/maskinporten/"


def test_not_filled_in_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(filled(tmp_path, starter_file()), {})
    assert {problem.key for problem in caught.value.problems} == {
        "connection.virksomhet.client_id",
        "connection.virksomhet.system_users.0.org",
    }
    assert all("is empty" in problem.problem for problem in caught.value.problems)


def test_every_key_stands_in_it_with_its_default(tmp_path: Path) -> None:
    raw = tomllib.loads(uncommented(starter_file("custom")))
    for name, model in SECTIONS.items():
        wanted = {field.alias or key for key, field in model.model_fields.items()}
        assert raw[name].keys() == wanted
    assert [table["kind"] for table in raw["connection"]] == list(CONNECTIONS)
    for table in raw["connection"]:
        assert table.keys() == CONNECTIONS[table["kind"]].model_fields.keys()
    defaults = {key: value for key, value in raw["sync"].items() if key != "open_rule"}
    assert Sync.model_validate(defaults) == Sync()


def test_with_every_comment_taken_away_only_what_cannot_go_together_is_refused(tmp_path: Path) -> None:
    text = uncommented(starter_file("custom", client_id="klient", org="310000000"))
    (tmp_path / "attention.toml").touch()
    with pytest.raises(ConfigError) as caught:
        load(filled(tmp_path, text), {"DIALOGPORTEN_TOKEN": "t", "IDPORTEN_SECRET": "s"})
    assert {problem.key for problem in caught.value.problems} == {
        "connection.virksomhet.key",  # an example key_id that is not the key's
        "connection.kari.client_secret",  # key and client_secret
        "connection.kari.key",  # no such file
    }


def test_it_is_written_for_the_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    file = tmp_path / "new" / "dialogarkiv.toml"
    write_starter(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text(encoding="utf-8") == starter_file()
    with pytest.raises(FileExistsError):
        write_starter(file, "other")
    assert file.read_text(encoding="utf-8") == starter_file()
    assert [entry.name for entry in file.parent.iterdir()] == ["dialogarkiv.toml"]
