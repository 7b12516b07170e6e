"""A private key is read from every usual form, kept to its owner, and never shown."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from config.errors import ConfigError
from config.fields import KeyRef
from config.keys import create_key, folder_warning, load_signing_key, new_key_id

PEM = serialization.Encoding.PEM
PLAIN = serialization.NoEncryption()
PKCS8 = serialization.PrivateFormat.PKCS8
PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "own" / "m.jwk"
    create_key(path, key_id="kid-1")
    return path


@pytest.fixture(scope="module")
def private(made: Path) -> rsa.RSAPrivateKey:
    return load_signing_key(KeyRef(file=made), {}).private_key


def file_with(folder: Path, content: str | bytes, name: str = "key") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)
    return path


def refusal(ref: KeyRef, env: dict[str, str] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_signing_key(ref, env or {}, file="dialogarkiv.toml", key="connection.regnskap.key")
    assert (caught.value.file, caught.value.key) == ("dialogarkiv.toml", "connection.regnskap.key")
    assert str(ref) in str(caught.value)
    return caught.value


def signs(ref: KeyRef, env: dict[str, str], public: rsa.RSAPublicKey) -> str:
    """The kid of the key behind `ref`, after a signature of its was verified with `public`."""
    key = load_signing_key(ref, env)
    token = jwt.encode({"a": 1}, key.private_key, algorithm=key.alg, headers={"kid": key.kid})
    assert jwt.decode(token, public, algorithms=["RS256"]) == {"a": 1}
    return key.kid


def test_a_new_key_is_for_its_owner_alone_in_a_folder_of_its_own(made: Path) -> None:
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in made.parent.iterdir()] == ["m.jwk"]


def test_a_new_key_never_overwrites(tmp_path: Path) -> None:
    taken = file_with(tmp_path, "precious")
    dangling = tmp_path / "link"
    dangling.symlink_to(tmp_path / "nowhere")
    for path in (taken, dangling):
        with pytest.raises(FileExistsError):
            create_key(path)
    assert taken.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()
    assert {entry.name for entry in tmp_path.iterdir()} == {"key", "link"}


def test_a_new_pem_is_read_with_its_key_id(tmp_path: Path) -> None:
    key = create_key(tmp_path / "m.pem")
    assert signs(KeyRef(file=tmp_path / "m.pem", key_id=key.kid), {}, key.private_key.public_key()) == key.kid


def test_each_new_key_id_is_another_and_fits_digdirs_alphabet() -> None:
    ids = {new_key_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(set(kid) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-") for kid in ids)


def test_the_public_half_has_what_digdir_asks_for_and_nothing_secret(made: Path, private: rsa.RSAPrivateKey) -> None:
    public = load_signing_key(KeyRef(file=made), {}).public_jwk()
    assert public.keys() == {"kty", "alg", "use", "kid", "e", "n"}
    assert (public["kty"], public["alg"], public["use"], public["kid"]) == ("RSA", "RS256", "sig", "kid-1")
    assert jwt.PyJWK(public).key.public_numbers() == private.public_key().public_numbers()


def test_a_key_shows_only_its_kid(made: Path) -> None:
    key = load_signing_key(KeyRef(file=made), {})
    assert repr(key) == "SigningKey(kid='kid-1', alg='RS256')"


def test_every_usual_form_of_the_same_key_is_read(made: Path, private: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    public = private.public_key()
    jwk = made.read_text()
    document = json.loads(jwk)
    without_primes = json.dumps({name: document[name] for name in ("kty", "kid", "n", "e", "d")})
    pkcs8 = private.private_bytes(PEM, PKCS8, PLAIN).decode()
    pkcs1 = private.private_bytes(PEM, PKCS1, PLAIN).decode()
    public_pem = public.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    encoded = base64.b64encode(jwk.encode()).decode()
    own_kid = {
        "jwk": jwk,
        "byte order mark": "\ufeff" + jwk,
        "base64": encoded,
        "base64url": base64.urlsafe_b64encode(jwk.encode()).decode().rstrip("="),
        "broken lines": "\n".join(encoded[at : at + 64] for at in range(0, len(encoded), 64)),
        "set": json.dumps({"keys": [{"kty": "RSA"}, document]}),
        "without primes": without_primes,
    }
    for name, text in own_kid.items():
        assert signs(KeyRef(file=file_with(tmp_path, text, name)), {}, public) == "kid-1"
        assert signs(KeyRef(env="K"), {"K": text}, public) == "kid-1"
    for text in (pkcs8, pkcs1, public_pem + pkcs8):
        assert signs(KeyRef(file=file_with(tmp_path, text), key_id="kid-2"), {}, public) == "kid-2"
        assert signs(KeyRef(env="K", key_id="kid-2"), {"K": text.replace("\n", "\\n")}, public) == "kid-2"


def test_what_is_not_a_usable_key_is_told_without_repeating_it(
    made: Path, private: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    jwk = json.loads(made.read_text())
    pkcs8 = private.private_bytes(PEM, PKCS8, PLAIN).decode()
    locked = private.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"x")).decode()
    openssh = private.private_bytes(PEM, serialization.PrivateFormat.OpenSSH, PLAIN).decode()
    public = private.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, PLAIN).decode()
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024).private_bytes(PEM, PKCS8, PLAIN).decode()
    public_jwk = {name: jwk[name] for name in ("kty", "n", "e", "kid")}
    cases: list[tuple[str | bytes, str, str]] = [
        ("", "empty", "dialogarkiv init"),
        ("hunter2", "neither JWK nor PEM", "private JWK"),
        ('{"kty": "RSA", "d": "hunter2"', "neither JWK nor PEM", "private JWK"),
        (b"\x30\x82\xff\xfe\x00hunter2", "binary", "openssl pkcs12"),
        (json.dumps([1]), "neither JWK nor PEM", "private JWK"),
        (json.dumps(public_jwk), "only a public key", "private JWK"),
        (json.dumps({"kty": "EC", "d": "hunter2", "kid": "a"}), "not an RSA key", "dialogarkiv init"),
        (json.dumps({**jwk, "kid": "ø ø"}), "no usable kid", "key_id"),
        (json.dumps({**jwk, "use": "enc"}), "another use", "signing key"),
        (json.dumps({**jwk, "d": "hunter2"}), "damaged", "again"),
        (json.dumps({**jwk, "n": 7}), "damaged", "again"),
        (json.dumps({"keys": [jwk, jwk]}), "2 private keys", "alone"),
        (public, "only a public key", "private key"),
        (openssh, "OpenSSH", "ssh-keygen -p -m PEM"),
        (locked, "passphrase", "openssl pkey"),
        (curve, "not an RSA key", "dialogarkiv init"),
        (small, "1024 bits", "dialogarkiv init"),
        (pkcs8[:400], "damaged or cut-off", "again"),
    ]
    for content, problem, remedy in cases:
        key_id = "kid-1" if isinstance(content, str) and content.startswith("-----") else None
        error = refusal(KeyRef(file=file_with(tmp_path, content), key_id=key_id))
        assert problem in error.problem
        assert remedy in error.remedy
        assert "hunter2" not in str(error)
        assert jwk["d"][:12] not in str(error)
        assert error.__cause__ is None
        assert error.__context__ is None or error.__suppress_context__


def test_a_pem_without_key_id_and_a_jwk_with_another_are_told_apart(
    made: Path, private: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    without = refusal(KeyRef(file=file_with(tmp_path, private.private_bytes(PEM, PKCS8, PLAIN))))
    assert "no kid of its own" in without.problem
    assert "key_id" in without.remedy
    other = refusal(KeyRef(file=made, key_id="kid-9"))
    assert "differ" in other.problem
    assert "Remove key_id" in other.remedy


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o777])
def test_a_key_file_that_others_can_read_is_refused_with_the_command_to_mend_it(
    made: Path, tmp_path: Path, mode: int
) -> None:
    path = file_with(tmp_path, made.read_bytes())
    path.chmod(mode)
    error = refusal(KeyRef(file=path))
    assert f"{mode:04o}" in error.problem
    assert error.remedy == f"Run: chmod 600 '{path}'"
    path.chmod(0o400)
    assert load_signing_key(KeyRef(file=path), {}).kid == "kid-1"


def test_a_key_file_that_is_missing_a_folder_or_unreadable_is_told_so(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = refusal(KeyRef(file=tmp_path / "gone.jwk"))
    assert "no such key file" in missing.problem
    assert "dialogarkiv init" in missing.remedy
    assert "not a file" in refusal(KeyRef(file=tmp_path)).problem

    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    unreadable = refusal(KeyRef(file=made))
    assert "cannot be read by this user" in unreadable.problem
    assert "owner" in unreadable.remedy


@pytest.mark.parametrize(("env", "said"), [({}, "is not set"), ({"NOKKEL": " "}, "is empty")])
def test_a_variable_without_a_key_is_told_so(env: dict[str, str], said: str) -> None:
    error = refusal(KeyRef(env="NOKKEL"), env)
    assert said in error.problem
    assert "Set NOKKEL" in error.remedy


@pytest.mark.parametrize(("mode", "word"), [(0o755, "look into"), (0o777, "replace"), (0o770, "replace")])
def test_a_folder_open_to_others_is_a_warning(made: Path, tmp_path: Path, mode: int, word: str) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    path = file_with(folder, made.read_bytes())
    folder.chmod(mode)
    sentence = folder_warning(path)
    assert sentence is not None
    assert word in sentence
    assert f"chmod 700 '{folder}'" in sentence
    folder.chmod(0o700)
    assert folder_warning(path) is None
