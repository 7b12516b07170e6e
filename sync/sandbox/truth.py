"""What the server would let a caller read, told without any side effect: what tests compare an archive with."""

from __future__ import annotations

from sync.sandbox import render_detail
from sync.sandbox.callers import Caller
from sync.sandbox.dialogs import Dialog, JsonObject
from sync.sandbox.problems import Refused
from sync.sandbox.render_list import list_item
from sync.sandbox.surroundings import authorized_parties
from sync.sandbox.viewers import Viewer, viewer_of
from sync.sandbox.world import World


def truth_for(world: World, caller: Caller) -> JsonObject:
    """`{"parties", "dialogs"}`: every dialog of every party the caller may see, whatever its state.

    A refused part is left out, and `refused` names it with the status the endpoint would give.
    """
    viewer = viewer_of(world, caller)
    dialogs = [_dialog(viewer, dialog) for dialog in world.dialogs.values() if viewer.may_list(dialog)]
    purged = [
        {"id": dialog_id, "party": party, "state": "purged"}
        for dialog_id, party in world.purged.items()
        if viewer.grants.unlimited or party in viewer.grants.parties
    ]
    return {"parties": authorized_parties(viewer), "dialogs": dialogs + purged}


def state_of(dialog: Dialog, now: str) -> str:
    """`present`, `deleted`, `hidden` or `expired`."""
    if dialog.deleted_at is not None:
        return "deleted"
    if dialog.is_hidden(now):
        return "hidden"
    return "expired" if dialog.is_expired(now) else "present"


def _dialog(viewer: Viewer, dialog: Dialog) -> JsonObject:
    told: JsonObject = {
        "id": dialog.id,
        "party": dialog.party,
        "state": state_of(dialog, viewer.world.now()),
        "listItem": list_item(viewer, dialog),
        "seenlog": render_detail.seen_log(viewer, dialog),
        "labellog": render_detail.label_log(viewer, dialog),
        "refused": {},
    }
    try:
        if viewer.is_level_too_low(dialog):
            raise Refused(403)
        told["detail"] = render_detail.detail(viewer, dialog)
    except Refused as refusal:
        told["refused"]["detail"] = refusal.status
    if not viewer.has_main_access(dialog, with_actions=False):
        told["refused"]["children"] = 404
    elif viewer.is_level_too_low(dialog):
        told["refused"]["children"] = 403
    else:
        told["transmissions"] = render_detail.transmissions(viewer, dialog)
        told["activities"] = [render_detail.activity(viewer, one) for one in render_detail.ordered(dialog.activities)]
    return told
