"""What each answer of Dialogporten means, and what the errors say."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.dialogporten import errors
from sync.dialogporten.errors import (
    ArkivError,
    BadGateway,
    BadRequest,
    Busy,
    Conflict,
    Context,
    DialogForbidden,
    Gone,
    LevelTooLow,
    NotAuthenticated,
    NotFound,
    Outdated,
    ServerFault,
    TooBroad,
    Unexpected,
    WrongScope,
    WrongUser,
)
from sync.dialogporten.refusals import refusal

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
DIALOG = "01a201f6-d692-7189-978d-a9b633a191fa"
PERSON = "urn:altinn:person:identifier-no:03886595947"
AT = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
DIALOGS = "/api/v1/enduser/dialogs"
ON_DIALOG = Context(at=AT, url_path=f"{DIALOGS}/{DIALOG}", dialog_id=DIALOG, connection="regnskap")
ON_SEARCH = Context(at=AT, url_path=DIALOGS, connection="regnskap", party=PERSON)


def problem(status: int, errors: dict[str, list[str]] | None = None, section: str = "6.5.1") -> bytes:
    body: dict[str, object] = {
        "type": f"https://datatracker.ietf.org/doc/html/rfc7231#section-{section}",
        "title": "Some title.",
        "status": status,
        "instance": "/api/v1/enduser/dialogs",
        "traceId": "00-2276d15fe7490d37a08bbf48e58204a2-ec3dbf8f30e6efc5-00",
    }
    if errors is not None:
        body["errors"] = errors
    return json.dumps(body).encode()


FORBIDDEN = {"Forbidden": ["Forbidden"]}
LEVEL = {"Forbidden": ["Altinn authentication level too low."]}
USER = {"Type": ["The request was made by an invalid user type. Person, SystemUser, IdportenEmailIdentifiedUser"]}
MISSING = {"DialogEntity": ["Entity 'DialogEntity' with the following key(s) was not found: (x)."]}
REMOVED = {"DialogEntity": ["Entity 'DialogEntity' with the following key(s) is removed: (x)."]}


@pytest.mark.parametrize(
    ("status", "body", "context", "expected"),
    [
        (400, problem(400, {"party[0]": ["'Party' must be on format"]}), ON_SEARCH, BadRequest),
        (406, problem(406), ON_SEARCH, BadRequest),
        (413, problem(413), ON_SEARCH, BadRequest),
        (401, b"", ON_SEARCH, NotAuthenticated),
        (403, b"", ON_SEARCH, WrongScope),
        (403, b"", ON_DIALOG, WrongScope),
        (403, problem(403, USER), ON_SEARCH, WrongUser),
        (403, problem(403, FORBIDDEN), ON_DIALOG, DialogForbidden),
        (403, problem(403, LEVEL), ON_DIALOG, LevelTooLow),
        (403, b"<html>Access denied</html>", ON_DIALOG, Unexpected),
        (400, problem(400, LEVEL, "6.5.3"), ON_DIALOG, LevelTooLow),
        (400, problem(400, FORBIDDEN, "6.5.3"), ON_DIALOG, DialogForbidden),
        (400, problem(400, USER, "6.5.3"), ON_SEARCH, WrongUser),
        (400, problem(400, None, "6.5.3"), ON_SEARCH, WrongScope),
        (404, problem(404, MISSING), ON_DIALOG, NotFound),
        (409, problem(409), ON_DIALOG, Conflict),
        (410, problem(410, REMOVED), ON_DIALOG, Gone),
        (412, problem(412), ON_DIALOG, Outdated),
        (422, problem(422, {"Search": ["The search matched too many dialogs"]}), ON_SEARCH, TooBroad),
        (422, b"", ON_SEARCH, TooBroad),
        (422, problem(422, {"Other": ["no"]}), ON_DIALOG, Unexpected),
        (429, b"", ON_SEARCH, Busy),
        (503, b"Maintenance", ON_SEARCH, Busy),
        (500, problem(500), ON_DIALOG, ServerFault),
        (502, problem(502), ON_SEARCH, BadGateway),
        (504, b"", ON_SEARCH, BadGateway),
        (408, b"", ON_SEARCH, BadGateway),
        (418, b"", ON_SEARCH, Unexpected),
        (304, b"", ON_SEARCH, Unexpected),
    ],
)
def test_an_answer_becomes_the_error_that_it_means(
    status: int, body: bytes, context: Context, expected: type[ArkivError]
) -> None:
    found = refusal(status, {}, body, context)
    assert type(found) is expected
    assert found.status == status
    assert found.at == AT
    assert found.connection == "regnskap"


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        b'{"statusCode": 404, "message": "Resource not found"}',
        b"[]",
        b"null",
        b'{"title": "Not Found", "status": 404, "traceId": "00-aa-bb-00"}',
    ],
)
def test_a_404_or_410_in_other_words_than_the_servers_says_nothing_about_a_dialog(status: int, body: bytes) -> None:
    assert type(refusal(status, {}, body, ON_DIALOG)) is Unexpected


def test_a_hidden_dialog_tells_from_when_it_is_visible() -> None:
    body = problem(404, {"DialogEntity": ["Dialog is not visible until 2026-11-22T07:34:43"]})
    found = refusal(404, {"expires": "Sun, 22 Nov 2026 07:34:43 GMT"}, body, ON_DIALOG)
    assert isinstance(found, NotFound)
    assert found.reason == "hidden"
    assert found.visible_from == datetime(2026, 11, 22, 7, 34, 43, tzinfo=UTC)


def test_an_expires_of_minus_one_is_no_time() -> None:
    body = problem(404, {"DialogEntity": ["Dialog is not visible until 2026-11-22T07:34:43"]})
    found = refusal(404, {"expires": "-1"}, body, ON_DIALOG)
    assert isinstance(found, NotFound)
    assert found.visible_from is None


def test_an_expired_dialog_is_told_apart_from_an_unknown_one() -> None:
    gone = refusal(404, {}, problem(404, {"DialogEntity": ["Dialog expired at 2026-11-22T07:34:43"]}), ON_DIALOG)
    unknown = refusal(404, {"expires": "Sun, 22 Nov 2026 07:34:43 GMT"}, problem(404, MISSING), ON_DIALOG)
    assert isinstance(gone, NotFound)
    assert isinstance(unknown, NotFound)
    assert (gone.reason, gone.expired) == ("expired", True)
    assert (unknown.reason, unknown.expired, unknown.visible_from) == ("unknown", False, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "Sun, 22 Nov 2026 06:31:00 GMT", "date": "Sun, 22 Nov 2026 06:30:00 GMT"}, 60.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_a_busy_server_says_how_long_in_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    found = refusal(503, headers, b"Down for maintenance", ON_SEARCH)
    assert isinstance(found, Busy)
    assert found.retry_after == seconds


def test_the_trace_id_of_the_body_is_kept_and_shown() -> None:
    found = refusal(502, {}, problem(502), ON_SEARCH)
    assert found.trace_id == "00-2276d15fe7490d37a08bbf48e58204a2-ec3dbf8f30e6efc5-00"
    assert "00-2276d15fe7490d37a08bbf48e58204a2-ec3dbf8f30e6efc5-00" in str(found)
    assert "2026-11-22T06:30:00Z" in str(found)


def test_a_trace_id_that_could_be_anything_is_dropped() -> None:
    body = json.dumps({"title": "x", "traceId": f"look {PERSON}\nAuthorization: Bearer abc"}).encode()
    assert refusal(500, {}, body, ON_SEARCH).trace_id is None


def test_a_bad_request_names_the_arguments_but_repeats_no_value() -> None:
    body = problem(400, {"party[0]": [f"Value [{PERSON}] is wrong"], PERSON: ["?"], "": ["Either of both"]})
    found = refusal(400, {}, body, ON_SEARCH)
    assert isinstance(found, BadRequest)
    assert "party[0]" in str(found)
    assert "03886595947" not in str(found) + repr(found) + repr(found.keys) + repr(found.facts())


def test_no_text_of_an_error_holds_a_national_id_or_a_query() -> None:
    context = Context(at=AT, url_path=f"{DIALOGS}?party={PERSON}", party=PERSON)
    for status in (400, 401, 403, 404, 410, 422, 429, 500, 502, 503):
        found = refusal(status, {}, problem(status, {"party": [PERSON]}), context)
        assert "03886595947" not in f"{found} {found!r} {found.args} {found.facts()} {context!r}"
        assert found.url_path == DIALOGS
        assert found.party == PERSON


def test_nonsense_in_a_body_never_breaks_the_mapping() -> None:
    for body in (b"\xff\xfe", b"{", b'{"errors": 3, "title": 4}', b'{"errors": {"a": {"b": 1}}}', b"[" * 100_000):
        for status in (400, 403, 404, 410, 422, 500):
            assert isinstance(refusal(status, {}, body, ON_DIALOG), ArkivError)


def every_class(root: type[ArkivError] = ArkivError) -> list[type[ArkivError]]:
    return [root, *(each for child in root.__subclasses__() for each in every_class(child))]


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    assert errors.__doc__ is not None
    drawn: dict[str, str | None] = {}
    for line in errors.__doc__.splitlines():
        words = line.lstrip(" │├└─").split()
        if words and ("── " in line or words[0] == "ArkivError"):
            drawn[words[0]] = (
                words[1] if len(words) > 1 and words[1] in ("user", "operator", "server", "nobody", "us") else None
            )
    classes = {each.__name__: each for each in every_class()}
    assert set(drawn) == set(classes)
    assert {name: who for name, who in drawn.items() if who} == {
        name: classes[name].who for name, who in drawn.items() if who
    }
    leaves = {name for name, each in classes.items() if not each.__subclasses__()}
    assert leaves <= {name for name, who in drawn.items() if who}, "every class that is raised says who must act"


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings of a genuine server are not here")
def test_every_refusal_that_a_genuine_server_gave_is_one_we_know() -> None:
    """Reference: end-user API §17 rows 2, 9, 10, 13, 14, 15, 21, 22, 23."""
    seen: set[str] = set()
    for file in sorted(RECORDINGS.glob("s*/*.json")):
        exchange = json.loads(file.read_text())
        asked, got = exchange["request"], exchange["response"]
        if "/enduser/" not in asked["path"] or got["status"] < 300:
            continue
        headers = {name.lower(): value for name, value in got["headers"].items()}
        body = b"" if got["body"] is None else json.dumps(got["body"]).encode()
        path = asked["path"].partition("?")[0]
        found = refusal(got["status"], headers, body, Context(at=AT, url_path=path, dialog_id=DIALOG))
        assert not isinstance(found, Unexpected) or body == b"", file
        if isinstance(found, NotFound):
            assert (found.visible_from is not None) == (found.reason == "hidden"), file
            seen.add(found.reason)
        if body:
            assert found.trace_id, file
        seen.add(type(found).__name__)
    assert {
        "BadRequest",
        "NotFound",
        "Gone",
        "ServerFault",
        "BadGateway",
        "Outdated",
        "hidden",
        "expired",
        "unknown",
    } <= seen
