"""The vault's keys: where they may be, what is wrong with a bad one, and that none is ever shown."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, InvalidToken

from config.errors import ConfigError
from config.keys import create_key
from config.settings import Settings, load
from config.vault import VaultKeyRef, vault_keys

# Not made anew each time: they are in the names of tests, and several processes must agree on those.
KEY, OTHER = (base64.urlsafe_b64encode(bytes(range(first, first + 32))).decode() for first in (1, 101))
# As `openssl rand -base64 32` writes it, with signs that the URL alphabet lacks.
PLAIN = base64.b64encode(bytes([251, 255]) + bytes(30)).decode()

PERSON = """\
[environment]
name = "tt02"
[[connection]]
name = "kari"
kind = "id-porten"
client_id = "klient"
key = "keys/idporten.jwk"
redirect = "http://localhost:8765/callback"
"""


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("keys") / "idporten.jwk"
    create_key(file)
    return file.read_bytes()


@pytest.fixture
def folder(tmp_path: Path, signing_key: bytes) -> Path:
    keys = tmp_path / "keys"
    keys.mkdir(0o700)
    (keys / "idporten.jwk").write_bytes(signing_key)
    (keys / "idporten.jwk").chmod(0o600)
    tmp_path.chmod(0o700)
    return tmp_path


def written(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text)
    file.chmod(mode)
    return file


def settings(folder: Path, more: str = "", env: Mapping[str, str] | None = None) -> Settings:
    return load(written(folder / "dialogarkiv.toml", PERSON + more), env or {})


def opened(settings: Settings, env: Mapping[str, str] | None = None) -> bytes:
    """What was sealed with KEY, opened with the keys of these settings."""
    return settings.vault_keys(env or {}).open().decrypt(Fernet(KEY.encode()).encrypt(b"token"))


def test_without_a_word_in_the_settings_the_key_is_a_file_beside_them(folder: Path) -> None:
    keys = settings(folder).vault_keys({})
    assert keys.key == VaultKeyRef(file=folder / "vault.key")
    assert keys.make_if_missing()
    assert not keys.make_if_missing()
    assert (folder / "vault.key").stat().st_mode & 0o777 == 0o600
    sealed = keys.open().encrypt(b"token")
    assert settings(folder).vault_keys({}).open().decrypt(sealed) == b"token"


def test_a_key_may_be_in_a_file_an_environment_variable_or_a_credential_of_systemd(folder: Path) -> None:
    written(folder / "min.key", f"  {KEY}\n")
    assert opened(settings(folder, '[vault]\nkey = "min.key"\n')) == b"token"
    env = {"VAULT_KEY": KEY}
    assert opened(settings(folder, '[vault]\nkey = "env:VAULT_KEY"\n', env), env) == b"token"
    credentials = folder / "credentials"
    credentials.mkdir()
    written(credentials / "vault-key", KEY, 0o440)  # its rights are systemd's matter
    env = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert opened(settings(folder, '[vault]\nkey = "credential:vault-key"\n', env), env) == b"token"


def test_old_keys_open_and_the_first_one_seals(folder: Path) -> None:
    written(folder / "old.key", KEY)
    written(folder / "new.key", OTHER)
    found = settings(folder, '[vault]\nkey = "new.key"\nold_keys = ["old.key"]\n')
    assert opened(found) == b"token"
    assert Fernet(OTHER.encode()).decrypt(found.vault_keys({}).open().encrypt(b"x")) == b"x"
    with pytest.raises(InvalidToken):
        opened(settings(folder, '[vault]\nkey = "new.key"\n'))


def test_both_spellings_of_base64_are_one_key(folder: Path) -> None:
    assert PLAIN.translate(str.maketrans("+/", "-_")) != PLAIN
    written(folder / "vault.key", PLAIN)
    sealed = settings(folder).vault_keys({}).open().encrypt(b"token")
    written(folder / "vault.key", PLAIN.translate(str.maketrans("+/", "-_")).rstrip("="))
    assert settings(folder).vault_keys({}).open().decrypt(sealed) == b"token"


@pytest.mark.parametrize(
    ("vault", "content", "mode", "problem"),
    [
        ('key = "vault.key"', KEY, 0o644, "others can read or change the key file"),
        ('key = "vault.key"', "too short", 0o600, "32 random bytes in base64"),
        ('key = "vault.key"', KEY + "AAAA", 0o600, "32 random bytes in base64"),
        ('key = "vault.key"', "", 0o600, "32 random bytes in base64"),
        ('key = "env:VAULT_KEY"', None, 0, "VAULT_KEY is not set"),
        ('key = "credential:vault"', None, 0, "CREDENTIALS_DIRECTORY is not set"),
        ('old_keys = ["old.key"]', KEY, 0o600, "there is no such key file"),
        ('key = ""', None, 0, "not the place of a key"),
        ('key = "env:my-key"', None, 0, "not a name"),
        ('key = "credential:../vault"', None, 0, "not a name"),
        ("key = 3", None, 0, "not the place of a key"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_with_the_settings(
    folder: Path, vault: str, content: str | None, mode: int, problem: str
) -> None:
    if content is not None:
        written(folder / "vault.key", content, mode)
    with pytest.raises(ConfigError, match=problem) as told:
        settings(folder, f"[vault]\n{vault}\n")
    assert told.value.key.startswith("vault.")
    assert told.value.remedy
    assert content is None or not content or content not in str(told.value)


@pytest.mark.parametrize("place", [f'key = "{KEY}"', f'old_keys = ["{KEY}"]', f'key = "{PLAIN}"'])
def test_a_key_that_stands_in_the_settings_is_refused_and_not_repeated(folder: Path, place: str) -> None:
    with pytest.raises(ConfigError, match="must not be in the settings") as told:
        settings(folder, f"[vault]\n{place}\n")
    assert KEY not in str(told.value)
    assert PLAIN not in str(told.value)


def test_a_file_that_is_not_there_yet_is_no_trouble_before_the_first_login(folder: Path) -> None:
    assert settings(folder, '[vault]\nkey = "keys/vault.key"\n').warnings == ()


@pytest.mark.parametrize(
    ("mode", "vault", "warning"),
    [
        (0o755, "", None),
        (0o775, "", "vault.key: others can replace files"),
        (0o755, '[vault]\nkey = "more/vault.key"\n', "vault.key: others can look into the folder"),
    ],
)
def test_a_key_in_a_folder_of_others_is_warned_of(folder: Path, mode: int, vault: str, warning: str | None) -> None:
    (folder / "more").mkdir(0o755)
    folder.chmod(mode)
    found = [sentence for sentence in settings(folder, vault).warnings if "vault.key: others" in sentence]
    assert len(found) == (warning is not None)
    assert all(str(warning) in sentence for sentence in found)


def test_without_persons_nothing_of_the_vault_is_looked_at(folder: Path) -> None:
    text = '[environment]\nname = "tt02"\n[[connection]]\nname = "x"\nkind = "token"\ntoken = "env:T"\n'
    text += '[vault]\nkey = "env:VAULT_KEY"\n'
    assert load(written(folder / "dialogarkiv.toml", text), {"T": "token"}).vault.key == VaultKeyRef(env="VAULT_KEY")


def test_a_folder_that_may_not_be_written_is_told_with_the_key(tmp_path: Path) -> None:
    written(tmp_path / "file", "")
    keys = vault_keys(VaultKeyRef(file=Path("file/vault.key")), (), {}, tmp_path / "dialogarkiv.toml")
    with pytest.raises(ConfigError, match="cannot be made") as told:
        keys.make_if_missing()
    assert told.value.key == "vault.key"


def test_the_life_of_a_consent_and_of_its_tokens_can_be_told(folder: Path) -> None:
    text = PERSON + 'authorization_lifetime = "90d"\nrefresh_tokens = "reusable"\n'
    (kari,) = load(written(folder / "dialogarkiv.toml", text), {}).connections
    assert (kari.authorization_lifetime.days, kari.refresh_tokens) == (90, "reusable")  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match='Use one of "one-time", "reusable"'):
        load(written(folder / "dialogarkiv.toml", PERSON + 'refresh_tokens = "once"\n'), {})
