"""Short ids are told apart by the archive itself, on both engines."""

from __future__ import annotations

from store.archive import Archive
from sync.cli.dialog_ids import dialog_named, short_ids
from tests.store.rows import batch, dialog

NEAR = ("01a1fd23-6a9c-78eb-9090-f7c7349f1b37", "01a1fd23-8027-78cc-b4ac-6bf9d6deb074")
TWINS = ("01a20770-7661-7e0a-a056-02147b42580f", "01a20770-7661-7e0a-a056-02147b42580e")
ALONE = "01a213d6-dd12-730e-abaa-316a4e7a155f"


def test_every_short_id_names_its_dialog_and_no_other(archive: Archive) -> None:
    ids = [*NEAR, *TWINS, ALONE]
    archive.write(batch(*(dialog(number, id=each, labels=()) for number, each in enumerate(ids))))
    short = short_ids(archive, ids)
    assert [short[each] for each in ids] == ["01a1fd23-6", "01a1fd23-8", *TWINS, "01a213d6"]
    assert [dialog_named(archive, short[each]) for each in ids] == ids


def test_short_ids_are_found_for_as_many_as_a_list_may_hold(archive: Archive) -> None:
    ids = [f"0{number:03x}0000-0000-7000-8000-000000000000" for number in range(350)]
    archive.write(batch(*(dialog(number, id=each, labels=()) for number, each in enumerate(ids))))
    assert short_ids(archive, ids) == {each: each[:8] for each in ids}
