"""The end-user API: dialogs, their children and the label writes (reference: end-user API §3, §5, §8, §9)."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from sync.sandbox import render_detail
from sync.sandbox.dialogs import SENT, SYSTEM_LABELS, Dialog, JsonObject
from sync.sandbox.filters import read_search
from sync.sandbox.ids import is_guid
from sync.sandbox.instants import http_date, whole_seconds
from sync.sandbox.labels import change_labels
from sync.sandbox.languages import read_accepted
from sync.sandbox.problems import (
    Answer,
    Refused,
    empty_answer,
    forbidden,
    json_answer,
    level_too_low,
    not_found,
    removed,
)
from sync.sandbox.routing import Request, viewer_for
from sync.sandbox.search import Searcher
from sync.sandbox.seen import caller_as_actor, mark_seen
from sync.sandbox.viewers import Viewer

MAX_BULK = 100
_LABEL_TYPE = "Digdir.Domain.Dialogporten.Domain.DialogEndUserContexts.Entities.SystemLabel+Values"
_SENT_BY_HAND = (
    "Cannot manually add or remove system label Sent. It is added automatically when a transmissions of type "
    "'Submission or 'Correction' is added to the dialog."
)


class Dialogs:
    """The endpoints, bound to one searcher."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    def search(self, request: Request) -> Answer:
        """GET /dialogs"""
        viewer = viewer_for(request, read_accepted(request.header("accept-language")))
        return self._searcher.page(viewer, read_search(request.query))


def get_dialog(request: Request) -> Answer:
    """GET /dialogs/{dialogId}: marks as seen, also where the answer is a 500."""
    viewer = viewer_for(request, read_accepted(request.header("accept-language")))
    dialog = _dialog(request)
    if not viewer.has_main_access(dialog, with_actions=True) and not viewer.may_list(dialog):
        raise forbidden()
    if dialog.deleted_at is not None:
        raise removed(dialog.id)
    if viewer.is_level_too_low(dialog):
        raise level_too_low()
    now = viewer.world.now()
    if dialog.is_hidden(now) and dialog.visible_from is not None:
        text = f"Dialog is not visible until {whole_seconds(dialog.visible_from)}"
        raise Refused(404, {"DialogEntity": [text]}, headers={"Expires": http_date(dialog.visible_from)})
    if dialog.is_expired(now) and dialog.expires_at is not None:
        raise Refused(404, {"DialogEntity": [f"Dialog expired at {whole_seconds(dialog.expires_at)}"]})
    fresh = mark_seen(viewer.world, dialog, viewer.caller)
    return json_answer(render_detail.detail(viewer, dialog, fresh), headers={"ETag": dialog.revision})


def list_transmissions(request: Request) -> Answer:
    """GET /dialogs/{dialogId}/transmissions"""
    viewer, dialog = _for_children(request, languages=True)
    return json_answer(render_detail.transmissions(viewer, dialog))


def get_transmission(request: Request) -> Answer:
    """GET /dialogs/{dialogId}/transmissions/{transmissionId}"""
    wanted = _guid(request, "transmissionId")
    viewer, dialog = _for_children(request, languages=True)
    for item in render_detail.transmissions(viewer, dialog):
        if item["id"] == wanted:
            return json_answer(item)
    raise not_found("DialogTransmission", wanted)


def list_activities(request: Request) -> Answer:
    """GET /dialogs/{dialogId}/activities"""
    viewer, dialog = _for_children(request, languages=True)
    return json_answer(render_detail.activities(viewer, dialog))


def get_activity(request: Request) -> Answer:
    """GET /dialogs/{dialogId}/activities/{activityId}"""
    wanted = _guid(request, "activityId")
    viewer, dialog = _for_children(request, languages=True)
    for one in dialog.activities:
        if one["id"] == wanted:
            return json_answer(render_detail.activity(viewer, one))
    raise not_found("DialogActivity", wanted)


def list_seen(request: Request) -> Answer:
    """GET /dialogs/{dialogId}/seenlog"""
    viewer, dialog = _for_children(request)
    return json_answer(render_detail.seen_log(viewer, dialog))


def get_seen(request: Request) -> Answer:
    """GET /dialogs/{dialogId}/seenlog/{seenLogId}"""
    wanted = _guid(request, "seenLogId")
    viewer, dialog = _for_children(request)
    for item in render_detail.seen_log(viewer, dialog):
        if item["id"] == wanted:
            return json_answer(item)
    raise not_found("DialogSeenLog", wanted)


def list_label_log(request: Request) -> Answer:
    """GET /dialogs/{dialogId}/context/labellog"""
    viewer, dialog = _for_children(request, deleted_is_gone=False)
    return json_answer(render_detail.label_log(viewer, dialog))


def put_labels(request: Request) -> Answer:
    """PUT /dialogs/{dialogId}/context/systemlabels"""
    dialog_id = _guid(request, "dialogId")
    if_match = _if_match(request.header("if-match"))
    body = _body(request)
    add, remove = _labels(body)
    viewer = viewer_for(request)
    dialog = viewer.world.dialogs.get(dialog_id)
    if dialog is None or dialog.deleted_at is not None:
        raise not_found("DialogEntity", dialog_id)
    if not viewer.may_list(dialog):
        raise forbidden(f"You do not have access to the following dialogs: {dialog_id}")
    if if_match is not None and if_match != dialog.context_revision:
        raise Refused(412)
    _apply(viewer, dialog, add, remove)
    return empty_answer(204, {"ETag": dialog.context_revision})


def bulk_set_labels(request: Request) -> Answer:
    """POST /dialogs/context/systemlabels/actions/bulkset: all or nothing, and no ETag."""
    body = _body(request)
    add, remove = _labels(body)
    wanted: list[tuple[str, str | None]] = []
    for index, one in enumerate(body.get("dialogs") or ()):
        dialog_id = str(one.get("dialogId", "")) if isinstance(one, dict) else ""
        if not is_guid(dialog_id):
            raise Refused(400, {f"dialogs[{index}].dialogId": ["The JSON value could not be converted."]})
        wanted.append((str(uuid.UUID(dialog_id)), one.get("endUserContextRevision")))
    ids = [dialog_id for dialog_id, _ in wanted]
    if not 1 <= len(ids) <= MAX_BULK:
        raise Refused(400, {"dialogs.Count": [f"'Count' must be between 1 and {MAX_BULK}. You entered {len(ids)}."]})
    if len(set(ids)) != len(ids):
        raise Refused(400, {"dialogs": ["'Dialogs' must not contain duplicate ids."]})
    viewer = viewer_for(request)
    found = {one: viewer.world.dialogs.get(one) for one in ids}
    dialogs = {
        one: dialog
        for one, dialog in found.items()
        if dialog is not None and dialog.deleted_at is None and viewer.may_list(dialog)
    }
    lacking = [one for one in ids if one not in dialogs]
    if lacking:
        raise not_found("DialogEntity", ", ".join(lacking))
    if any(revision and str(revision) != dialogs[one].context_revision for one, revision in wanted):
        raise Refused(412)
    for dialog in dialogs.values():
        _apply(viewer, dialog, add, remove)
    return empty_answer(204)


def _apply(viewer: Viewer, dialog: Dialog, add: list[str], remove: list[str]) -> None:
    world = viewer.world
    actor = caller_as_actor(world, viewer.caller)
    if change_labels(dialog, add, remove, actor, world.now(), world.ids.revision()):
        world.touch(dialog)


def _guid(request: Request, name: str) -> str:
    text = request.params[name]
    if not is_guid(text):
        raise Refused(400, {name: [f"Value [{text}] is not valid for a [Guid] property!"]})
    return str(uuid.UUID(text.strip("(){}")))


def _dialog(request: Request) -> Dialog:
    dialog_id = _guid(request, "dialogId")
    dialog = request.world.dialogs.get(dialog_id)
    if dialog is None:
        raise not_found("DialogEntity", dialog_id)
    return dialog


def _for_children(request: Request, *, languages: bool = False, deleted_is_gone: bool = True) -> tuple[Viewer, Dialog]:
    """The checks that the children's endpoints share: no access reads as not found, and no list fallback."""
    accepted = read_accepted(request.header("accept-language")) if languages else ()
    viewer = viewer_for(request, accepted)
    dialog = _dialog(request)
    if not viewer.has_main_access(dialog, with_actions=False):
        raise not_found("DialogEntity", dialog.id)
    if dialog.deleted_at is not None:
        raise removed(dialog.id) if deleted_is_gone else not_found("DialogEntity", dialog.id)
    if viewer.is_level_too_low(dialog):
        raise level_too_low()
    return viewer, dialog


def _if_match(header: str | None) -> str | None:
    if header is None:
        return None
    if not is_guid(header):
        raise Refused(400, {"If-Match": [f"Unable to bind header value [{header}] to a [Nullable`1] property!"]})
    return str(uuid.UUID(header))


def _body(request: Request) -> JsonObject:
    try:
        body: Any = msgspec.json.decode(request.body)
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, {"serializerErrors": ["The request body is not valid JSON."]})
    return body


def _labels(body: JsonObject) -> tuple[list[str], list[str]]:
    errors: dict[str, list[str]] = {}
    read: dict[str, list[str]] = {}
    for name in ("addLabels", "removeLabels", "systemLabels"):
        read[name] = []
        for index, value in enumerate(body.get(name) or ()):
            known = next((one for one in SYSTEM_LABELS if one.lower() == str(value).lower()), None)
            path = f"{name}[{index}]"
            if known is None:
                text = f"The JSON value could not be converted to {_LABEL_TYPE}. Path: $.{path} | LineNumber: 0 | "
                raise Refused(400, {path: [f"{text}BytePositionInLine: 0."]})
            if known == SENT:
                errors[path] = [_SENT_BY_HAND]
            read[name].append(known)
    if errors:
        raise Refused(400, errors)
    return read["addLabels"] + read["systemLabels"], read["removeLabels"]
