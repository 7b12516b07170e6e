"""Each wrong value is told with its file, its key, the value, what is wrong and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings import load

PERSON_WITH_WRONG_CHECK_DIGIT = "03886595948"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzY29wZSI6IngifQ.c2lnbmF0dXJl"

SOUND = """
[archive]
url = "sqlite:///dialogarkiv.db"
[environment]
name = "tt02"
[[connection]]
name = "lokal"
kind = "token"
token = "env:TOKEN"
"""

SYSTEM_USER = """
[environment]
name = "tt02"
[[connection]]
name = "regnskap"
kind = "system-user"
client_id = "klient"
key = "env:NOKKEL"
system_users = [{ org = "310000000" }]
"""

ID_PORTEN = """
[environment]
name = "tt02"
[[connection]]
name = "kari"
kind = "id-porten"
client_id = "klient"
client_secret = "env:HEMMELIG"
redirect = "http://localhost:8765/callback"
"""

CUSTOM = """
[environment]
name = "custom"
dialogporten = "http://127.0.0.1:8400/dialogporten"
altinn = "http://127.0.0.1:8400"
maskinporten = "http://127.0.0.1:8400/maskinporten/"
idporten = "http://127.0.0.1:8400/idporten"
[[connection]]
name = "lokal"
kind = "token"
token = "env:TOKEN"
"""


def put(base: str, line: str, instead_of: str = "") -> str:
    """`base` with `line` in place of the line that begins with `instead_of`; without one, at the end."""
    if not instead_of:
        return f"{base}{line}\n"
    lines = base.splitlines()
    at = next(number for number, text in enumerate(lines) if text.startswith(instead_of))
    return "\n".join([*lines[:at], line, *lines[at + 1 :]]) + "\n"


def problems(folder: Path, text: str) -> ConfigError:
    file = folder / "dialogarkiv.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, {"TOKEN": "t"})
    return caught.value


# text, key, value as shown, part of the problem, part of the remedy
WRONG = [
    # keys and sections
    (put(SOUND, "[synk]\npoll = '5m'"), "synk", "{ poll = … }", "unknown section", '"sync"'),
    (put(SOUND, "[weather]"), "weather", "{}", "unknown section", "Known sections: archive"),
    ("poll = '5m'\n" + SOUND, "poll", '"5m"', "outside any section", "[sync]"),
    ("file = 'x'\n" + SOUND, "file", '"x"', "unknown key", "Known sections"),
    (put(SOUND, "[sync]\npol = '5m'"), "sync.pol", '"5m"', "unknown key", '"poll"'),
    (put(SOUND, "[log]\nconcurrency = 8"), "log.concurrency", "8", "unknown key", "[sync]"),
    (put(SOUND, "[log]\nxyzzy = 8"), "log.xyzzy", "8", "unknown key", "level, format"),
    (put(SOUND, "tokn = 'env:T'"), "connection.lokal.tokn", '"env:T"', "unknown key", '"token"'),
    (put(SOUND, "[sync]\nopen_rules = []"), "sync.open_rules", "[]", "unknown key", '"open_rule"'),
    ("sync = 3\n" + SOUND, "sync", "3", "not a table", "[sync]"),
    (SOUND.replace("[[connection]]", "[connection]"), "connection", "{ name = …", "not a list", "[[connection]]"),
    # missing
    ("[environment]\nname = 'tt02'", "connection", None, "no connection", "[[connection]]"),
    (put(SOUND, "", "name"), "environment.name", None, "is missing", 'name = "tt02" under [environment].'),
    (put(SYSTEM_USER, "", "client_id"), "connection.regnskap.client_id", None, "is missing", "client_id ="),
    (put(SYSTEM_USER, "", "key"), "connection.regnskap.key", None, "is missing", "keys/maskinporten.jwk"),
    (put(SYSTEM_USER, "", "system_users"), "connection.regnskap.system_users", None, "is missing", "310000000"),
    (put(SOUND, "", "token"), "connection.lokal.token", None, "is missing", "env:DIALOGPORTEN_TOKEN"),
    (put(SOUND, "", "kind"), "connection.lokal.kind", None, "is missing", '"system-user"'),
    (put(ID_PORTEN, "", "client_secret"), "connection.kari.key", None, "is missing", "client_secret"),
    # wrong types and choices
    (put(SOUND, "kind = 'tokn'", "kind"), "connection.lokal.kind", '"tokn"', "not a known value", '"token"?'),
    (put(SOUND, "name = 'tt2'", "name"), "environment.name", '"tt2"', "not a known value", '"tt02"?'),
    (put(SOUND, "[sync]\nopen = 'after_human'"), "sync.open", '"after_human"', "not a known", '"restore-unread"'),
    (put(SOUND, "[log]\nlevel = 'loud'"), "log.level", '"loud"', "not a known value", '"warning"'),
    (put(SOUND, "[sync]\nconcurrency = 'many'"), "sync.concurrency", '"many"', "not a whole number", "example 8"),
    (put(SOUND, "[sync]\nconcurrency = true"), "sync.concurrency", "true", "not a whole number", "digits"),
    (put(SOUND, "[sync]\nconcurrency = 1.5"), "sync.concurrency", "1.5", "not a whole number", "fraction"),
    (put(SOUND, "[sync]\nconcurrency = 0"), "sync.concurrency", "0", "too small", "At least 1"),
    (put(SOUND, "[sync]\nconcurrency = 5000"), "sync.concurrency", "5000", "too great", "At most 64"),
    (put(SOUND, "[limits]\nresponse_bytes = 1"), "limits.response_bytes", "1", "too small", "At least 65536"),
    (put(SOUND, "[display]\nlanguages = 'nb'"), "display.languages", '"nb"', "not a list", '["nb", "nn", "en"]'),
    (put(SOUND, "[display]\nlanguages = []"), "display.languages", "[]", "empty list", '"nb"'),
    (put(SOUND, "[display]\nlanguages = ['norsk']"), "display.languages.0", '"norsk"', "language code", '"nn"'),
    (SOUND.replace('"lokal"', '"to ord"'),
     "connection.0.name", '"to ord"', "not a name", "regnskap"),
    # durations
    (put(SOUND, "[sync]\npoll = '5x'"), "sync.poll", '"5x"', "not a duration", '"5m"'),
    (put(SOUND, "[sync]\npoll = 300"), "sync.poll", "300", "not a duration", "in quotes"),
    (put(SOUND, "[sync]\nhot = '-1h'"), "sync.hot", '"-1h"', "not a duration", '"24h"'),
    (put(SOUND, "[sync]\nsweep = '0s'"), "sync.sweep", '"0s"', "too small", '"1s"'),
    (put(SOUND, "[sync]\noverlap = '30d'"), "sync.overlap", '"30d"', "too great", '"7d"'),
    (put(SOUND, "[sync]\ndeep = '99999d'"), "sync.deep", '"99999d"', "longer than ten years", '"24h"'),
    # addresses
    (put(CUSTOM, "dialogporten = 'http://example.no/d'", "dialogporten"), "environment.dialogporten",
     '"http://example.no/d"', "plain http to another machine", "https"),
    (put(CUSTOM, "dialogporten = 'http://localhost.example.no'", "dialogporten"), "environment.dialogporten",
     '"http://localhost.example.no"', "plain http", "loopback"),
    (put(CUSTOM, "altinn = 'platform.altinn.no'", "altinn"), "environment.altinn", '"platform.altinn.no"',
     "not an http(s) address", "https://"),
    (put(CUSTOM, "altinn = 'https://a:99999'", "altinn"), "environment.altinn", '"https://a:99999"',
     "not an http(s) address", "https://"),
    (put(CUSTOM, "dialogporten = 'https://a.no/d/api/v1'", "dialogporten"), "environment.dialogporten",
     '"https://a.no/d/api/v1"', "appended", '"https://a.no/d"'),
    (put(CUSTOM, "maskinporten = 'https://m.no'", "maskinporten"), "environment.maskinporten", '"https://m.no"',
     "slash", '"https://m.no/"'),
    (put(CUSTOM, "idporten = 'https://i.no/'", "idporten"), "environment.idporten", '"https://i.no/"',
     "no slash", '"https://i.no"'),
    (put(CUSTOM, "", "dialogporten"), "environment.dialogporten", None, "is missing", "dialogporten ="),
    (SYSTEM_USER.replace('"tt02"', '"custom"\ndialogporten = "https://d.no"'), "environment.maskinporten", None,
     "is missing", "maskinporten ="),
    (ID_PORTEN.replace('"tt02"', '"custom"\ndialogporten = "https://d.no"'), "environment.idporten", None,
     "is missing", "idporten ="),
    (SOUND.replace('"tt02"', '"tt02"\naltinn = "https://a.no"'), "environment.altinn", '"https://a.no"',
     "built in", '"custom"'),
    (put(ID_PORTEN, "redirect = 'http://vert.example.no/cb'", "redirect"), "connection.kari.redirect",
     '"http://vert.example.no/cb"', "plain http", "https"),
    # the archive
    (put(SOUND, "url = 'dialogarkiv.db'", "url"), "archive.url", '"dialogarkiv.db"', "not the address", "sqlite:///"),
    (put(SOUND, "url = 'sqlite://a.db'", "url"), "archive.url", '"sqlite://a.db"', "three slashes", "sqlite:///"),
    (put(SOUND, "url = 'sqlite:///:memory:'", "url"), "archive.url", '"sqlite:///:memory:"', "lost", "sqlite:///"),
    (put(SOUND, "url = 'mysql://d/x'", "url"), "archive.url", '"mysql://d/x"', "not the address", "postgresql://"),
    (put(SOUND, "url = 'postgresql+asyncpg://d/x'", "url"), "archive.url", '"postgresql+asyncpg://d/x"', "psycopg",
     "postgresql://"),
    # parties, organisations, scopes, references
    (put(SYSTEM_USER, "system_users = [{ org = '310000001' }]", "system_users"),
     "connection.regnskap.system_users.0.org", '"310000001"', "not an organisation number", "Brønnøysund"),
    (put(SYSTEM_USER, "system_users = [{ org = 310000000 }]", "system_users"),
     "connection.regnskap.system_users.0.org", "310000000", "not text", "quotes"),
    (put(SYSTEM_USER, "system_users = [{ org = '0192:310000000' }]", "system_users"),
     "connection.regnskap.system_users.0.org", '"0192:310000000"', "0192:", "nine digits"),
    (put(SYSTEM_USER, "system_users = []", "system_users"), "connection.regnskap.system_users", "[]",
     "without a system user", "at least one"),
    (put(SYSTEM_USER, "system_users = [{ org = '310000000' }, { org = '310000000' }]", "system_users"),
     "connection.regnskap.system_users.1.org", '"310000000"', "twice", "external_ref"),
    (put(SYSTEM_USER, "system_users = [{ org = '310000000', external_ref = 'a.b' }]", "system_users"),
     "connection.regnskap.system_users.0.external_ref", '"a.b"', "MP-302", "requested with"),
    (put(SYSTEM_USER, "system_users = [{ org = '310000000', external_ref = '' }]", "system_users"),
     "connection.regnskap.system_users.0.external_ref", '""', "is empty", "leave the key out"),
    (put(SYSTEM_USER, "system_users = [{ org = '310000000', extrnal_ref = 'a' }]", "system_users"),
     "connection.regnskap.system_users.0.extrnal_ref", '"a"', "unknown key", '"external_ref"'),
    (put(SYSTEM_USER, "client_id = ''", "client_id"), "connection.regnskap.client_id", '""', "is empty", "Digdir"),
    (put(SYSTEM_USER, "key_id = 'a b'"), "connection.regnskap.key_id", '"a b"', "not a key id", "Digdir"),
    (put(SYSTEM_USER, "scopes = ['a b']"), "connection.regnskap.scopes.0", '"a b"', "not a scope", "one scope"),
    (put(SYSTEM_USER, "scopes = ['altinn:x']"), "connection.regnskap.scopes", '["altinn:x"]', "scope is not among",
     '"digdir:dialogporten"'),
    (put(SYSTEM_USER, "scopes = ['digdir:dialogporten.serviceprovider']"), "connection.regnskap.scopes.0",
     '"digdir:dialogporten.serviceprovider"', "service owner", '"digdir:dialogporten"'),
    (put(SOUND, "parties = ['urn:altinn:organization:identifier-no:310000001']"), "connection.lokal.parties.0",
     '"urn:altinn:organization:identifier-no:310000001"', "not an organisation number", "Brønnøysund"),
    (put(SOUND, "parties = ['310000000']"), "connection.lokal.parties.0", '"310000000"', "bare organisation number",
     "urn:altinn:organization:identifier-no:310000000"),
    (put(SOUND, "parties = ['URN:altinn:organization:identifier-no:310000000']"), "connection.lokal.parties.0",
     '"URN:altinn:organization:identifier-no:310000000"', "lower case", "urn:altinn:organization"),
    (put(SOUND, "parties = ['urn:altinn:systemuser:uuid:1']"), "connection.lokal.parties.0",
     '"urn:altinn:systemuser:uuid:1"', "not a party", "urn:altinn:organization"),
    (put(SOUND, "parties = []"), "connection.lokal.parties", "[]", "would archive nothing", "Leave the key out"),
    (put(ID_PORTEN, "acr = 'Level4'"), "connection.kari.acr", '"Level4"', "not a known value", '"idporten-loa-high"'),
    (put(ID_PORTEN, "key = 'env:NOKKEL'"), "connection.kari.client_secret", '"env:HEMMELIG"', "beside key", "Remove"),
    # opening rules, own attention rules
    (put(SOUND, "[[sync.open_rule]]\nopen = 'never'"), "sync.open_rule.0", "{ open = … }", "names neither",
     "sync.open"),
    (put(SOUND, "[[sync.open_rule]]\norg = 'skd'"), "sync.open_rule.0.open", None, "is missing", 'open = "never"'),
    (put(SOUND, "[[sync.open_rule]]\nopen = 'never'\nservice_resource = 'skatt'"),
     "sync.open_rule.0.service_resource", '"skatt"', "not a service resource", "urn:altinn:resource:"),
    (put(SOUND, "[[sync.open_rule]]\nopen = 'never'\nserviceresource = 'x'"), "sync.open_rule.0.serviceresource",
     '"x"', "unknown key", '"service_resource"'),
    (put(SOUND, "[attention]\nrules = 'mine.toml'"), "attention.rules", "mine.toml", "no such file", "relative paths"),
    # places of secrets
    (put(SOUND, "token = 'env:'", "token"), "connection.lokal.token", "(hidden", "not the name", "env:NAME"),
    (put(SOUND, "token = 'env:NOT_SET'", "token"), "connection.lokal.token", '"env:NOT_SET"', "is not set",
     "Set NOT_SET"),
    (put(SYSTEM_USER, "key = ''", "key"), "connection.regnskap.key", '""', "not the place of a key", "JWK or PEM"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "value", "problem", "remedy"), WRONG)
def test_a_wrong_value_is_told_with_file_key_value_and_remedy(
    tmp_path: Path, text: str, key: str, value: str | None, problem: str, remedy: str
) -> None:
    error = problems(tmp_path, text)
    found = [entry for entry in error.problems if entry.key == key]
    assert found, f"nothing said about {key}:\n{error}"
    assert str(found[0].file) == str(tmp_path / "dialogarkiv.toml")
    if value is None:
        assert found[0].value is None
    else:
        assert found[0].value is not None
        assert value in found[0].value
    assert problem in found[0].problem
    assert remedy in found[0].remedy
    said = str(error)
    assert all(part in said for part in (str(tmp_path / "dialogarkiv.toml"), key, found[0].problem, found[0].remedy))


SECRET = [
    (put(SOUND, f"token = '{TOKEN}'", "token"), "connection.lokal.token", TOKEN),
    (put(SOUND, f"token = 'env:{TOKEN}'", "token"), "connection.lokal.token", TOKEN),
    (put(SOUND, "token = 'hunter2hunter2'", "token"), "connection.lokal.token", "hunter2"),
    (put(SOUND, "token = ['hunter2hunter2']", "token"), "connection.lokal.token", "hunter2"),
    (put(SOUND, "tokenn = 'hunter2hunter2'"), "connection.lokal.tokenn", "hunter2"),
    (put(SOUND, "client_secret = 'hunter2hunter2'"), "connection.lokal.client_secret", "hunter2"),
    (put(ID_PORTEN, "client_secret = 'hunter2'", "client_secret"), "connection.kari.client_secret", "hunter2"),
    (put(SYSTEM_USER, "key = '''-----BEGIN PRIVATE KEY-----\nMIIhunter2\n'''", "key"),
     "connection.regnskap.key", "MIIhunter2"),
    (put(SYSTEM_USER, """key = '{"kty": "RSA", "d": "hunter2"}'""", "key"), "connection.regnskap.key", "hunter2"),
    (put(SYSTEM_USER, f"key = 'MIIhunter2{'A' * 1100}'", "key"), "connection.regnskap.key", "MIIhunter2"),
    (put(SYSTEM_USER, f"client_id = '{TOKEN} '", "client_id"), "connection.regnskap.client_id", TOKEN),
    (put(SOUND, "url = 'mysql://u:hunter2@d/x'", "url"), "archive.url", "hunter2"),
    (put(CUSTOM, "altinn = 'https://u:hunter2@a.no'", "altinn"), "environment.altinn", "hunter2"),
    ("token = 'hunter2'\n" + SOUND, "token", "hunter2"),
    (put(SOUND, f"parties = ['urn:altinn:person:identifier-no:{PERSON_WITH_WRONG_CHECK_DIGIT}']"),
     "connection.lokal.parties.0", "038865"),
    (put(SOUND, "parties = ['urn:altinn:person:identifier-no:0388659594']"), "connection.lokal.parties.0", "038865"),
    (put(SOUND, "parties = ['03886595947']"), "connection.lokal.parties.0", "038865"),
    (put(SOUND, "parties = [3886595947]"), "connection.lokal.parties.0", "388659"),
    (put(SYSTEM_USER, "system_users = [{ org = '03886595947' }]", "system_users"),
     "connection.regnskap.system_users.0.org", "038865"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "secret"), SECRET)
def test_a_secret_or_a_national_id_is_never_repeated(tmp_path: Path, text: str, key: str, secret: str) -> None:
    error = problems(tmp_path, text)
    assert key in [entry.key for entry in error.problems]
    assert secret not in str(error)
    assert secret not in repr(error)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = put(put(SOUND, "name = 'tt2'", "name"), "[sync]\npoll = 'x'\nconcurrency = 0\n[synk]")
    error = problems(tmp_path, text)
    assert {entry.key for entry in error.problems} == {"environment.name", "sync.poll", "sync.concurrency", "synk"}
    assert str(error).startswith("4 settings need mending.")
    assert error.exit_code == 2


def test_a_list_of_wrong_members_is_not_called_empty_too(tmp_path: Path) -> None:
    error = problems(tmp_path, SOUND + "[display]\nlanguages = ['norsk']\n")
    assert [entry.key for entry in error.problems] == ["display.languages.0"]


@pytest.mark.parametrize("other", ["lokal", "LOKAL"])
def test_two_connections_with_one_name_are_told_apart_by_position(tmp_path: Path, other: str) -> None:
    error = problems(tmp_path, SOUND + f"[[connection]]\nname = '{other}'\nkind = 'token'\ntoken = 'env:TOKEN'\n")
    assert (error.key, error.value) == ("connection.1.name", f'"{other}"')
    assert "connection 0 has this name" in error.problem
    assert "a name of its own" in error.remedy


def test_postgresql_without_psycopg_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.checks.psycopg_is_missing", lambda: True)
    error = problems(tmp_path, put(SOUND, "url = 'postgresql://u:hunter2@db/x'", "url"))
    assert error.key == "archive.url"
    assert "psycopg" in error.problem
    assert "dialogarkiv[postgres]" in error.remedy
    assert "hunter2" not in str(error)
