"""Real processes: a sandbox with the demo inbox, `dialogarkiv sync` and `dialogarkiv sql`. The archive equals the
truth, nothing is disturbed, and nothing is asked or written twice.

One story is told once for the whole module, since processes start slowly; each test looks at one side of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from store.archive import Archive
from store.tables import metadata
from sync.sandbox.seed import people
from tests.acceptance.inbox import Run, our_marks, present, sync, tables_by_command, truth, url_of
from tests.acceptance.sandbox_process import SandboxProcess, sandbox_in
from tests.equality import KEYS, Tables, Who, differences, tables_of

Truths = dict[Who, Any]


@dataclass
class Chapter:
    """One sync of the story: what was true before and after, what it told, and what the archive then held."""

    before: Truths
    after: Truths
    run: Run
    tables: Tables


@dataclass
class Story:
    """`never`, `default`, `always`: the first sync under each policy. Then, under the default one: `idle`, a second
    sync with nothing new; `wave`, after many writes; `again`, once more while all of that is in the overlap.
    """

    never: Chapter
    default: Chapter
    by_command: Tables
    idle: Chapter
    chosen: dict[str, str]
    wave: Chapter
    again: Chapter
    history: dict[str, dict[str, tuple[object, object]]]
    always: Chapter


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with sandbox_in(tmp_path_factory.mktemp("story") / "sandbox") as sandbox:
        yield tell(sandbox)


def tell(sandbox: SandboxProcess) -> Story:
    never = chapter(sandbox, "never.db", DIALOGARKIV__SYNC__OPEN="never")
    default = chapter(sandbox, "default.db")
    columns = {name: [c.name for c in metadata.tables[name].columns if c.name != "list_digest"] for name in KEYS}
    by_command = tables_by_command(sandbox, "default.db", columns)
    idle = chapter(sandbox, "default.db")
    chosen = second_wave(sandbox, default)
    wave = chapter(sandbox, "default.db")
    with (
        Archive.open(url_of(sandbox, "default.db"), create=False, read_only=True) as archive,
        archive.query_read_only("SELECT dialog_id, what, before, after FROM history") as answer,
    ):
        history: dict[str, dict[str, tuple[object, object]]] = {}
        for dialog_id, what, old, new in answer.rows:
            history.setdefault(str(dialog_id), {})[str(what)] = (old, new)
    again = chapter(sandbox, "default.db")
    always = chapter(sandbox, "always.db", DIALOGARKIV__SYNC__OPEN="always")
    return Story(never, default, by_command, idle, chosen, wave, again, history, always)


def chapter(sandbox: SandboxProcess, archive: str, **env: str) -> Chapter:
    before = truth(sandbox)
    run = sync(sandbox, archive, **env)
    assert run.code == 0, run.output
    return Chapter(before, truth(sandbox), run, tables_of(url_of(sandbox, archive)))


def second_wave(sandbox: SandboxProcess, default: Chapter) -> dict[str, str]:
    """Loud writes of every kind on chosen dialogs, and a little one on every other; answers which were chosen."""
    dialogs = {
        one: dialog
        for one, dialog in present(default.after).items()
        if not dialog["refused"] and dialog["party"] in HUMANS
    }
    opened = {row["id"] for row in default.tables["dialog"] if row["details_status"] == 200}
    taken: dict[str, str] = {}

    def choose(name: str, fits: Any) -> str:
        found = next(one for one in sorted(dialogs) if one not in taken.values() and fits(dialogs[one]))
        taken[name] = found
        return found

    attached = choose("attachments", lambda d: d["id"] in opened and d["detail"]["attachments"])
    status = choose("status", lambda d: d["id"] in opened and d["listItem"]["status"] != "RequiresAttention")
    title = choose("title", lambda d: d["id"] not in opened and d["listItem"].get("content"))
    letter = choose("transmission", lambda d: d["transmissions"])
    activity = choose("activity", lambda d: len(d["activities"]) > 1)
    read = choose("human", lambda d: d["id"] not in opened and not d["listItem"]["isContentSeen"])
    due = choose("due", lambda d: d["listItem"]["status"] == "InProgress")

    owner = "/api/v1/serviceowner/dialogs"
    steps = [
        patch(attached, "remove", "/attachments/0"),
        opening(attached, dialogs),
        patch(status, "add", "/status", "RequiresAttention"),
        opening(status, dialogs),
        patch(title, "add", "/content/title", text("En ny tittel")),
        step("POST", f"{owner}/{letter}/transmissions", transmission("Enda et brev")),
        step("POST", f"{owner}/{activity}/activities", back_dated()),
        opening(read, dialogs),
        patch(read, "add", "/progress", 41),
        opening(read, dialogs),
        patch(due, "add", "/dueAt", "2031-01-01T12:00:00Z"),
    ]
    steps += [patch(one, "add", "/progress", 42) for one in sorted(dialogs) if one not in taken.values()]
    taken["new"] = new(sandbox, people.JOINERY.urn)
    taken["delegated"] = new(sandbox, people.PADDLERS.urn)
    access = sandbox.control("GET", "access")
    access["callers"][people.BAKERY_SYSTEM_USER]["instances"].append(taken["delegated"])
    sandbox.control("PUT", "access", access)
    play(sandbox, steps)
    return taken


HUMANS = {party.urn: person.caller for party, person in people.ACTS_FOR.items()}


def play(sandbox: SandboxProcess, steps: list[Any]) -> list[Any]:
    answers: list[Any] = sandbox.control("POST", "steps", steps)
    refused = [(s["request"], a) for s, a in zip(steps, answers, strict=True) if not 200 <= a["status"] < 300]
    assert refused == []
    return answers


def step(method: str, path: str, body: object = None, caller: str | None = None) -> Any:
    return {"at": None, "caller": caller, "request": {"method": method, "path": path, "headers": {}, "body": body}}


def patch(dialog_id: str, operation: str, pointer: str, value: object = None) -> Any:
    change = {"op": operation, "path": pointer} | ({} if operation == "remove" else {"value": value})
    return step("PATCH", f"/api/v1/serviceowner/dialogs/{dialog_id}", [change])


def opening(dialog_id: str, dialogs: dict[str, Any]) -> Any:
    return step("GET", f"/api/v1/enduser/dialogs/{dialog_id}", caller=HUMANS[dialogs[dialog_id]["party"]])


def new(sandbox: SandboxProcess, party: str) -> str:
    body = {
        "serviceResource": "urn:altinn:resource:app_brg_aarsregnskap",
        "party": party,
        "status": "InProgress",
        "content": {"title": text("Noe nytt"), "summary": text("Om noe nytt")},
        "transmissions": [transmission("Første brev")],
        "activities": [{"type": "DialogCreated", "performedBy": {"actorType": "ServiceOwner"}}],
    }
    (answer,) = play(sandbox, [step("POST", "/api/v1/serviceowner/dialogs", body)])
    return str(answer["body"])


def text(value: str) -> Any:
    return {"value": [{"value": value, "languageCode": "nb"}], "mediaType": "text/plain"}


def transmission(title: str) -> Any:
    url = {"url": "https://tjeneste.example/fil/1", "mediaType": "application/pdf", "consumerType": "Gui"}
    return {
        "type": "Information",
        "sender": {"actorType": "ServiceOwner"},
        "content": {"title": text(title)},
        "attachments": [{"displayName": text("Vedlegg")["value"], "name": "vedlegg.pdf", "urls": [url]}],
        "navigationalActions": [{"title": text("Videre")["value"], "url": "https://tjeneste.example/videre"}],
    }


def back_dated() -> Any:
    return {
        "type": "Information",
        "createdAt": "2025-01-02T03:04:05.678901Z",
        "performedBy": {"actorType": "ServiceOwner"},
        "description": [{"value": "Sendt for lenge siden", "languageCode": "nb"}],
    }


@pytest.mark.parametrize("name", ["never", "default", "idle", "wave", "again", "always"])
def test_the_archive_equals_the_truth_field_by_field(story: Story, name: str) -> None:
    told: Chapter = getattr(story, name)
    assert differences(told.tables, told.after) == []
    assert len(told.tables["dialog"]) == len(present(told.after)) > 100


def test_the_sql_command_shows_the_same_rows(story: Story) -> None:
    assert differences(story.by_command, story.default.after) == []


def test_under_never_no_trace_is_left_and_no_details_are_known(story: Story) -> None:
    assert our_marks(story.never.after) == set()
    assert story.never.after == story.never.before
    assert story.never.run.total("openings") == 0
    assert {row["details_status"] for row in story.never.tables["dialog"]} == {None}
    assert not any(story.never.tables[name] for name in ("api_action", "api_endpoint", "gui_action"))


def test_under_the_default_only_what_a_human_had_opened_or_no_human_sees_is_opened(story: Story) -> None:
    before = present(story.default.before)
    open_to_us = {
        one
        for one, dialog in before.items()
        if dialog["listItem"]["isApiOnly"]
        or (
            dialog["listItem"]["isContentSeen"]
            and "MarkedAsUnopened" not in dialog["listItem"]["endUserContext"]["systemLabels"]
        )
    }
    readable = {one for one in open_to_us if not before[one]["refused"]}
    assert our_marks(story.default.after) <= readable
    assert {row["id"] for row in story.default.tables["dialog"] if row["details_status"] == 200} == readable
    assert 20 < len(readable) < len(before)


def test_under_the_default_no_unread_mark_moves(story: Story) -> None:
    def marks(truths: Truths) -> dict[str, Any]:
        return {
            one: (d["listItem"]["isContentSeen"], d["listItem"]["endUserContext"])
            for one, d in present(truths).items()
            if not d["listItem"]["isApiOnly"]
        }

    assert marks(story.default.after) == marks(story.default.before)


def test_under_always_everything_readable_is_known_in_detail(story: Story) -> None:
    after = present(story.always.after)
    readable = {one for one, dialog in after.items() if not dialog["refused"]}
    assert {row["id"] for row in story.always.tables["dialog"] if row["details_status"] == 200} == readable
    assert {row["details_status"] for row in story.always.tables["dialog"] if row["id"] not in readable} == {403}


@pytest.mark.parametrize("name", ["idle", "again"])
def test_an_idle_sync_asks_for_no_more_than_the_lists_and_writes_nothing(story: Story, name: str) -> None:
    run = getattr(story, name).run
    assert {route: n for route, n in run.counted.items() if "/enduser/" in route or "/metadata/limits" in route} == {
        "GET /api/v1/metadata/limits": 1,
        "GET /api/v1/enduser/parties": 3,
        "GET /api/v1/enduser/dialogs": 3,
    }
    assert run.asked("/token") == 3
    assert run.asked("/.well-known/oauth-authorization-server") == 1
    assert len([e for e in run.events if e.get("event") == "http_answer"]) == 11
    assert (run.total("rows_written"), run.total("changes_written"), run.total("openings")) == (0, 0, 0)


def test_what_changed_lately_is_listed_again_and_known_for_what_it_is(story: Story) -> None:
    assert story.again.run.total("items_read") > 100


def test_a_first_sync_makes_no_history(story: Story) -> None:
    assert story.default.run.total("changes_written") == 0


def test_history_says_exactly_what_differed(story: Story) -> None:
    before, after, chosen = present(story.wave.before), present(story.wave.after), story.chosen
    earlier = present(story.default.after)
    wrote = set(before) & set(earlier)
    letters = {t["id"] for t in after[chosen["transmission"]]["transmissions"]} - {
        t["id"] for t in earlier[chosen["transmission"]]["transmissions"]
    }
    activities = {a["id"] for a in after[chosen["activity"]]["activities"]} - {
        a["id"] for a in earlier[chosen["activity"]]["activities"]
    }
    gone = {a["id"] for a in earlier[chosen["attachments"]]["detail"]["attachments"]} - {
        a["id"] for a in after[chosen["attachments"]]["detail"]["attachments"]
    }
    assert (len(letters), len(activities), len(gone)) == (1, 1, 1)
    special = {
        chosen["attachments"]: {f"attachments.{one}" for one in gone},
        chosen["status"]: {"status"},
        chosen["title"]: {"content.title"},
        chosen["transmission"]: {f"transmissions.{one}" for one in letters},
        chosen["activity"]: {f"activities.{one}" for one in activities},
        chosen["human"]: {"progress"},
        chosen["due"]: {"dueAt"},
    }
    for one in sorted(wrote):
        untouched = bool(earlier[one]["refused"]) or earlier[one]["party"] not in HUMANS
        expected = set() if untouched else set(special.get(one, {"progress"}))
        if labels(earlier[one]) != labels(after[one]):
            expected.add("systemLabels")
        assert set(story.history.get(one, {})) == expected, one
    assert set(story.history) <= wrote
    old, new_ = story.history[chosen["status"]]["status"]
    assert (old, new_) == (f'"{earlier[chosen["status"]]["listItem"]["status"]}"', '"RequiresAttention"')
    assert story.history[chosen["due"]]["dueAt"][1] == '"2031-01-01T12:00:00.000000Z"'


def labels(dialog: Any) -> set[str]:
    return set(dialog["listItem"]["endUserContext"]["systemLabels"])


def test_what_the_server_no_longer_shows_is_kept_and_marked_as_removed(story: Story) -> None:
    removed = {row["dialog_id"] for row in story.wave.tables["attachment"] if row["removed_at"] is not None}
    assert removed == {story.chosen["attachments"]}
    for name in ("transmission", "activity"):
        assert not [row for row in story.wave.tables[name] if row["removed_at"] is not None]


def test_a_delegated_dialog_stands_under_its_own_party(story: Story) -> None:
    (row,) = [row for row in story.wave.tables["dialog"] if row["id"] == story.chosen["delegated"]]
    assert (row["party"], row["delegated"]) == (people.PADDLERS.urn, True)


def test_a_dialog_a_human_opened_and_that_changed_is_opened_then(story: Story) -> None:
    (row,) = [row for row in story.wave.tables["dialog"] if row["id"] == story.chosen["human"]]
    assert row["details_status"] == 200
    (unread,) = [row for row in story.wave.tables["dialog"] if row["id"] == story.chosen["title"]]
    assert unread["details_status"] is None
    assert story.chosen["title"] not in our_marks(story.wave.after)
