"""An evening of real processes at level debug, with everything going wrong once: no secret is in anything they leave.

Every secret that the sandbox minted or was sent is looked for, as it is and in base64, JSON and URLs, in all that was
printed and logged, in command lines, in every file but those that hold keys, and in every column of the archive but the
sealed one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from sqlite3 import connect
from urllib.parse import quote

import pytest

from sync.sandbox.seed import people
from tests.acceptance.person import Choices
from tests.canary.evening import BY_KEY, BY_SECRET, CLIENT_SECRET, FORMATS, KEYS, Evening, watched_sandbox
from tests.canary.evidence import Evidence, files_in, key_secrets, ledger_of, process_list, values_in

SCOPE = "digdir:dialogporten"


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Evening, Evidence]]:
    """The whole of it, once."""
    root = tmp_path_factory.mktemp("canary")
    ledger, folder = root / "ledger.key", root / "house"
    folder.mkdir(mode=0o700)
    processes: set[str] = set()
    with watched_sandbox(root / "sandbox", ledger) as sandbox:
        found = Evening(sandbox, folder)
        found.begin()
        with process_list(processes):
            logins(found)
            daily_life(found)
            failures(found)
            endings(found)
    secrets = ledger_of(ledger) | {CLIENT_SECRET, found.token}
    for name in KEYS:
        secrets |= key_secrets(folder / name)
    yield (
        found,
        Evidence(
            frozenset(secrets),
            found.outputs,
            frozenset(processes),
            files_in(folder, KEYS),
            values_in(folder / "persons.db"),
        ),
    )
    ledger.unlink()


def logins(evening: Evening) -> None:
    """Declined, part of it declined, another's answer, and at last a login; by pasting and in the browser."""
    evening.ends(3, evening.log_in("torgeir", BY_KEY.pid, declined=(SCOPE,)))
    evening.ends(3, evening.log_in_by_browser("torgeir", Choices(consent="decline"), "console"))
    evening.ends(3, evening.log_in_to_anothers_answer("torgeir", BY_KEY.pid))
    evening.ends(0, evening.log_in("torgeir", BY_KEY.pid, log="console"))
    evening.ends(0, evening.log_in("solveig", BY_SECRET.pid, "--json"))
    evening.ends(0, evening.log_in_by_browser("torgeir", Choices(), "json"))


def daily_life(evening: Evening) -> None:
    """All goes well."""
    evening.ends(0, evening.run("sync", log="console"))
    evening.ends(0, evening.run("sync", "--hot", "--sweep", "--deep", "--json"))
    for log in FORMATS:
        evening.ends(0, evening.daemon(log))
    with closing(connect(evening.folder / "persons.db")) as archive:
        read = "SELECT id FROM dialog WHERE party = ? ORDER BY id"
        dialog = archive.execute(read, (BY_SECRET.urn,)).fetchone()[0]
    for command in (["status"], ["doctor"], ["inbox"], ["attention", "--all"], ["show", dialog, "--history"]):
        evening.ends(0, *evening.both(*command))
    evening.ends(0, evening.run("verify", "--children", "2", log="console"))


def failures(evening: Evening) -> None:
    """Everything that can go wrong, and answers that hold what they should not."""
    token = evening.token
    echo = json.dumps({"title": f"Bearer {token}", "errors": {BY_KEY.urn: [f"party {BY_KEY.pid}, token {token}"]}})
    grant = json.dumps({"error": "invalid_request", "error_description": f"MP-999: {token} of {BY_KEY.pid}"})
    listings: list[dict[str, object]] = [
        {"status": 401, "body": echo, "times": 2},
        {"status": 400, "body": echo},
        {"status": 403, "body": echo},
        {"status": 302, "headers": {"Location": f"https://elsewhere.example/{BY_KEY.pid}?token={token}"}},
        {"status": 200, "body": f'{{"items": [{{"dialogToken": "{token}", "id": {BY_KEY.pid}'},
        {"status": 200, "body": f"<html>{token} {BY_KEY.pid}</html>"},
        {"status": 500, "body": echo, "times": None},
    ]
    tokens: list[dict[str, object]] = [
        {"status": 400, "body": grant},
        {"status": 200, "body": f'{{"access_token": "{token}", "pid": "{BY_KEY.pid}", "expires_in": '},
        {"status": 200, "body": json.dumps({"access_token": [token, BY_KEY.pid]})},
        {"status": 401, "body": grant, "times": None},
    ]
    for path, answers in ((r"^/api/v1/enduser/dialogs\?", listings), (r"^/(maskinporten|idporten)/token", tokens)):
        for log, options in zip(FORMATS, ((), ("--json",)), strict=True):
            evening.faulty(*({"path": path, "times": 1, **answer} for answer in answers))
            evening.fails(evening.run("sync", *options, log=log))
    evening.faulty({"path": "/token$", "status": 401, "body": grant})
    evening.fails(evening.run("doctor", "--json"))
    evening.sandbox.calm()
    evening.ends(1, evening.run("sync", log="console", module="tests.canary.crashing"))


def endings(evening: Evening) -> None:
    """Withdrawn by the person, given back where ID-porten is down, and given back."""
    evening.sandbox.control("POST", "idporten/withdraw", {"client_id": "canary-key", "pid": BY_KEY.pid})
    evening.ends(3, evening.run("sync", "--connection", "torgeir", "--json"))
    evening.ends(4, evening.run("status", log="console"))
    evening.faulty({"path": "^/idporten/revoke", "status": 503, "body": evening.token})
    evening.ends(5, evening.run("logout", "solveig", log="console"))
    evening.sandbox.calm()
    evening.ends(0, evening.run("logout", "solveig", "--json"))
    evening.ends(0, evening.run("logout", "torgeir", "--offline", log="console"))


def test_no_secret_is_in_anything_that_the_program_left(evening: tuple[Evening, Evidence]) -> None:
    assert evening[1].leaks() == []


def test_the_evening_was_one(evening: tuple[Evening, Evidence]) -> None:
    """So that nothing was found is not because there was nothing."""
    told, evidence = evening
    assert told.surprises == []
    assert len(evidence.secrets) > 200
    said = b"".join(told.outputs.values()).decode()
    for event in ("http_answer", "token_granted", "token_refused", "consent_kept", "consent_ended", "opening"):
        assert event in said, event
    assert "RuntimeError: GET" in said and "[hidden]" in said
    assert any("login torgeir --paste" in line for line in evidence.processes)
    assert len(evidence.archive["archive payload.body"]) > 100_000


CHANNELS: dict[str, Callable[[Evidence, bytes], Evidence]] = {
    "output": lambda evidence, leak: evidence.with_output("sync (stderr)", b"event=x " + leak + b"\n"),
    "process list": lambda evidence, leak: evidence.with_process("python -m sync " + leak.decode()),
    "file": lambda evidence, leak: evidence.with_file("file tmp/x", b"x" + leak),
    "archive": lambda evidence, leak: evidence.with_row("archive payload.body", b'{"x":"' + leak + b'"}'),
}
SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": lambda secret: secret,
    "part": lambda secret: secret[-40:],
    "base64": lambda secret: base64.b64encode(f"x{secret}".encode()).decode(),
    "url": lambda secret: quote(secret, safe=""),
}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_secret_would_have_been_found(evening: tuple[Evening, Evidence], channel: str, spelling: str) -> None:
    told, evidence = evening
    clean = Evidence(evidence.secrets, {}, frozenset(), {}, {})
    vault_key = (told.folder / "vault.key").read_text().strip()
    longest = max(evidence.secrets, key=len)
    for secret in (vault_key, longest, told.token, *([CLIENT_SECRET] if spelling != "part" else [])):
        leaky = CHANNELS[channel](clean, SPELLINGS[spelling](secret).encode())
        assert leaky.leaks() != [], secret[:4]


def test_a_national_id_would_have_been_found(evening: tuple[Evening, Evidence]) -> None:
    clean = Evidence(evening[1].secrets, {}, frozenset(), {}, {})
    for person in people.PERSONS:
        leak = person.pid.encode()
        assert all(CHANNELS[channel](clean, leak).leaks() for channel in ("output", "process list", "file"))
