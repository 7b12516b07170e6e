"""Reading the end-user API's answers: tolerant of what may vary, strict about what may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.dialogporten import wire


def test_seven_digits_are_cut_to_six_and_not_rounded() -> None:
    assert wire.instant("2026-11-22T06:34:39.8974069Z") == "2026-11-22T06:34:39.897406Z"
    assert wire.instant("2026-12-31T23:59:59.9999999Z") == "2026-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        ("2026-03-01T09:08:07Z", "2026-03-01T09:08:07.000000Z"),
        ("2026-03-01T09:08:07.5Z", "2026-03-01T09:08:07.500000Z"),
        ("2026-03-01T09:08:07.1234567z", "2026-03-01T09:08:07.123456Z"),
        ("2026-03-01T09:08:07.123456789012Z", "2026-03-01T09:08:07.123456Z"),
        ("2026-03-01T09:08:07+01:00", "2026-03-01T08:08:07.000000Z"),
        ("2026-03-01T00:08:07.25-0230", "2026-03-01T02:38:07.250000Z"),
        ("0001-01-01T00:00:00.0000000Z", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_any_spelling_of_a_time_with_a_zone_becomes_the_canonical_one(spelled: str, canonical: str) -> None:
    assert wire.instant(spelled) == canonical


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "i går",
        "2026-03-01",
        "2026-03-01T09:08:07",
        "2026-03-01T09:08:07.1234567",
        "2026-13-01T09:08:07.1234567Z",
        "2026-02-30T09:08:07.1234567Z",
        "2026-03-01T25:08:07.1234567Z",
        "2026-03-01T09:08:07.12345x7Z",
        "2026-W48-7T06:34:39.7387300Z",
        "0000-01-01T00:00:00.0000000Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-03-01T09:08:07+25:00",
    ],
)
def test_what_is_no_time_is_refused_by_the_name_of_its_field_and_without_its_value(spelled: str) -> None:
    with pytest.raises(ValueError, match=r"^dueAt is not a time with a zone$"):
        wire.instant(spelled, "dueAt")


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001
    st.integers(0, 9),
    st.integers(-14 * 60, 14 * 60),
)
def test_the_same_moment_has_one_spelling(moment: datetime, seventh: int, offset: int) -> None:
    there = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=offset)))
    local = there.replace(tzinfo=None).isoformat(timespec="microseconds")
    sign, minutes = ("-" if offset < 0 else "+"), abs(offset)
    spelled = f"{local}{seventh}{sign}{minutes // 60:02}:{minutes % 60:02}"
    assert wire.instant(spelled) == moment.isoformat(timespec="microseconds") + "Z"


def test_missing_null_and_unknown_are_read_alike() -> None:
    item = wire.list_item(b'{"id":null,"seenSinceLastUpdate":null,"content":null,"isApiOnly":null,"later":{"x":[1]}}')
    assert item == wire.list_item(b"{}")


def test_an_unknown_enum_value_is_kept_as_text() -> None:
    assert wire.list_item(b'{"status":"Levitating"}').status == "Levitating"


def test_one_bad_item_does_not_take_its_page_along() -> None:
    page = wire.list_page(b'{"items":[{"id":"a"},{"id":7},{"id":"c"}],"hasNextPage":true,"continuationToken":"t"}')
    assert page.items is not None
    assert [wire.list_item(bytes(page.items[n])).id for n in (0, 2)] == ["a", "c"]
    with pytest.raises(msgspec.ValidationError):
        wire.list_item(bytes(page.items[1]))


def test_an_error_names_the_path_and_not_the_value() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        wire.list_item(b'{"latestActivity":{"performedBy":{"actorName":[13027745678]}}}')
    assert "latestActivity.performedBy.actorName" in str(caught.value)
    assert "13027745678" not in str(caught.value)


def test_a_number_that_no_integer_column_holds_is_the_items_own_fault() -> None:
    with pytest.raises(msgspec.ValidationError):
        wire.list_item(b'{"fromPartyTransmissionsCount":3000000000}')


def test_the_last_page_has_a_token_and_no_next_page() -> None:
    page = wire.list_page(b'{"items":[],"hasNextPage":false,"continuationToken":"updatedat_x,id_y"}')
    assert page.has_next_page is False
    assert page.continuation_token == "updatedat_x,id_y"


@pytest.mark.parametrize(
    ("spelled", "read"),
    [
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'"\u0000\u0000"', "\ufffd\ufffd"),
        (rb'"\\u0000"', "\\u0000"),
        (rb'"\\\u0000"', "\\\ufffd"),
    ],
)
def test_the_null_character_never_reaches_the_archive(spelled: bytes, read: str) -> None:
    assert wire.list_item(b'{"externalReference":' + spelled + b"}").external_reference == read


def test_labels_come_from_the_label_context_and_else_from_the_obsolete_field() -> None:
    both = b'{"systemLabel":"Default","endUserContext":{"systemLabels":["Sent","Archive","Sent"]}}'
    assert wire.list_item(both).labels == ("Archive", "Sent")
    assert wire.list_item(b'{"systemLabel":"Bin","endUserContext":{"systemLabels":[]}}').labels == ("Bin",)


def test_an_ephemeral_id_is_no_lasting_id() -> None:
    assert wire.Actor(actor_id="urn:altinn:person:identifier-ephemeral:9c2dac1064").lasting_id is None
    assert wire.Actor(actor_id="urn:altinn:systemuser:uuid:1").lasting_id == "urn:altinn:systemuser:uuid:1"
