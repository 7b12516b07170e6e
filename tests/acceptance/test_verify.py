"""`verify` tells every difference between archive and server, opens nothing and writes nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from store.archive import Archive
from sync.cli import frame
from tests.acceptance.sandbox_process import SandboxProcess
from tests.faults.playground import A, B, C, D, Playground, playground, problem, text, word

SERVICE = "urn:altinn:resource:prove"


@dataclass
class Desk:
    """A playground with an archive that is up to date, and the command line beside it, in this process."""

    play: Playground
    output: Callable[[], str]

    def verify(self, *options: str) -> tuple[int, str]:
        """Exit code and what stands on standard output."""
        self.play.archive.close()
        code = frame.run(["--config", str(self.play.file), "verify", *options])
        self.play.archive = Archive.open(self.play.settings.archive.url, create=False)
        return code, self.output()

    def told(self, *options: str) -> list[tuple[str, str, str]]:
        """The differences: dialog, kind and what."""
        code, said = self.verify("--json", *options)
        answer = json.loads(said)
        assert answer["exit_code"] == code == (4 if answer["differences"] else 0), answer
        return [(each["dialog_id"], each["kind"], each["what"]) for each in answer["differences"]]

    def spoil(self, sql: str) -> None:
        """Somebody writes in the archive by hand."""
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute(sql)
            connection.commit()

    @property
    def file(self) -> Path:
        return self.play.file.parent / "arkiv.db"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    monkeypatch.setenv("DIALOGARKIV__LOG__LEVEL", "error")
    with playground(tmp_path) as play:
        monkeypatch.setenv("TOKEN", play.env["TOKEN"])
        yield Desk(play, lambda: capsys.readouterr().out)


def fill(play: Playground) -> list[str]:
    """Dialogs with letters, activities and readers."""
    made = []
    for number in range(4):
        dialog_id = play.dialog((A, B)[number % 2], f"Nummer {number}")
        play.letter(dialog_id)
        play.activity(dialog_id)
        made.append(dialog_id)
    play.human_opens(made[0])
    assert play.sync().exit_code == 0
    return made


def marks(play: Playground) -> dict[str, list[Any]]:
    """What an opening would change of each dialog."""
    return {d["id"]: [d["listItem"], d["seenlog"], d["labellog"]] for d in play.truth()["dialogs"]}


def silently(play: Playground, path: str, what: str, value: object) -> None:
    patch = [{"op": "replace", "path": what, "value": value}]
    play.write("PATCH", f"/serviceowner/dialogs/{path}?isSilentUpdate=true", patch)


def test_an_archive_that_is_up_to_date_has_no_difference(desk: Desk) -> None:
    fill(desk.play)
    code, said = desk.verify()
    assert code == 0
    assert "4 dialogs of 2 parties compared, 4 of them with letters, activities and logs: no difference." in said
    assert desk.told() == []


def test_nothing_is_opened_nothing_is_held_and_nothing_is_written(desk: Desk) -> None:
    made = fill(desk.play)
    desk.play.archive.close()
    before = {path.name: sha256(path.read_bytes()).digest() for path in desk.file.parent.iterdir()}
    desk.play.world.requests.reset()
    truth = marks(desk.play)

    with Archive.open(desk.play.settings.archive.url, create=False) as other, other.single_flight():
        assert desk.told() == []

    assert "GET /api/v1/enduser/dialogs/{dialogId}" not in desk.play.world.requests.by
    assert {entry.method for entry in desk.play.world.requests.entries} == {"GET"}
    assert marks(desk.play) == truth
    assert len(truth) == len(made)
    desk.play.archive.close()
    after = {path.name: sha256(path.read_bytes()).digest() for path in desk.file.parent.iterdir()}
    assert after[desk.file.name] == before[desk.file.name]


def test_a_dialog_that_the_archive_does_not_hold(desk: Desk) -> None:
    fill(desk.play)
    new = desk.play.dialog(A, "Ny")
    assert desk.told() == [(new, "missing", "presence")]


def test_a_dialog_that_the_server_no_longer_has(desk: Desk) -> None:
    made = fill(desk.play)
    desk.play.write("DELETE", f"/serviceowner/dialogs/{made[1]}")
    assert desk.told() == [(made[1], "absent", "presence")]


def test_a_delegated_dialog_that_is_ours_no_longer(desk: Desk) -> None:
    fill(desk.play)
    given = desk.play.dialog(D, "Delegert")
    desk.play.allow(A, B, instances=[given])
    desk.play.sync()
    assert desk.told() == []
    desk.play.allow(A, B)
    assert desk.told() == [(given, "absent", "presence")]
    assert desk.told("--party", A) == []


def test_a_dialog_of_a_party_that_we_lost(desk: Desk) -> None:
    made = fill(desk.play)
    desk.play.allow(A)
    assert {each[0] for each in desk.told()} == {made[1], made[3]}
    assert {each[1] for each in desk.told()} == {"absent"}


@pytest.mark.parametrize(
    ("where", "value", "what"),
    [
        ("/content/title", text("Annet"), "content.title"),
        ("/status", "Completed", "status"),
        ("/progress", 77, "progress"),
        ("/dueAt", "2099-01-01T00:00:00Z", "dueAt"),
    ],
)
def test_a_list_field_that_differs(desk: Desk, where: str, value: object, what: str) -> None:
    made = fill(desk.play)
    silently(desk.play, made[2], where, value)
    assert desk.told() == [(made[2], "list", what)]


def test_labels_and_seen_records_that_differ(desk: Desk) -> None:
    made = fill(desk.play)
    desk.play.human_opens(made[3])
    found = desk.told()
    assert {each[0] for each in found} == {made[3]}
    assert {"list", "seenlog"} <= {kind for _, kind, _ in found}
    assert "isContentSeen" in {what for _, _, what in found}


def test_a_seen_record_that_only_the_list_of_the_seen_shows(desk: Desk) -> None:
    made = fill(desk.play)
    desk.play.activity(made[0])  # empties the list of those who have seen it since
    desk.play.sync()
    desk.play.human_opens(made[0])
    ((dialog_id, kind, what),) = desk.told("--children", "0")
    assert (dialog_id, kind) == (made[0], "list")
    assert what.startswith("seen.")


def test_a_label_that_was_moved(desk: Desk) -> None:
    made = fill(desk.play)
    labels = {"addLabels": ["Archive"]}
    path = f"/enduser/dialogs/{made[0]}/context/systemlabels"
    desk.play.write("PUT", path, labels, caller="pid:12857910093")
    found = desk.told()
    assert "endUserContext.systemLabels" in {what for _, _, what in found}
    assert "labellog" in {kind for _, kind, _ in found}


def test_a_silent_edit_of_a_letter_that_no_list_shows(desk: Desk) -> None:
    made = fill(desk.play)
    letter = desk.play.tables()["transmission"][0]
    path = f"/serviceowner/dialogs/{letter['dialog_id']}/transmissions/{letter['id']}?isSilentUpdate=true"
    body = {"type": "Information", "sender": {"actorType": "ServiceOwner"}, "content": {"title": text("Rettet")}}
    desk.play.write("PUT", path, body)
    assert desk.told() == [(letter["dialog_id"], "transmissions", f"transmissions.{letter['id']}.content.title")]
    assert desk.told("--children", "0") == []
    assert letter["dialog_id"] in made


def test_a_silent_activity(desk: Desk) -> None:
    made = fill(desk.play)
    body = {"type": "Information", "performedBy": {"actorType": "ServiceOwner"}, "description": [word("Stille")]}
    desk.play.write("POST", f"/serviceowner/dialogs/{made[1]}/activities?isSilentUpdate=true", body)
    kinds = {kind for dialog_id, kind, _ in desk.told() if dialog_id == made[1]}
    assert kinds == {"list", "activities"}


def test_a_right_that_was_lost_to_the_level(desk: Desk) -> None:
    made = fill(desk.play)
    desk.play.allow(A, B, levels={SERVICE: 4})
    found = desk.told()
    assert {each for each in found if each[1] == "access"} == {(one, "access", "access") for one in made}


@pytest.mark.parametrize(
    ("sql", "kind", "what"),
    [
        ("UPDATE dialog SET title = 'Feil' WHERE id = '{}'", "table", "dialog title"),
        ("UPDATE dialog SET presence = 'absent' WHERE id = '{}'", "presence", "presence"),
        ("DELETE FROM label WHERE dialog_id = '{}'", "table", "label Default"),
        ("DELETE FROM transmission WHERE dialog_id = '{}'", "table", "transmission"),
        ("DELETE FROM seen WHERE dialog_id = '{}'", "table", "seen"),
        ("DELETE FROM activity WHERE dialog_id = '{}'", "table", "activity"),
        ("DELETE FROM payload WHERE dialog_id = '{}' AND kind = 'transmissions'", "transmissions", "transmissions"),
        ("DELETE FROM payload WHERE dialog_id = '{}' AND kind = 'list'", "list", "list"),
    ],
)
def test_an_archive_that_somebody_changed_by_hand(desk: Desk, sql: str, kind: str, what: str) -> None:
    made = fill(desk.play)
    desk.play.archive.close()
    desk.spoil("PRAGMA foreign_keys = OFF")
    desk.spoil(sql.format(made[0]))
    found = desk.told()
    assert {dialog_id for dialog_id, _, _ in found} == {made[0]}
    assert any(each[1] == kind and each[2].startswith(what) for each in found), found


def test_a_difference_is_told_in_a_line_for_people(desk: Desk) -> None:
    made = fill(desk.play)
    silently(desk.play, made[2], "/status", "Completed")
    code, said = desk.verify()
    assert code == 4
    assert "1 difference." in said
    line = next(line for line in said.splitlines() if made[2] in line)
    assert '"InProgress"' in line
    assert '"Completed"' in line


def test_one_party_or_some_children_alone(desk: Desk) -> None:
    made = fill(desk.play)
    silently(desk.play, made[0], "/status", "Completed")
    silently(desk.play, made[1], "/status", "Completed")
    assert {each[0] for each in desk.told("--party", B)} == {made[1]}
    code, said = desk.verify("--json", "--children", "1")
    assert (code, json.loads(said)["children"]) == (4, 1)
    assert desk.verify("--party", C)[0] == 2
    assert desk.verify("--children", "noen")[0] == 2


def test_what_could_not_be_compared_is_told_and_no_clean_bill(desk: Desk) -> None:
    fill(desk.play)
    desk.play.fault("/transmissions", status=404, body="<html>no API</html>")
    code, said = desk.verify("--json")
    assert code == 4, said


def test_a_server_that_cannot_be_reached_gives_code_5(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(desk.play)
    monkeypatch.setattr("sync.dialogporten.http.HttpEdge.wait", lambda self, seconds: False)
    desk.play.fault(".*", status=502, body=problem(502))
    code, said = desk.verify("--json")
    assert code == 5
    assert json.loads(said)["failures"]


def test_texts_that_are_kept_from_a_higher_level_are_no_difference(desk: Desk) -> None:
    content = {"title": text("Vedtak"), "summary": text("Om"), "nonSensitiveTitle": text("Brev")}
    desk.play.letter(desk.play.dialog(A, content=content))
    desk.play.sync()
    desk.play.allow(A, B, levels={SERVICE: 4})
    desk.play.sync()
    assert desk.told() == []


def test_the_demo_inbox_has_no_difference_after_a_sync(sandbox: SandboxProcess) -> None:
    assert sandbox.run_cli("sync").returncode in (0, 4)
    done = sandbox.run_cli("verify", "--json")
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["differences"] == []
    assert done.returncode == 0
    assert answer["dialogs"] == answer["children"] > 50
