"""The views: which dialogs, letters, actions and changes they show, and under which names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store.archive import Archive
from store.batch import Row
from store.reading import Filters
from store.views import DIALOG_VIEWS, FOLDERS, VIEWS
from tests.store.rows import AT, LATER, ORG, PERSON, batch, dialog, row, uuid

DIALOG_COLUMNS = [
    "dialog_id",
    "party",
    "party_name",
    "org",
    "sender",
    "service_resource",
    "title",
    "summary",
    "status",
    "extended_status",
    "created_at",
    "updated_at",
    "content_updated_at",
    "due_at",
    "expires_at",
    "unread",
    "presence",
    "needs_attention",
    "next_step",
    "actor",
    "deadline",
    "is_api_only",
]

COLUMNS = dict.fromkeys(DIALOG_VIEWS, DIALOG_COLUMNS) | {
    "attention": [
        "dialog_id",
        "party",
        "party_name",
        "org",
        "title",
        "next_step",
        "actor",
        "deadline",
        "reasons",
        "because",
        "opened_at",
    ],
    "actions": [
        "dialog_id",
        "action_id",
        "name",
        "action",
        "is_authorized",
        "method",
        "url",
        "version",
        "deprecated",
        "sunset_at",
        "documentation_url",
        "endpoint_id",
    ],
    "letters": [
        "transmission_id",
        "dialog_id",
        "party",
        "type",
        "title",
        "summary",
        "sender",
        "created_at",
        "related_transmission_id",
        "is_authorized",
    ],
    "history": ["dialog_id", "seen_at", "what", "before", "after"],
}


def shown(archive: Archive, view: str) -> list[int]:
    """The numbers of the dialogs in a view, in order."""
    return sorted(int(str(one["dialog_id"])[-12:]) for one in archive.view(view))


def insert(archive: Archive, table: str, **fields: Any) -> None:
    with archive._transaction() as connection:
        from store.tables import metadata

        connection.execute(metadata.tables[table].insert(), [fields])


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_at_least_the_promised_columns_in_the_promised_order(archive: Archive, view: str) -> None:
    with archive._reading() as connection:
        names = list(connection.exec_driver_sql(f"SELECT * FROM {view}").keys())
    assert [name for name in names if name in COLUMNS[view]] == COLUMNS[view]


def test_folders_split_by_label_and_status(archive: Archive) -> None:
    archive.write(
        batch(
            dialog(1),
            dialog(2, status="Draft"),
            dialog(3, labels=("Default", "Sent")),
            dialog(4, labels=("Archive", "Sent")),
            dialog(5, labels=("Bin",)),
            dialog(6, labels=("Default", "MarkedAsUnopened"), status="Completed"),
            dialog(7, status=None),
            dialog(8, labels=("Default", "Sent"), status="Draft"),
            dialog(9, is_api_only=True),
            dialog(10, status="Draft", labels=("Bin",)),
        )
    )
    assert {name: shown(archive, name) for name in FOLDERS} == {
        "inbox": [1, 3, 6, 7, 9],
        "drafts": [2, 8],
        "sent": [3, 8],
        "archive": [4],
        "bin": [5, 10],
    }
    assert shown(archive, "everything") == list(range(1, 11))
    assert [one["is_api_only"] for one in archive.view("inbox", Filters(dialog_id=uuid(9)))] == [True]


@pytest.mark.parametrize("presence", ["absent", "deleted", "expired", "no_access", "not_found"])
def test_only_everything_shows_a_dialog_that_is_not_present(archive: Archive, presence: str) -> None:
    children: dict[str, list[Row]] = {
        "api_action": [row("api_action", id=uuid(14), dialog_id=uuid(1))],
        "api_endpoint": [row("api_endpoint", id=uuid(15), action_id=uuid(14), dialog_id=uuid(1))],
        "transmission": [row("transmission", id=uuid(16), dialog_id=uuid(1))],
    }
    one = dialog(1, presence=presence, due_at=LATER, labels=("Default", "Sent"), rows=children)
    archive.write(batch(one))
    insert(archive, "attention_item", dialog_id=uuid(1), next_step="sign", actor="person", opened_at=AT)
    counts = {name: len(archive.view(name)) for name in VIEWS}
    assert counts == dict.fromkeys(VIEWS, 0) | {"everything": 1, "letters": 1}


def test_due_shows_what_has_a_date_and_waits_for_the_party(archive: Archive) -> None:
    statuses = ["RequiresAttention", "InProgress", "NotApplicable", "Draft", "Completed", "Awaiting", None]
    archive.write(batch(*(dialog(n, status=status, due_at=LATER) for n, status in enumerate(statuses)), dialog(20)))
    assert shown(archive, "due") == [0, 1, 2, 3, 6]


def test_unread_means_that_the_content_was_not_seen(archive: Archive) -> None:
    archive.write(batch(dialog(1, is_content_seen=True, has_unopened_content=True), dialog(2, is_content_seen=False)))
    assert [one["unread"] for one in archive.view("inbox")] == [True, False]
    assert [one["dialog_id"] for one in archive.view("inbox", Filters(unread=True))] == [uuid(2)]


def test_sender_is_its_own_name_else_its_code(archive: Archive) -> None:
    archive.write(batch(dialog(1, sender_name="Skatteetaten"), dialog(2, sender_name=None), dialog(3, sender_name="")))
    assert [one["sender"] for one in archive.view("inbox")] == ["nav", "nav", "Skatteetaten"]


@pytest.mark.parametrize(
    ("urn", "number"),
    [
        (ORG, "310000000"),
        (PERSON, "01815012345"),
        ("urn:altinn:person:idporten-email:kari@example.no", "kari@example.no"),
        ("urn:altinn:person:legacy-selfidentified:kari", "kari"),
        ("urn:noe:nytt:1", "urn:noe:nytt:1"),
    ],
)
def test_a_party_is_called_by_its_number_until_its_name_is_known(archive: Archive, urn: str, number: str) -> None:
    archive.write(batch(dialog(1, party=urn)))
    assert archive.view("inbox")[0]["party_name"] == number
    archive.parties_write([row("party", urn=urn, name="Fjellheim Bakeri AS")], AT)
    assert archive.view("inbox")[0]["party_name"] == "Fjellheim Bakeri AS"


def test_a_verdict_shows_beside_its_dialog(archive: Archive) -> None:
    verdict = row(
        "verdict",
        dialog_id=uuid(1),
        needs_attention=True,
        next_step="sign",
        actor="person",
        deadline=LATER,
        decided_at=AT,
    )
    archive.write(batch(dialog(1, rows={"verdict": [verdict]}), dialog(2)))
    wanted = ("needs_attention", "next_step", "actor", "deadline")
    assert [tuple(one[name] for name in wanted) for one in archive.view("inbox")] == [
        (None, None, None, None),
        (True, "sign", "person", LATER),
    ]
    assert shown(archive, "inbox") == [1, 2]
    assert len(archive.view("inbox", Filters(needs_attention=True))) == 1


def test_attention_shows_open_items(archive: Archive) -> None:
    archive.write(batch(dialog(1, title="Signer årsregnskapet")))
    item = {"dialog_id": uuid(1), "next_step": "sign", "actor": "person", "opened_at": AT}
    insert(archive, "attention_item", **item, because_nb="Fordi", because_en="Because", reasons='["not_opened"]')
    insert(archive, "attention_item", **item, closed_at=LATER, closed_by="evidence")
    found = archive.view("attention")
    assert len(found) == 1
    assert (found[0]["title"], found[0]["because"], found[0]["reasons"]) == (
        "Signer årsregnskapet",
        "Fordi",
        '["not_opened"]',
    )


def test_actions_are_one_row_for_each_endpoint_that_stands(archive: Archive) -> None:
    def action(number: int, **fields: Any) -> Row:
        return row("api_action", id=uuid(number), dialog_id=uuid(1), action="submit", is_authorized=True, **fields)

    def endpoint(number: int, of: int, **fields: Any) -> Row:
        return row("api_endpoint", id=uuid(number), action_id=uuid(of), dialog_id=uuid(1), http_method="POST", **fields)

    full: dict[str, list[Row]] = {
        "api_action": [action(10), action(11), action(12)],
        "api_endpoint": [
            endpoint(20, 10, version="v1", deprecated=True, sunset_at=LATER),
            endpoint(21, 10, version="v2"),
            endpoint(22, 11),
            endpoint(23, 12),
        ],
    }
    archive.write(batch(dialog(1, rows=full)))
    assert len(archive.view("actions")) == 4
    fewer = {"api_action": full["api_action"][:2], "api_endpoint": [*full["api_endpoint"][:2], full["api_endpoint"][3]]}
    archive.write(batch(dialog(1, rows=fewer, is_new=False), at=LATER))
    found = archive.view("actions")
    assert [one["endpoint_id"] for one in found] == [uuid(20), uuid(21)]
    assert [(one["method"], one["deprecated"], one["sunset_at"]) for one in found] == [
        ("POST", True, LATER),
        ("POST", False, None),
    ]


def test_letters_name_their_sender(archive: Archive) -> None:
    kinds = [
        ("ServiceOwner", None),
        ("PartyRepresentative", None),
        ("PartyRepresentative", "Kari Nordfjell"),
        (None, None),
    ]
    letters = [
        row("transmission", id=uuid(10 + n), dialog_id=uuid(1), sender_type=kind, sender_name=name, created_at=AT)
        for n, (kind, name) in enumerate(kinds)
    ]
    archive.write(batch(dialog(1, rows={"transmission": letters}, sender_name="NAV")))
    found = {one["transmission_id"]: one["sender"] for one in archive.view("letters")}
    assert found == {uuid(10): "NAV", uuid(11): "310000000", uuid(12): "Kari Nordfjell", uuid(13): None}


def test_history_tells_changes_newest_first(archive: Archive) -> None:
    def change(at: str, what: str) -> Row:
        return {"dialog_id": uuid(1), "seen_at": at, "what": what, "before": '"a"', "after": None}

    archive.write(batch(dialog(1, changes=[change(AT, "status"), change(LATER, "content.title")])))
    found = [{k: v for k, v in one.items() if k != "change_id"} for one in archive.view("history")]
    assert found == [change(LATER, "content.title"), change(AT, "status")]


def test_filters_and_order_answer_the_same_on_both_engines(
    both: tuple[Archive, Archive], same: Callable[[Callable[[Archive], object]], object]
) -> None:
    dialogs = [
        dialog(
            n,
            party=(ORG, PERSON)[n % 2],
            org=("nav", "skd", None)[n % 3],
            updated_at=(AT, LATER, None)[n % 3],
            due_at=(LATER, AT)[n % 2],
            title=("Æ", "a", "B", "-")[n % 4],
        )
        for n in range(24)
    ]
    for archive in both:
        archive.write(batch(*dialogs))
    for name in VIEWS:
        same(lambda archive, name=name: archive.view(name))  # type: ignore[misc]
    for filters in (
        Filters(party=ORG),
        Filters(org="nav", limit=3),
        Filters(since=LATER),
        Filters(limit=5, offset=3),
        Filters(offset=20),
        Filters(status="Completed"),
        Filters(unread=True, org="skd"),
    ):
        same(lambda archive, filters=filters: archive.view("inbox", filters))  # type: ignore[misc]
    same(lambda archive: archive.status())
    same(lambda archive: archive.dialog(uuid(3)))
    assert len(both[0].view("inbox", Filters(offset=20))) == 4
    assert len(both[0].view("inbox", Filters(since=LATER))) == 8


def test_a_view_that_does_not_exist_is_told(archive: Archive) -> None:
    with pytest.raises(ValueError, match="no view 'outbox'"):
        archive.view("outbox")
    assert archive.dialog(uuid(1)) is None


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT * FROM inbox WHERE party = 'x' ORDER BY updated_at", "ix_dialog_party_updated"),
        ("SELECT * FROM inbox ORDER BY updated_at DESC LIMIT 50", "ix_dialog_updated_at"),
        ("SELECT * FROM letters WHERE dialog_id = 'x'", "ix_transmission_dialog_id"),
        ("SELECT * FROM history WHERE dialog_id = 'x' ORDER BY seen_at", "ix_change_dialog_seen"),
        ("SELECT * FROM actions WHERE dialog_id = 'x'", "ix_api_action_dialog_id"),
    ],
)
def test_questions_through_the_views_use_the_indexes(sqlite_url: str, sql: str, index: str) -> None:
    with Archive.open(sqlite_url, create=True) as archive, archive._reading() as connection:
        plan = [str(one[3]) for one in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    assert any(index in step for step in plan), plan
    assert not any(step.startswith("SCAN e") and "USING INDEX" not in step for step in plan), plan
