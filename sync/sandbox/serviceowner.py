"""The service owner's writes, as the genuine API takes them. They need no token here: only tests and seeds write.

An id in the header `X-Sandbox-Id` is given to what a POST creates, so that a recorded run keeps its ids.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from sync.sandbox import validation, writes
from sync.sandbox.dialogs import Dialog, JsonObject
from sync.sandbox.ids import is_guid
from sync.sandbox.patch import PatchError, apply_patch
from sync.sandbox.problems import JSON_TYPE, Answer, Refused, empty_answer, json_answer, not_found, removed
from sync.sandbox.routing import Request

GIVEN_ID_HEADER = "x-sandbox-id"


def create_dialog(request: Request) -> Answer:
    """POST /serviceowner/dialogs"""
    body = _body(request)
    validation.check_types(body)
    validation.check_create(body)
    given = _given_id(request) or body.get("id")
    if given is not None and (given in request.world.dialogs or given in request.world.purged):
        raise Refused(409, {"Id": [f"Entity 'DialogEntity' with the following key(s) already exists: ({given})."]})
    dialog = writes.create(request.world, body, _given_id(request), silent=_is_silent(request))
    location = f"/api/v1/serviceowner/dialogs/{dialog.id}"
    return json_answer(dialog.id, 201, {"ETag": dialog.revision, "Location": location})


def put_dialog(request: Request) -> Answer:
    """PUT /serviceowner/dialogs/{dialogId}: the whole update form; children without an id are new ones."""
    return _update(request, _dialog(request), _body(request))


def patch_dialog(request: Request) -> Answer:
    """PATCH /serviceowner/dialogs/{dialogId}: a JSON patch on the update form."""
    dialog = _dialog(request)
    operations = _json(request)
    if not isinstance(operations, list):
        raise Refused(400, {"serializerErrors": ["The request body is not a JSON patch document."]})
    try:
        body = apply_patch(writes.update_form(dialog), operations)
    except PatchError as error:
        # This refusal is no problem body: the genuine server sends the bare errors.
        content = msgspec.json.encode({"UpdateDialogDto": [str(error)]})
        return Answer(400, content, {"Content-Type": JSON_TYPE, "Vary": "Accept-Encoding"})
    return _update(request, dialog, body)


def delete_dialog(request: Request) -> Answer:
    """DELETE /serviceowner/dialogs/{dialogId}: soft."""
    dialog = _dialog(request)
    writes.delete(request.world, dialog)
    return empty_answer(204, {"ETag": dialog.revision})


def restore_dialog(request: Request) -> Answer:
    """POST /serviceowner/dialogs/{dialogId}/actions/restore"""
    dialog = _dialog(request, deleted_too=True)
    if dialog.deleted_at is not None:
        writes.restore(request.world, dialog)
    return empty_answer(204, {"ETag": dialog.revision})


def purge_dialog(request: Request) -> Answer:
    """POST /serviceowner/dialogs/{dialogId}/actions/purge"""
    request.world.remove(_dialog(request, deleted_too=True))
    return empty_answer(204)


def freeze_dialog(request: Request) -> Answer:
    """POST /serviceowner/dialogs/{dialogId}/actions/freeze: from now on the owner's changes are refused."""
    dialog = _dialog(request)
    dialog.frozen = True
    return empty_answer(204, {"ETag": dialog.revision})


def add_transmission(request: Request) -> Answer:
    """POST /serviceowner/dialogs/{dialogId}/transmissions"""
    dialog = _dialog(request)
    body = _body(request)
    validation.check_types({"transmissions": [body]})
    validation.check_transmission(body, dialog.is_api_only)
    if body.get("id") in {one["id"] for one in dialog.transmissions}:
        raise Refused(409, {"Id": [f"Entity 'DialogTransmission' already exists: ({body['id']})."]})
    silent = _is_silent(request)
    new_id = writes.add_transmission(request.world, dialog, body, silent=silent, new_id=_given_id(request))
    return json_answer(new_id, 201, {"ETag": dialog.revision})


def edit_transmission(request: Request) -> Answer:
    """PUT /serviceowner/dialogs/{dialogId}/transmissions/{transmissionId}: only silently."""
    if not _is_silent(request):
        raise Refused(400, {"isSilentUpdate": ["IsSilentUpdate must be true when updating transmissions."]})
    dialog = _dialog(request)
    body = _body(request)
    wanted = request.params["transmissionId"].lower()
    if wanted not in {one["id"] for one in dialog.transmissions}:
        raise not_found("DialogTransmission", wanted)
    validation.check_types({"transmissions": [body]})
    validation.check_transmission(body, dialog.is_api_only)
    writes.edit_transmission(request.world, dialog, wanted, body)
    return empty_answer(204, {"ETag": dialog.revision})


def add_activity(request: Request) -> Answer:
    """POST /serviceowner/dialogs/{dialogId}/activities"""
    dialog = _dialog(request)
    body = _body(request)
    validation.check_types({"activities": [body]})
    validation.check_activity(body, {one["id"] for one in dialog.transmissions})
    silent = _is_silent(request)
    new_id = writes.add_activity(request.world, dialog, body, silent=silent, new_id=_given_id(request))
    return json_answer(new_id, 201, {"ETag": dialog.revision})


def _update(request: Request, dialog: Dialog, body: JsonObject) -> Answer:
    validation.check_types(body)
    validation.check_update(body)
    writes.update(request.world, dialog, body, silent=_is_silent(request))
    return empty_answer(204, {"ETag": dialog.revision})


def _dialog(request: Request, *, deleted_too: bool = False) -> Dialog:
    text = request.params["dialogId"]
    if not is_guid(text):
        raise Refused(400, {"dialogId": [f"Value [{text}] is not valid for a [Guid] property!"]})
    dialog_id = str(uuid.UUID(text))
    dialog = request.world.dialogs.get(dialog_id)
    if dialog is None:
        raise not_found("DialogEntity", dialog_id)
    if dialog.deleted_at is not None and not deleted_too:
        raise removed(dialog_id)
    if dialog.frozen and not deleted_too:
        raise Refused(403, {"Forbidden": ["This dialog is frozen and cannot be changed."]})
    return dialog


def _is_silent(request: Request) -> bool:
    return any(name.lower() == "issilentupdate" and value.lower() == "true" for name, value in request.query)


def _given_id(request: Request) -> str | None:
    given = request.given_id or request.header(GIVEN_ID_HEADER)
    return given.lower() if given else None


def _json(request: Request) -> Any:
    try:
        return msgspec.json.decode(request.body)
    except msgspec.DecodeError:
        raise Refused(400, {"serializerErrors": ["The request body is not valid JSON."]}) from None


def _body(request: Request) -> JsonObject:
    body = _json(request)
    if not isinstance(body, dict):
        raise Refused(400, {"serializerErrors": ["The request body is not a JSON object."]})
    return body
