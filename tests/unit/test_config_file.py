"""The settings file is found, read and resolved, or it is said why not."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from pydantic import ValidationError

from config.connections import IdPortenConnection, SystemUserConnection, TokenConnection
from config.errors import ConfigError
from config.fields import KeyRef, SecretRef
from config.keys import create_key
from config.settings import load

MINIMAL = '[environment]\nname = "tt02"\n[[connection]]\nname = "lokal"\nkind = "token"\ntoken = "env:TOKEN"\n'
ENV = {"TOKEN": "t"}


def written(folder: Path, text: str = MINIMAL, name: str = "dialogarkiv.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def refusal(path: Path | None, env: dict[str, str]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(path, env)
    return caught.value


def test_what_is_left_out_has_the_documented_default(tmp_path: Path) -> None:
    settings = load(written(tmp_path), ENV)
    assert settings.archive.url == f"sqlite:///{tmp_path}/dialogarkiv.db"
    assert settings.sync.open == "after-human"
    assert settings.sync.open_rules == ()
    assert (settings.sync.poll, settings.sync.hot) == (timedelta(minutes=5), timedelta(hours=1))
    assert (settings.sync.sweep, settings.sync.deep) == (timedelta(hours=24), timedelta(days=30))
    assert (settings.sync.overlap, settings.sync.concurrency) == (timedelta(minutes=10), 8)
    assert settings.display.languages == ("nb", "nn", "en")
    assert settings.limits.response_bytes == 64 * 1024 * 1024
    assert (settings.log.level, settings.log.format) == ("info", "console")
    assert settings.attention.rules is None
    assert settings.file == tmp_path / "dialogarkiv.toml"


def test_every_section_and_every_kind_of_connection_is_read(tmp_path: Path) -> None:
    create_key(tmp_path / "keys" / "m.jwk", key_id="kid-1")
    create_key(tmp_path / "keys" / "i.pem")
    written(tmp_path, "", "mine.toml")
    text = """
        [archive]
        url = "postgresql://u@db/arkiv"
        [environment]
        name = "custom"
        dialogporten = "http://127.0.0.1:8400/dialogporten/"
        altinn = "http://127.0.0.1:8400/"
        maskinporten = "http://127.0.0.1:8400/maskinporten/"
        idporten = "http://127.0.0.1:8400/idporten"
        [[connection]]
        name = "regnskap"
        kind = "system-user"
        client_id = "klient"
        key = "keys/m.jwk"
        system_users = [{ org = "310000000" }, { org = "310000108", external_ref = "lønn_2-a" }]
        [[connection]]
        name = "kari"
        kind = "id-porten"
        client_id = "klient"
        key = "keys/i.pem"
        key_id = "kid-2"
        redirect = "https://arkiv.example.no/callback"
        [[connection]]
        name = "lokal"
        kind = "token"
        token = "env:TOKEN"
        parties = ["urn:altinn:person:identifier-no:03886595947"]
        [sync]
        open = "never"
        poll = "90s"
        concurrency = 4
        [[sync.open_rule]]
        party = "urn:altinn:organization:identifier-no:310000000"
        org = "skd"
        open = "always"
        [display]
        languages = ["nn", "nb"]
        [limits]
        response_bytes = 1000000
        [attention]
        rules = "mine.toml"
        [log]
        level = "debug"
        format = "json"
    """
    settings = load(written(tmp_path, text), ENV)
    assert settings.archive.url == "postgresql+psycopg://u@db/arkiv"
    assert settings.environment.dialogporten == "http://127.0.0.1:8400/dialogporten"
    assert settings.environment.maskinporten == "http://127.0.0.1:8400/maskinporten/"
    firm, person, local = settings.connections
    assert isinstance(firm, SystemUserConnection)
    assert firm.key == KeyRef(file=tmp_path / "keys" / "m.jwk")
    assert firm.scopes == ("digdir:dialogporten",)
    assert [(user.org, user.external_ref) for user in firm.system_users] == [
        ("310000000", None),
        ("310000108", "lønn_2-a"),
    ]
    assert isinstance(person, IdPortenConnection)
    assert person.key == KeyRef(file=tmp_path / "keys" / "i.pem", key_id="kid-2")
    assert (person.acr, person.scopes) == ("idporten-loa-high", ("openid", "digdir:dialogporten"))
    assert isinstance(local, TokenConnection)
    assert local.token == SecretRef("TOKEN")
    assert local.parties == ("urn:altinn:person:identifier-no:03886595947",)
    assert (settings.sync.open, settings.sync.poll) == ("never", timedelta(seconds=90))
    assert (settings.sync.open_rules[0].org, settings.sync.open_rules[0].open) == ("skd", "always")
    assert settings.display.languages == ("nn", "nb")
    assert settings.attention.rules == tmp_path / "mine.toml"
    assert (settings.log.level, settings.log.format) == ("debug", "json")
    assert settings.connection("kari") is person


def test_the_order_is_option_then_variable_then_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, named, option = (tmp_path / name for name in ("here", "named", "option"))
    for folder in (here, named, option):
        folder.mkdir()
        written(folder)
    monkeypatch.chdir(here)
    variable = {**ENV, "DIALOGARKIV_CONFIG": str(named / "dialogarkiv.toml")}
    assert load(option / "dialogarkiv.toml", variable).file == option / "dialogarkiv.toml"
    assert load(None, variable).file == named / "dialogarkiv.toml"
    assert load(None, ENV).file == here / "dialogarkiv.toml"


def test_without_a_file_it_is_said_where_was_looked_and_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = str(refusal(None, {}))
    assert "--config" in said
    assert "DIALOGARKIV_CONFIG" in said
    assert str(tmp_path / "dialogarkiv.toml") in said
    assert "dialogarkiv init" in said


def test_a_named_file_that_is_not_there_says_who_named_it(tmp_path: Path) -> None:
    gone = tmp_path / "gone.toml"
    by_option, by_variable = refusal(gone, {}), refusal(None, {"DIALOGARKIV_CONFIG": str(gone)})
    assert (by_option.file, by_variable.file) == (gone, gone)
    assert "--config" in by_option.problem
    assert "DIALOGARKIV_CONFIG" in by_variable.problem
    assert "dialogarkiv init" in by_option.remedy
    assert "is a folder" in refusal(tmp_path, {}).problem


def test_a_syntax_error_names_the_line_and_what_stands_there(tmp_path: Path) -> None:
    error = refusal(written(tmp_path, MINIMAL + "[sync]\npoll = 5m\n"), ENV)
    assert (error.key, error.value) == ("line 8", '"poll = 5m"')
    assert error.file == tmp_path / "dialogarkiv.toml"
    assert "not TOML" in error.problem
    assert "quotes" in error.remedy


def test_a_syntax_error_on_a_line_with_a_secret_does_not_repeat_it(tmp_path: Path) -> None:
    error = refusal(written(tmp_path, MINIMAL + "client_secret = hunter2\n"), ENV)
    assert error.key == "line 7"
    assert "hunter2" not in str(error)


def test_a_file_that_is_not_utf8_is_told_so_and_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "dialogarkiv.toml"
    file.write_bytes(MINIMAL.replace("lokal", "lønn").encode("latin-1"))
    assert "not UTF-8" in refusal(file, ENV).problem
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load(file, ENV).environment.name == "tt02"


def test_an_unreadable_file_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    file = written(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", denied)
    error = refusal(file, ENV)
    assert "Permission denied" in error.problem
    assert "readable" in error.remedy


def test_a_file_in_a_folder_that_may_not_be_entered_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path, **_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied", str(self))

    file = written(tmp_path)
    monkeypatch.setattr(Path, "stat", denied)
    monkeypatch.setattr(Path, "read_bytes", denied)
    assert "Permission denied" in refusal(file, ENV).problem


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("sqlite:///a/b.db", "sqlite:///{folder}/a/b.db"),
        ("sqlite:////var/lib/a.db", "sqlite:////var/lib/a.db"),
        ("sqlite:///a.db?timeout=5", "sqlite:///{folder}/a.db?timeout=5"),
        ("postgresql://u:p@h:5432/d?sslmode=require", "postgresql+psycopg://u:p@h:5432/d?sslmode=require"),
        ("postgres://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
    ],
)
def test_the_archive_address_is_made_ready_for_sqlalchemy(tmp_path: Path, url: str, resolved: str) -> None:
    settings = load(written(tmp_path, f'{MINIMAL}[archive]\nurl = "{url}"\n'), ENV)
    assert settings.archive.url == resolved.format(folder=tmp_path)


def test_a_password_in_the_archive_address_shows_nowhere_and_warns_if_others_can_read_it(tmp_path: Path) -> None:
    file = written(tmp_path, f'{MINIMAL}[archive]\nurl = "postgresql://u:hunter2@h/d?password=hunter2"\n')
    file.chmod(0o644)
    settings = load(file, ENV)
    assert "hunter2" in settings.archive.url
    assert "hunter2" not in settings.archive.shown_url
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in "".join(settings.warnings)
    assert f"chmod 600 '{file}'" in settings.warnings[0]
    file.chmod(0o600)
    assert load(file, ENV).warnings == ()


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings = load(written(tmp_path), ENV)
    with pytest.raises(ValidationError, match="frozen"):
        settings.sync.concurrency = 1
    with pytest.raises(FrozenInstanceError):
        settings.file = None  # type: ignore[misc]


def test_a_command_that_only_reads_the_archive_needs_neither_secrets_nor_a_connection(tmp_path: Path) -> None:
    assert load(written(tmp_path), {}, secrets=False).connections[0].name == "lokal"
    assert load(written(tmp_path, '[environment]\nname = "tt02"\n'), {}, secrets=False).connections == ()


def test_an_unknown_connection_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path), ENV).connection("annen")
    assert "lokal" in caught.value.remedy
