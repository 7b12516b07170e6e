"""`dialogarkiv doctor` against a sandbox that is spoilt on purpose: what it says, how it ends, and that it leaves no
trace.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from store.archive import Archive
from sync.sandbox import seed
from sync.sandbox.access import read_access
from sync.sandbox.registry import MaskinportenClient
from sync.sandbox.seed import people
from sync.sandbox.server import SandboxServer
from sync.sandbox.stage import set_up, settings_text
from sync.sandbox.world import World
from tests.acceptance.doctor_patient import Patient, Served, mint
from tests.acceptance.sandbox_process import SandboxProcess

ORDER = ["key", "clock", "token", "scope", "parties", "limits", "search", "mailboxes", "level"]
BAKERY = people.BAKERY.number
READS = {"GET /api/v1/enduser/dialogs", "GET /api/v1/enduser/parties", "GET /api/v1/metadata/limits"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    stage = set_up(tmp_path_factory.mktemp("doctor") / "keys")
    world, born = World(), datetime.now(UTC)
    with SandboxServer(world) as server:
        seed.load(world, born)
        yield Served(server, stage, born)


@pytest.fixture
def patient(served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Patient]:
    served.mend()
    tmp_path.chmod(0o700)
    made = Patient(served, tmp_path / "dialogarkiv.toml", capsys)
    made.write(settings_text(served.server.url))
    before = logging.getLogger().handlers[:]
    yield made
    logging.captureWarnings(False)
    logging.getLogger().handlers[:] = before


def test_when_all_is_well_every_identity_is_told_in_the_same_order(patient: Patient) -> None:
    code, examined = patient.examined()
    assert code == 0
    assert [check["name"] for check in examined.document["general"]] == ["config", "archive"]
    users = [(entry["connection"], entry["system_user"]) for entry in examined.document["connections"]]
    assert users == [("bakeri", BAKERY), ("regnskap", "317975430/regnskap"), ("regnskap", "317975430/lonn")]
    for connection, user in users:
        checks = examined.of(f"{connection}/{user}")
        assert list(checks) == ORDER
        assert {check["outcome"] for check in list(checks.values())[:7]} == {"ok"}
    parties = examined.of("regnskap/317975430/regnskap")["parties"]["facts"]
    assert parties == {"parties": 8, "deleted": 1, "headings": 1, "sub_parties": 2, "searched": 7}


def test_no_dialog_is_opened_nothing_is_written_and_few_requests_are_made(patient: Patient) -> None:
    seen = patient.served.seen()
    assert patient.run("doctor")[0] == 0
    assert set(patient.served.requests) == READS
    assert patient.served.requests["GET /api/v1/metadata/limits"] == 1
    assert patient.served.requests["GET /api/v1/enduser/dialogs"] == 3
    assert patient.served.seen() == seen
    assert [path.name for path in patient.settings.parent.iterdir()] == ["dialogarkiv.toml"]


def test_an_archive_that_is_there_is_the_same_bytes_afterwards(patient: Patient) -> None:
    Archive.open(f"sqlite:///{patient.archive}", create=True).close()
    before = hashlib.sha256(patient.archive.read_bytes()).hexdigest()
    code, examined = patient.examined()
    assert code == 0
    assert examined.of("general")["archive"]["facts"]["dialogs"] == 0
    assert hashlib.sha256(patient.archive.read_bytes()).hexdigest() == before


def test_neither_token_nor_private_key_nor_a_persons_number_is_shown(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = people.SOLVEIG
    answer = httpx.post(
        f"{patient.served.server.url}/control/token", json={"pid": person.pid, "acr": "idporten-loa-high"}
    )
    token = answer.json()["access_token"]
    monkeypatch.setenv("SOLVEIGS_TOKEN", token)
    patient.connection("solveig", f'kind = "token"\ntoken = "env:SOLVEIGS_TOKEN"\nparties = ["{person.urn}"]')
    told = patient.run("doctor")[1] + patient.run("doctor", "--json")[1]
    assert "a person at level 4" in told
    assert token.split(".")[1] not in told and "eyJ" not in told and person.pid not in told
    patient.write(settings_text(patient.served.server.url))
    secret = json.loads((patient.served.stage.folder / "maskinporten.jwk").read_text())
    told = patient.run("doctor")[1] + patient.run("doctor", "--json")[1]
    assert secret["n"] in told, "the public half may be registered anew from here"
    assert not any(secret[name] in told for name in ("d", "p", "q", "dp", "dq", "qi")) and "eyJ" not in told


def test_a_missing_system_user_is_explained_by_four_causes_and_stops_nobody_else(patient: Patient) -> None:
    patient.served.world.registry.system_users.pop(people.ACCOUNTING_SYSTEM_USER)
    code, examined = patient.examined()
    assert code == 4
    token = examined.of("regnskap/317975430/regnskap")["token"]
    assert token["outcome"] == "failed" and "MP-303" in token["sentence"] and token["facts"]["status"] == 400
    assert len(token["causes"]) == 4
    for cause, word in zip(token["causes"], ("approved", "client id", "external_ref", "owner"), strict=True):
        assert word in cause
    assert examined.outcomes("regnskap/317975430/regnskap") | {"mailboxes": "", "level": ""} == {
        "key": "ok",
        "clock": "ok",
        "token": "failed",
        "scope": "skipped",
        "parties": "skipped",
        "limits": "ok",
        "search": "skipped",
        "mailboxes": "",
        "level": "",
    }
    assert examined.of("regnskap/317975430/regnskap")["search"]["sentence"] == "There is no token."
    assert examined.outcomes("regnskap/317975430/lonn")["search"] == "ok"
    assert examined.outcomes("bakeri")["search"] == "ok"


def test_when_every_identity_needs_a_person_the_code_is_3(patient: Patient) -> None:
    patient.served.world.registry.system_users.clear()
    assert patient.examined()[0] == 3


def test_one_connection_can_be_asked_about_alone(patient: Patient) -> None:
    patient.served.world.registry.system_users.pop(people.BAKERY_SYSTEM_USER)
    code, examined = patient.examined("--connection", "bakeri")
    assert code == 3 and len(examined.document["connections"]) == 1
    assert patient.examined("--connection", "regnskap")[0] == 0
    code, examined = patient.examined("--connection", "bakari")
    assert code == 2 and "bakeri, regnskap" in examined.of("general")["config"]["remedy"]


@pytest.mark.parametrize(
    ("client", "code", "cause", "remedy"),
    [
        (None, "MP-100", "other environment", "Check client_id"),
        ({"scopes": ("altinn:instances.read",)}, "MP-200", "scope", "Add digdir:dialogporten"),
        ({"created": "2020-01-01T00:00:00+00:00"}, "MP-121", "one year", "Upload the public key again"),
        ({"kid": "another"}, "MP-124", "registered", "public half"),
    ],
)
def test_what_maskinporten_refuses_is_explained(
    patient: Patient, client: dict[str, Any] | None, code: str, cause: str, remedy: str
) -> None:
    registry = patient.served.world.registry
    registry.clients.clear()
    if client is not None:
        scopes = client.pop("scopes", (people.SCOPE,))
        jwk = {**patient.served.stage.key.public_jwk(), **client}
        registry.add_client(MaskinportenClient(people.CLIENT_ID, (jwk,), scopes, people.VENDOR.number))
    ending, examined = patient.examined("--connection", "bakeri")
    assert ending == 3
    token = examined.of("bakeri")["token"]
    assert token["facts"]["code"] == code
    assert cause in " ".join(token["causes"]) and remedy in token["remedy"]


def test_a_token_without_the_scope_is_told_before_the_server_is_asked(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", mint(patient, scope="altinn:instances.read"))
    patient.connection("lokal", 'kind = "token"\ntoken = "env:TEST_TOKEN"')
    code, examined = patient.examined()
    assert code == 3 and examined.outcomes("lokal")["scope"] == "failed"
    assert "digdir:dialogporten" in examined.of("lokal")["scope"]["remedy"]
    assert examined.outcomes("lokal")["parties"] == "skipped"
    assert "GET /api/v1/enduser/parties" not in patient.served.requests


def test_a_plain_maskinporten_token_is_told_by_its_lack_of_a_user(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", mint(patient, authorization_details=None))
    patient.connection("lokal", 'kind = "token"\ntoken = "env:TEST_TOKEN"')
    code, examined = patient.examined()
    assert code == 3
    assert examined.outcomes("lokal")["token"] == "warning"
    parties = examined.of("lokal")["parties"]
    assert parties["facts"]["status"] == 403 and "authorization_details" in " ".join(parties["causes"])


def test_an_expired_fixed_token_is_not_even_sent(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", mint(patient, exp=int(time.time()) - 60))
    patient.connection("lokal", 'kind = "token"\ntoken = "env:TEST_TOKEN"')
    code, examined = patient.examined()
    assert code == 3 and "expired" in examined.of("lokal")["token"]["sentence"]
    assert "GET /api/v1/enduser/parties" not in patient.served.requests


def test_an_empty_403_points_at_the_scope_and_keeps_the_facts_for_a_service_desk(patient: Patient) -> None:
    patient.served.server.faults.add({"path": "/enduser/parties", "status": 403})
    code, examined = patient.examined("--connection", "bakeri")
    parties = examined.of("bakeri")["parties"]
    assert code == 3 and "digdir:dialogporten" in parties["remedy"]
    assert parties["facts"]["system_user_id"] == people.BAKERY_SYSTEM_USER
    assert parties["facts"]["path"] == "/dialogporten/api/v1/enduser/parties" and parties["facts"]["at"]
    assert "For a service desk: status 403" in patient.words("--connection", "bakeri")


def test_an_empty_party_list_is_explained(patient: Patient) -> None:
    patient.served.world.access.callers.clear()
    code, examined = patient.examined()
    assert code == 3
    parties = examined.of("bakeri")["parties"]
    assert parties["outcome"] == "failed" and "empty" in parties["sentence"]
    causes = " ".join(parties["causes"])
    assert "packages" in causes and "15 minutes" in causes and "deleted or withdrawn" in causes
    assert examined.outcomes("bakeri")["search"] == "skipped"


def test_asking_for_the_accountants_own_number_instead_of_the_clients_is_recognised(patient: Patient) -> None:
    user = f'{{ org = "{people.ACCOUNTANT.number}", external_ref = "regnskap" }}'
    patient.connection(
        "regnskap",
        f'kind = "system-user"\nclient_id = "{people.CLIENT_ID}"\nkey = "maskinporten.jwk"\n'
        f'system_users = [{user}]\nparties = ["{people.ACCOUNTANT.urn}"]',
    )
    code, examined = patient.examined()
    parties = examined.of("regnskap")["parties"]
    assert code == 3 and parties["facts"]["not_represented"] == [people.ACCOUNTANT.urn]
    assert "the party is the client" in parties["causes"][0]


def test_parties_without_any_dialog_are_a_warning_that_names_what_may_be_missing(patient: Patient) -> None:
    resources = sorted({dialog.service_resource for dialog in patient.served.world.dialogs.values()})
    access = seed.access(patient.served.born)
    callers: Any = access["callers"]
    callers[people.BAKERY_SYSTEM_USER] |= {"denied_resources": resources, "instances": []}
    patient.served.world.access = read_access(access)
    code, examined = patient.examined("--connection", "bakeri")
    search = examined.of("bakeri")["search"]
    assert code == 0 and search["outcome"] == "warning"
    assert "Altinn 2" in " ".join(search["causes"]) and "wrong party" in " ".join(search["causes"])


def test_a_first_party_without_dialogs_is_not_held_against_the_others(patient: Patient) -> None:
    fault = {"path": rf"dialogs\?party=[^&]*{BAKERY}&orderBy", "status": 200, "times": 1, "body": '{"items":[]}'}
    patient.served.server.faults.add(fault | {"headers": {"content-type": "application/json"}})
    _, examined = patient.examined("--connection", "bakeri")
    assert examined.of("bakeri")["search"]["outcome"] == "ok"
    assert "has no dialogs; others of 2 parties have" in examined.of("bakeri")["search"]["sentence"]


@pytest.mark.parametrize(("skew", "ahead"), [(90, "behind"), (-90, "ahead of")])
def test_a_clock_off_by_more_than_a_minute_ends_with_2_and_no_token_is_asked_for(
    patient: Patient, skew: int, ahead: str
) -> None:
    patient.served.world.registry.date_skew_seconds = skew
    grants = len(patient.served.world.registry.used_jti)
    code, examined = patient.examined()
    clock = examined.of("bakeri")["clock"]
    assert code == 2 and clock["outcome"] == "failed" and ahead in clock["sentence"]
    assert abs(abs(clock["facts"]["seconds"]) - 90) < 10
    assert examined.outcomes("bakeri")["token"] == "skipped"
    assert len(patient.served.world.registry.used_jti) == grants
    assert set(patient.served.requests) == {"GET /api/v1/metadata/limits"}


def test_a_clock_off_by_a_quarter_minute_is_a_warning_beside_what_it_causes(patient: Patient) -> None:
    patient.served.world.registry.date_skew_seconds = 25
    code, examined = patient.examined("--connection", "bakeri")
    assert examined.of("bakeri")["clock"]["outcome"] == "warning"
    assert examined.of("bakeri")["token"]["facts"]["code"] == "MP-130"
    assert code == 3


def test_a_server_that_asks_for_a_pause_is_told_at_once_and_left_alone(patient: Patient) -> None:
    patient.served.server.faults.add({"path": "/api/v1/", "status": 503, "headers": {"Retry-After": "120"}})
    began = time.monotonic()
    code, examined = patient.examined()
    assert time.monotonic() - began < 30
    assert code == 5
    limits, parties = examined.of("bakeri")["limits"], examined.of("bakeri")["parties"]
    assert limits["outcome"] == "warning" and limits["facts"]["status"] == 503
    assert parties["outcome"] == "failed" and "asked us to wait" in parties["sentence"]
    assert examined.outcomes("bakeri")["token"] == "ok"
    assert [entry.path for entry in patient.served.world.requests.entries] == ["/api/v1/metadata/limits"]


def test_a_failing_server_ends_with_5(patient: Patient) -> None:
    patient.served.server.faults.add({"path": "/enduser/", "status": 502})
    code, examined = patient.examined("--connection", "bakeri")
    assert code == 5 and examined.of("bakeri")["parties"]["facts"]["status"] == 502


def test_when_nobody_answers_the_code_is_5_and_the_same_is_explained_once(patient: Patient) -> None:
    with SandboxServer(World()) as gone:
        url = gone.url
    patient.write(settings_text(url))
    code, examined = patient.examined()
    assert code == 5
    assert examined.outcomes("bakeri")["clock"] == "skipped" and examined.outcomes("bakeri")["token"] == "failed"
    assert patient.words().count("The address is mistyped.") == 2, "once for the token, once for the limits"


def test_a_key_that_others_can_read_ends_with_2_and_the_other_connection_is_still_examined(patient: Patient) -> None:
    loose = patient.settings.parent / "loose.jwk"
    loose.write_bytes((patient.served.stage.folder / "maskinporten.jwk").read_bytes())
    loose.chmod(0o644)
    text = settings_text(patient.served.server.url)
    patient.write(text.replace('key = "maskinporten.jwk"', 'key = "loose.jwk"', 1))
    code, examined = patient.examined()
    key = examined.of("bakeri")["key"]
    assert code == 2 and "0644" in key["sentence"] and "chmod 600" in key["remedy"]
    assert examined.outcomes("bakeri")["token"] == "skipped"
    assert examined.outcomes("regnskap/317975430/lonn")["search"] == "ok"


def test_a_folder_that_others_can_look_into_is_a_warning(patient: Patient) -> None:
    folder = patient.served.stage.folder
    folder.chmod(0o755)
    try:
        code, examined = patient.examined("--connection", "bakeri")
    finally:
        folder.chmod(0o700)
    assert code == 0 and examined.of("bakeri")["key"]["outcome"] == "warning"
    assert "chmod 700" in examined.of("bakeri")["key"]["remedy"]


def test_settings_that_cannot_be_read_are_a_report_too(patient: Patient) -> None:
    patient.write(settings_text(patient.served.server.url).replace("client_id", "clientid"))
    code, examined = patient.examined()
    config = examined.document["general"]
    assert code == 2 and config[0]["name"] == "config" and config[0]["outcome"] == "failed"
    assert "client_id" in config[0]["remedy"] and examined.document["connections"] == []
    assert "clientid" in patient.words()


def test_settings_without_a_connection_are_told(patient: Patient) -> None:
    patient.write(settings_text(patient.served.server.url).partition("[[connection]]")[0])
    code, examined = patient.examined()
    assert code == 2 and "dialogarkiv init" in examined.of("general")["config"]["remedy"]


def test_an_archive_that_another_run_holds_is_a_warning(patient: Patient) -> None:
    with Archive.open(f"sqlite:///{patient.archive}", create=True) as archive, archive.single_flight():
        code, examined = patient.examined("--connection", "bakeri")
    found = examined.of("general")["archive"]
    assert code == 0 and found["outcome"] == "warning" and "held by process" in found["sentence"]
    assert patient.examined("--connection", "bakeri")[1].of("general")["archive"]["outcome"] == "ok"


def test_an_archive_of_an_older_schema_ends_with_2_and_the_way_to_upgrade(patient: Patient) -> None:
    Archive.open(f"sqlite:///{patient.archive}", create=True).close()
    with sqlite3.connect(patient.archive) as database:
        database.execute("UPDATE archive_version SET version_num = '0000'")
    database.close()
    code, examined = patient.examined("--connection", "bakeri")
    assert code == 2 and "dialogarkiv db upgrade" in examined.of("general")["archive"]["remedy"]
    assert examined.outcomes("bakeri")["search"] == "ok"
    assert examined.of("bakeri")["level"]["outcome"] == "skipped"


def test_a_place_where_no_archive_can_be_made_ends_with_2(patient: Patient) -> None:
    (patient.settings.parent / "file").write_text("")
    text = settings_text(patient.served.server.url)
    patient.write(text.replace("sqlite:///dialogarkiv.db", "sqlite:///file/dialogarkiv.db"))
    code, examined = patient.examined("--connection", "bakeri")
    assert code == 2 and "none can be made there" in examined.of("general")["archive"]["sentence"]


def test_what_the_archive_remembers_of_trouble_is_told_by_identity(patient: Patient) -> None:
    access = patient.served.world.access
    ours = [dialog for dialog in patient.served.world.dialogs.values() if dialog.party == people.BAKERY.urn]
    access.levels.update({dialog.service_resource: 4 for dialog in ours})
    patient.served.world.forget_rendered()
    assert patient.run("sync", "--connection", "bakeri", "--json")[0] == 0
    with Archive.open(f"sqlite:///{patient.archive}", create=False) as archive:
        urn = people.BAKERY.urn
        archive.mailbox_state("bakeri", BAKERY, urn, error="The search took too long.")
        archive.mailbox_state("bakeri", BAKERY, people.BAKERY_SHOP.urn, state="lost")
    code, examined = patient.examined()
    assert code == 0
    checks = examined.of("bakeri")
    assert checks["mailboxes"]["outcome"] == "warning" and "took too long" in checks["mailboxes"]["sentence"]
    assert checks["mailboxes"]["facts"] == {"mailboxes": 2, "failed": 1, "lost": 1, "quarantined": 0}
    level = checks["level"]
    assert level["outcome"] == "warning" and level["facts"]["dialogs"] > 0
    assert any(
        f"{urn} {ours[0].service_resource} (level 4): " in line for line in level["facts"]["by_party_and_service"]
    )
    assert "never have more" in level["causes"][0]
    assert examined.of("regnskap/317975430/lonn")["level"]["outcome"] == "ok"


def test_the_real_command_ends_with_the_code_and_shows_no_bytes_of_a_token(sandbox: SandboxProcess) -> None:
    sandbox.calm()
    ended = sandbox.run_cli("doctor")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "No dialog was opened and nothing was written." in ended.stdout and "eyJ" not in ended.stdout
    assert set(sandbox.control("GET", "requests")["by"]) == READS
    sandbox.control("PUT", "date-skew", {"seconds": 120})
    ended = sandbox.run_cli("doctor", "--json")
    assert ended.returncode == 2 and json.loads(ended.stdout)["exit_code"] == 2
    assert ended.stderr == ""


def test_the_exchange_is_tried_where_a_scope_of_altinns_is_asked_for(patient: Patient) -> None:
    world = patient.served.world
    scopes = (people.SCOPE, "altinn:instances.read")
    jwk = patient.served.stage.key.public_jwk()
    world.registry.add_client(MaskinportenClient(people.CLIENT_ID, (jwk,), scopes, people.VENDOR.number))
    patient.connection(
        "bakeri",
        f'kind = "system-user"\nclient_id = "{people.CLIENT_ID}"\nkey = "maskinporten.jwk"\n'
        f'scopes = ["{scopes[0]}", "{scopes[1]}"]\nsystem_users = [{{ org = "{BAKERY}" }}]',
    )
    code, examined = patient.examined()
    altinn = examined.of("bakeri")["altinn"]
    assert code == 0 and altinn["outcome"] == "ok" and altinn["facts"]["lifetime_seconds"] > 1700

    world.exchange.change({"register_is_down": True})
    try:
        code, examined = patient.examined()
    finally:
        world.exchange.change({"register_is_down": False})
    altinn = examined.of("bakeri")["altinn"]
    assert code == 0, "dialogs can be read all the same"
    assert altinn["outcome"] == "warning" and altinn["facts"]["status"] == 401 and "documents" in altinn["causes"][0]
