"""The list of endpoints, put together for one world."""

from __future__ import annotations

from sync.sandbox import enduser, serviceowner, surroundings
from sync.sandbox.routing import Router, route
from sync.sandbox.search import Searcher
from sync.sandbox.world import World

_ENDUSER = "/api/v1/enduser"
_OWNER = "/api/v1/serviceowner/dialogs"
_ONE = f"{_ENDUSER}/dialogs/{{dialogId}}"
_OWN = f"{_OWNER}/{{dialogId}}"


def router_for(world: World) -> Router:
    """A router over every endpoint the sandbox plays."""
    dialogs = enduser.Dialogs(Searcher(world))
    return Router(
        world,
        (
            route("GET", f"{_ENDUSER}/dialogs", "enduser", dialogs.search),
            route("GET", _ONE, "enduser", enduser.get_dialog),
            route("GET", f"{_ONE}/transmissions", "enduser", enduser.list_transmissions),
            route("GET", f"{_ONE}/transmissions/{{transmissionId}}", "enduser", enduser.get_transmission),
            route("GET", f"{_ONE}/activities", "enduser", enduser.list_activities),
            route("GET", f"{_ONE}/activities/{{activityId}}", "enduser", enduser.get_activity),
            route("GET", f"{_ONE}/seenlog", "enduser", enduser.list_seen),
            route("GET", f"{_ONE}/seenlog/{{seenLogId}}", "enduser", enduser.get_seen),
            route("GET", f"{_ONE}/context/labellog", "enduser", enduser.list_label_log),
            route("PUT", f"{_ONE}/context/systemlabels", "enduser", enduser.put_labels),
            route(
                "POST", f"{_ENDUSER}/dialogs/context/systemlabels/actions/bulkset", "enduser", enduser.bulk_set_labels
            ),
            route("GET", f"{_ENDUSER}/parties", "enduser", surroundings.get_parties),
            route("GET", f"{_ENDUSER}/serviceresources", "enduser", surroundings.get_authorized_services),
            route("GET", f"{_ENDUSER}/dialoglookup", "enduser", surroundings.lookup_dialog),
            route("GET", "/api/v1/metadata/limits", "open", surroundings.get_limits),
            route("GET", "/api/v1/metadata/serviceresources", "open", surroundings.get_services),
            route("GET", "/api/v1/.well-known/jwks.json", "open", surroundings.get_dialog_token_keys),
            route("GET", "/api/v1/.well-known/oauth-authorization-server", "open", surroundings.get_issuer_metadata),
            route("GET", "/health/liveness", "open", surroundings.get_liveness),
            route("POST", _OWNER, "owner", serviceowner.create_dialog),
            route("PUT", _OWN, "owner", serviceowner.put_dialog),
            route("PATCH", _OWN, "owner", serviceowner.patch_dialog),
            route("DELETE", _OWN, "owner", serviceowner.delete_dialog),
            route("POST", f"{_OWN}/actions/restore", "owner", serviceowner.restore_dialog),
            route("POST", f"{_OWN}/actions/purge", "owner", serviceowner.purge_dialog),
            route("POST", f"{_OWN}/actions/freeze", "owner", serviceowner.freeze_dialog),
            route("POST", f"{_OWN}/transmissions", "owner", serviceowner.add_transmission),
            route("PUT", f"{_OWN}/transmissions/{{transmissionId}}", "owner", serviceowner.edit_transmission),
            route("POST", f"{_OWN}/activities", "owner", serviceowner.add_activity),
        ),
    )
