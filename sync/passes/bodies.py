"""The bodies the archive holds of one dialog, and the error for one that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

KINDS = ("list", "detail", "transmissions", "activities", "seenlog", "labellog")


class MalformedItem(ValueError):
    """A body, or an item of a page, that cannot become rows; the executor puts it into quarantine.

    `reason` names the field and never quotes a value. `kind` is the body's kind, `dialog_id` and `party` are None
    where unknown.
    """

    def __init__(self, reason: str, kind: str = "list", dialog_id: str | None = None, party: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.dialog_id = dialog_id
        self.party = party


class Bodies(msgspec.Struct, frozen=True, gc=False):
    """The newest body of each kind, as the server sent it: read now, else from the archive; None = never read.

    A list item or a detail must be there. What both tell is taken from the list item unless `detail_is_newer`.
    """

    list_item: bytes | None
    detail: bytes | None = None
    transmissions: bytes | None = None
    activities: bytes | None = None
    seenlog: bytes | None = None
    labellog: bytes | None = None
    detail_is_newer: bool = False

    @classmethod
    def of(cls, bodies: Mapping[str, bytes], *, detail_is_newer: bool = False) -> Bodies:
        """From kind → body, the kinds of table `payload`."""
        return cls(
            bodies.get("list"),
            bodies.get("detail"),
            bodies.get("transmissions"),
            bodies.get("activities"),
            bodies.get("seenlog"),
            bodies.get("labellog"),
            detail_is_newer,
        )

    def __repr__(self) -> str:
        # A detail carries its dialog token until it is scrubbed.
        return f"Bodies({', '.join(self.by_kind())})"

    def by_kind(self) -> dict[str, bytes]:
        """Kind → body, without the kinds that were never read."""
        found = {
            "list": self.list_item,
            "detail": self.detail,
            "transmissions": self.transmissions,
            "activities": self.activities,
            "seenlog": self.seenlog,
            "labellog": self.labellog,
        }
        return {kind: body for kind, body in found.items() if body is not None}
