"""One JSON document as a subject: the written contract of `dialogarkiv interpret FILE|-`.

What makes the whole input unusable is a ValueError in words that a person can act on.
"""

from __future__ import annotations

import json

from sync.attention.evidence import Subject
from sync.attention.reading import Json, subject_of, text

_OPENED = ("transmissions", "activities", "apiActions", "guiActions", "attachments", "revision")
_LISTED = ("latestActivity", "guiAttachmentCount", "seenSinceLastContentUpdate", "seenSinceLastUpdate")


def parse_subject(document: object) -> Subject:
    """The subject in one JSON document: text, bytes, or what a JSON parser made of it.

    Shapes: a GET-dialog body, or an item of a list by itself; `{"list_item", "transmissions", "activities"}` with
    `"dialog"` or `"fetch"` (`{"details_status", "details_problem"}`) beside it. ValueError tells what is wrong with
    anything else.
    """
    if isinstance(document, str | bytes | bytearray):
        try:
            document = json.loads(document)
        except UnicodeDecodeError:
            raise ValueError("The input is not UTF-8 text. Give one dialog as JSON.") from None
        except json.JSONDecodeError as problem:
            raise ValueError(
                f"The input is not JSON (line {problem.lineno}, column {problem.colno}: {problem.msg}). "
                "Give one dialog as JSON."
            ) from None
        except RecursionError:
            raise ValueError("The input is nested far deeper than any dialog. Give one dialog as JSON.") from None
    if not isinstance(document, dict):
        raise ValueError("The input is JSON, but not an object. Give the body of one dialog, not a list.")
    wrapped = any(key in document for key in ("list_item", "dialog", "fetch"))
    if not wrapped:
        if "items" in document and "status" not in document:
            raise ValueError("This is a page of a search, not one dialog. Give one of its items as list_item.")
        document = {"list_item" if is_list_item(document) else "dialog": document}
    dialog, list_item = part(document, "dialog"), part(document, "list_item")
    fetch = part(document, "fetch") or {}
    status = fetch.get("details_status")
    if status is not None and (isinstance(status, bool) or not isinstance(status, int)):
        raise ValueError(
            "fetch.details_status is not a number. Give the HTTP status of the refused opening, such as 403."
        )
    if dialog is None and list_item is None and status is None:
        raise ValueError("There is no dialog here: give dialog, or list_item, or fetch.details_status.")
    for name, body in (("dialog", dialog), ("list_item", list_item)):
        if body is not None and not isinstance(body.get("status"), str):
            raise ValueError(f"{name} has no status, so it is not a dialog as Dialogporten gives it.")
    return subject_of(
        list_item=list_item if list_item is not None else part(fetch, "list_item"),
        dialog=dialog,
        transmissions=children(document, "transmissions"),
        activities=children(document, "activities"),
        details_status=status,
        details_problem=words(fetch.get("details_problem")),
    )


def is_list_item(body: Json) -> bool:
    """True for an item of a list, which says nothing of actions: that is not the same as that there are none."""
    return not any(key in body for key in _OPENED) and any(key in body for key in _LISTED)


def part(document: Json, name: str) -> Json | None:
    """An object in the document, None when missing; ValueError when it is something else."""
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not a JSON object.")
    return value


def children(document: Json, name: str) -> list[Json] | None:
    """A list in the document, None when missing; ValueError when it is something else."""
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError(f"{name} is not a list of JSON objects.")
    return value


def words(problem: object) -> str:
    """The server's words of a refusal, given as text or as the problem body itself."""
    return text(problem) if problem is None or isinstance(problem, str) else json.dumps(problem, ensure_ascii=False)
