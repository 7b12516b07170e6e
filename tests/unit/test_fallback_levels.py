"""What is remembered of the services' levels: enough to leave alone or to try, never to believe a text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from store.batch import Known, Row, Standing
from store.clock import instant_text
from sync.dialogporten.errors import LevelTooLow
from sync.passes.fallback import locked
from sync.passes.filing import Job, Reader
from sync.passes.levels import Levels
from sync.passes.opening import OpeningPolicy
from sync.passes.planner import DialogPlan
from sync.passes.ports import Inbox, Shelf
from sync.passes.sharing import SILENT_AFTER, Sharing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERVICE, OTHER = "urn:altinn:resource:a", "urn:altinn:resource:b"
US, THEM = ("firma", "1"), ("kari", "")


@dataclass
class Server:
    """Only its levels are asked for; `catalogue` None = it cannot be had."""

    level: int | None = 3
    catalogue: dict[str, int] | None = None
    refuses: bool = True
    asked: int = 0

    def service_resources_metadata(self) -> bytes:
        self.asked += 1
        services = [
            {"serviceResource": {"id": name, "minimumAuthenticationLevel": level}}
            for name, level in (self.catalogue or {}).items()
        ]
        return json.dumps({"items": 7 if self.catalogue is None else services}).encode()

    def transmissions(self, dialog_id: str) -> bytes:
        self.asked += 1
        if self.refuses:
            raise LevelTooLow("Too low.", status=403)
        return b"[]"


def levels(server: Server, **remembered: int) -> Levels:
    memory = {f"urn:altinn:resource:{name}": level for name, level in remembered.items()}
    return Levels(cast(Inbox, server), lambda name, fields: None, lambda: memory)


@pytest.mark.parametrize(("level", "suffices"), [(3, False), (4, True), (None, None)])
def test_what_is_remembered_tells_whether_a_try_is_worth_while_and_asks_nobody(
    level: int | None, suffices: bool | None
) -> None:
    server = Server(level)
    found = levels(server, a=4)
    assert found.suffices(SERVICE) is suffices
    assert found.suffices(OTHER) is None and found.suffices(None) is None
    assert found.known(SERVICE) is None, "a text is never believed by it"
    assert server.asked == 0


def test_what_the_server_says_now_outweighs_the_memory_and_mends_it() -> None:
    found = levels(Server(catalogue={SERVICE: 3, OTHER: 4}), a=4)
    found.learn()
    assert (found.suffices(SERVICE), found.suffices(OTHER)) == (True, False)
    assert found.take_news() == {SERVICE: 3}, "services that hide nothing from anybody are not remembered"
    assert found.take_news() == {}


def test_a_service_that_was_asked_about_and_hides_is_remembered() -> None:
    found = levels(Server(catalogue={SERVICE: 4, OTHER: 3}))
    assert (found.hides(SERVICE, "d"), found.hides(OTHER, "d")) == (True, False)
    assert found.take_news() == {SERVICE: 4}


@pytest.mark.parametrize(
    ("level", "before", "hides", "news"),
    [
        (3, None, True, {SERVICE: 4}),
        (3, 4, True, {}),
        (4, 4, True, {SERVICE: 5}),
        (3, None, False, {}),
        (3, 4, False, {SERVICE: 3}),
        (4, 4, False, {}),
        (None, 4, False, {}),
        (None, None, True, {}),
    ],
)
def test_a_read_teaches_what_a_service_asks_for(
    level: int | None, before: int | None, hides: bool, news: dict[str, int]
) -> None:
    found = levels(Server(level), **({} if before is None else {"a": before}))
    found.noted(SERVICE, hides)
    found.noted(None, hides)
    assert found.take_news() == news


def test_a_probe_teaches_it_where_the_list_of_services_cannot_be_had() -> None:
    found = levels(Server(catalogue=None))
    assert found.hides(SERVICE, "d") is True
    assert found.take_news() == {SERVICE: 4}


def test_a_new_pass_looks_at_the_memory_and_at_our_level_anew() -> None:
    server, memory = Server(3), {SERVICE: 4}
    found = Levels(cast(Inbox, server), lambda name, fields: None, lambda: dict(memory))
    assert found.suffices(SERVICE) is False
    memory[SERVICE], server.level = 5, 4
    assert found.suffices(SERVICE) is False
    found.forget()
    assert (found.ours, found.suffices(SERVICE)) == (4, False)
    memory[SERVICE] = 4
    found.forget()
    assert found.suffices(SERVICE) is True


# Who looks for what


@dataclass
class Memory:
    remembered: dict[str, int]
    standing: list[Standing] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)

    @property
    def reach(self) -> Memory:
        return self

    def levels(self) -> dict[str, int]:
        return self.remembered

    def locked(self, reader: tuple[str, str], level: int, limit: int) -> list[Standing]:
        self.asked.append((reader, level))
        return self.standing


@pytest.mark.parametrize(("level", "remembered"), [(None, {SERVICE: 4}), (3, {SERVICE: 4}), (4, {}), (4, {SERVICE: 5})])
def test_nothing_is_looked_for_where_our_level_opens_nothing(level: int | None, remembered: dict[str, int]) -> None:
    memory = Memory(remembered)
    assert list(locked(US, None, level, cast(Shelf, memory))) == []
    assert memory.asked == []


def test_only_the_parties_of_the_settings_are_looked_into() -> None:
    memory = Memory({SERVICE: 4}, [Standing("1", "p", None), Standing("2", "q", None)])
    shelf = cast(Shelf, memory)
    assert [each.id for each in locked(THEM, ("q",), 4, shelf)] == ["2"]
    assert [each.id for each in locked(THEM, None, 4, shelf)] == ["1", "2"]
    assert memory.asked == [(THEM, 4)] * 2


# Whether to try, to leave, to wait


def known(access: str, reader: tuple[str, str] = THEM, presence: str = "present") -> Known:
    return Known("d", "p", b"", presence, access, None, None, None, None, "", reader=reader)


def sharing(level: int | None = 3, *boxes: Row, **remembered: int) -> Sharing:
    reader = Reader(*US, OpeningPolicy("never"), ("nb",))
    return Sharing(reader, levels(Server(level), **remembered), lambda: boxes, lambda: NOW)


NOBODY: frozenset[str] = frozenset()
REFUSED = frozenset({"d"})


@pytest.mark.parametrize(
    ("level", "remembered", "access", "reader", "worth"),
    [
        (4, 4, "level_too_low", THEM, True),
        (4, 4, "level_too_low", US, True),
        (3, 4, "level_too_low", THEM, False),
        (3, None, "level_too_low", THEM, True),
        (3, None, "level_too_low", US, False),
        (None, None, "level_too_low", THEM, False),
        (3, None, "denied", THEM, True),
        (3, 4, "denied", THEM, False),
        (3, None, "denied", US, False),
        (4, 4, "full", THEM, False),
    ],
)
def test_a_try_is_worth_while_where_our_level_may_do_and_nobody_has_said_no_to_us(
    level: int | None, remembered: int | None, access: str, reader: tuple[str, str], worth: bool
) -> None:
    ours = sharing(level, **({} if remembered is None else {"a": remembered}))
    assert ours.is_worth_a_try(known(access, reader), SERVICE, NOBODY) is worth
    assert not ours.is_worth_a_try(known(access, reader), SERVICE, REFUSED)
    assert not ours.is_worth_a_try(known(access, reader, "absent"), SERVICE, NOBODY)
    ours.begin(again=REFUSED)
    readable = access != "full" and not (remembered is not None and level is not None and level < remembered)
    assert ours.is_worth_a_try(known(access, reader), SERVICE, REFUSED) is readable


def box(**fields: str | None) -> Row:
    standing: Row = {
        "connection": THEM[0],
        "identity": THEM[1],
        "party": "p",
        "state": "active",
        "error": None,
        "last_poll_at": instant_text(NOW - SILENT_AFTER),
    }
    return standing | fields


@pytest.mark.parametrize(
    ("fields", "alive"),
    [
        ({}, True),
        ({"error": "The consent has ended."}, False),
        ({"state": "lost"}, False),
        ({"last_poll_at": None}, False),
        ({"last_poll_at": instant_text(NOW - SILENT_AFTER - timedelta(seconds=1))}, False),
        ({"party": "q"}, False),
        ({"identity": "1"}, False),
    ],
    ids=str,
)
def test_whoever_is_in_trouble_or_silent_is_not_waited_for(fields: dict[str, str | None], alive: bool) -> None:
    assert sharing(3, box(**fields)).is_alive(known("full")) is alive


def test_what_is_delegated_by_itself_comes_with_the_list_of_any_party() -> None:
    delegated = replace(known("full"), delegated=True)
    assert sharing(3, box(party="q")).is_alive(delegated)
    assert not sharing(3, box(party="q", error="Down.")).is_alive(delegated)
    assert not sharing(3, box(party="q", identity="1")).is_alive(delegated)


def test_a_dialog_without_a_service_is_not_tried_again_and_again() -> None:
    assert not sharing(4).is_worth_a_try(known("level_too_low"), None, NOBODY)


@pytest.mark.parametrize("access", ["full", "denied"])
def test_what_another_sees_more_of_is_theirs(access: str) -> None:
    assert sharing(3, a=4).is_anothers(known(access), SERVICE)
    assert not sharing(4, a=4).is_anothers(known(access), SERVICE)
    assert not sharing(3).is_anothers(known(access), SERVICE), "nobody knows yet"
    assert not sharing(3, a=4).is_anothers(known(access, US), SERVICE)
    assert not sharing(3, a=4).is_anothers(known("level_too_low"), SERVICE)


def job(of: Known, access: str, *, changed: bool = False) -> Job:
    made = Job(cast(Any, None), of, {}, DialogPlan("d"), None, changed=changed)
    made.read.access = access
    return made


@pytest.mark.parametrize("refusal", ["denied", "level_too_low"])
def test_a_refusal_says_nothing_of_what_another_reads_whole(refusal: str) -> None:
    ours, alone = sharing(3, box()), sharing(3)
    assert ours.leaves(job(known("full"), refusal), shown=True)
    assert not alone.leaves(job(known("full"), refusal), shown=True), "nobody else will come"
    assert not ours.leaves(job(known("full"), refusal, changed=True), shown=True), "a change is news"
    assert not ours.leaves(job(known("full", US), refusal), shown=True)
    assert not ours.leaves(job(known("level_too_low"), refusal), shown=True)
    assert not ours.leaves(job(known("full"), "full"), shown=True)
    assert alone.leaves(job(known("full"), refusal), shown=False) is (refusal == "level_too_low")
