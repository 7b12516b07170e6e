"""`dialogarkiv init`: a settings file that loads, a key that only its owner reads, and nothing ever overwritten."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.fields import KeyRef
from config.keys import load_signing_key
from config.settings import load
from sync.cli.frame import run
from sync.sandbox.seed import people
from tests.acceptance.sandbox_process import SandboxProcess

CLIENT = "11111111-2222-4333-8444-555555555555"
KEY = Path("keys/maskinporten.jwk")
SETTINGS = Path("dialogarkiv.toml")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIALOGARKIV_CONFIG", raising=False)


def init(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["init", "--json", *arguments]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["init", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_with_client_and_organisation_the_file_is_ready_to_use(capsys: pytest.CaptureFixture[str]) -> None:
    told = init(
        capsys, "--environment", "prod", "--client-id", CLIENT, "--org", "310 000 000", "--external-ref", "lonn"
    )
    settings = load(SETTINGS, {})
    connection = settings.connections[0]
    assert settings.environment.name == "prod" and connection.kind == "system-user"
    assert connection.client_id == CLIENT and connection.name == "virksomhet"
    assert [(user.org, user.external_ref) for user in connection.system_users] == [("310000000", "lonn")]
    assert settings.warnings == ()
    assert mode(SETTINGS) == 0o600 and mode(KEY) == 0o600 and mode(KEY.parent) == 0o700
    assert told["settings"] == str(SETTINGS.absolute()) and told["key_created"] is True
    assert not any("Fill in" in step for step in told["next"])


def test_the_public_half_that_is_shown_is_that_of_the_key_and_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--client-id", CLIENT, "--org", "310000000"]) == 0
    out = capsys.readouterr().out
    shown = json.loads(out[out.index("{") : out.index("}") + 1])
    assert shown == load_signing_key(KeyRef(file=KEY.absolute()), {}).public_jwk()
    secret = json.loads(KEY.read_text())
    assert not any(secret[name] in out for name in ("d", "p", "q", "dp", "dq", "qi"))
    for word in ("Register", CLIENT, "digdir:dialogporten", "system user", "dialogarkiv doctor", "dialogarkiv sync"):
        assert word in out


def test_without_client_and_organisation_the_steps_say_what_to_fill_in(capsys: pytest.CaptureFixture[str]) -> None:
    told = init(capsys)
    assert any("client_id, org" in step for step in told["next"])
    assert run(["doctor"]) == 2
    assert "client_id" in capsys.readouterr().out


def test_settings_that_are_there_are_never_touched(capsys: pytest.CaptureFixture[str]) -> None:
    SETTINGS.write_text("mine")
    told = refused(capsys)
    assert "left as it is" in told and str(SETTINGS.absolute()) in told
    assert SETTINGS.read_text() == "mine" and not KEY.exists()


def test_a_key_that_is_there_is_kept_and_its_public_half_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    first = init(capsys)
    before = KEY.read_bytes()
    SETTINGS.unlink()
    second = init(capsys)
    assert KEY.read_bytes() == before
    assert second["key_created"] is False and second["public_jwk"] == first["public_jwk"]


def test_a_new_key_can_be_made_beside_settings_that_stay(capsys: pytest.CaptureFixture[str]) -> None:
    first = init(capsys)
    before = SETTINGS.read_bytes()
    second = init(capsys, "--key-only", "--key", "keys/new.pem")
    assert SETTINGS.read_bytes() == before and second["settings"] is None
    assert second["kid"] != first["kid"] and mode(Path("keys/new.pem")) == 0o600
    assert any(f'key_id = "{second["kid"]}"' in step for step in second["next"])


def test_a_pem_gets_its_key_id_into_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    told = init(capsys, "--client-id", CLIENT, "--org", "310000000", "--key", "keys/m.pem")
    connection = load(SETTINGS, {}).connections[0]
    assert connection.kind == "system-user"
    assert load_signing_key(connection.key, {}).kid == told["kid"]


def test_no_key_is_made_when_none_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    told = init(capsys, "--no-create-key")
    assert not KEY.exists() and told["public_jwk"] is None
    assert "none was made" in told["notes"][0] and "Register" not in told["next"][0]


def test_a_key_in_the_environment_is_shown_from_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = init(capsys, "--key-only", "--key", "elsewhere.jwk")
    monkeypatch.setenv("OUR_KEY", Path("elsewhere.jwk").read_text())
    told = init(capsys, "--key", "env:OUR_KEY", "--client-id", CLIENT, "--org", "310000000")
    assert told["public_jwk"] == made["public_jwk"] and told["key"] == "env:OUR_KEY"
    assert not KEY.exists()


def test_the_file_goes_where_config_says_with_its_key_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--config", "etc/ours.toml", "init"]) == 0
    assert "--config" in capsys.readouterr().out
    assert mode(Path("etc/ours.toml")) == 0o600 and Path("etc/keys/maskinporten.jwk").is_file()


def test_every_wrong_value_is_told_at_once_and_nothing_is_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    told = refused(capsys, "--org", "310000001", "--external-ref", "a b", "--name", "x y", "--client-id", "a b")
    for option in ("--org", "--external-ref", "--name", "--client-id"):
        assert option in told
    assert "check digit" in told and list(tmp_path.iterdir()) == []
    assert "environment" in refused(capsys, "--environment", "produksjon")


def test_a_key_given_as_text_is_refused_without_repeating_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(capsys, "--key", '{"kty": "RSA", "d": "hemmelig"}')
    assert "hemmelig" not in told and "path" in told


def test_a_folder_that_cannot_be_written_is_a_kind_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("")
    assert run(["--config", "file/ours.toml", "init"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_from_init_to_a_clean_bill_of_health(
    sandbox: SandboxProcess, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    made = run_cli("init", "--environment", "custom", "--client-id", CLIENT, "--org", people.BAKERY.number, "--json")
    assert made.returncode == 0, made.stderr
    env = {
        "DIALOGARKIV__ENVIRONMENT__DIALOGPORTEN": f"{sandbox.url}/dialogporten",
        "DIALOGARKIV__ENVIRONMENT__ALTINN": sandbox.url,
        "DIALOGARKIV__ENVIRONMENT__MASKINPORTEN": f"{sandbox.url}/maskinporten/",
    }
    before = run_cli("doctor", "--json", env=env)
    assert before.returncode == 3 and "MP-100" in before.stdout, before.stdout + before.stderr
    client = {"client_id": CLIENT, "keys": [json.loads(made.stdout)["public_jwk"]], "scopes": [people.SCOPE]}
    sandbox.control("POST", "clients", client | {"org": people.VENDOR.number})
    user = {"id": people.BAKERY_SYSTEM_USER, "org": people.BAKERY.number, "client_id": CLIENT, "system_id": "arkiv"}
    sandbox.control("POST", "system-users", user)
    after = run_cli("doctor", "--json", env=env)
    assert after.returncode == 0, after.stdout + after.stderr
