"""The label context of a dialog: what may be set, what is logged, what moves (reference: end-user API §6.2, §8)."""

from __future__ import annotations

from collections.abc import Iterable

from sync.sandbox.dialogs import ARCHIVE, BIN, DEFAULT, MARKED, SENT, Dialog, JsonObject, LabelEntry

SERVICE_OWNER: JsonObject = {"actorType": "ServiceOwner"}
_FOLDERS = (DEFAULT, BIN, ARCHIVE)


def change_labels(
    dialog: Dialog, add: Iterable[str], remove: Iterable[str], actor: JsonObject, now: str, revision: str
) -> bool:
    """Removals, then additions. True when a label changed; the context then has `revision`."""
    wanted = set(dialog.labels)
    for label in remove:
        if label in wanted and label != DEFAULT:
            wanted.discard(label)
            if label in (BIN, ARCHIVE):
                wanted.add(DEFAULT)
    for label in add:
        if label in _FOLDERS:
            wanted -= set(_FOLDERS)
        wanted.add(label)
    if wanted == dialog.labels:
        return False
    _log_changes(dialog, wanted, actor, now)
    dialog.labels = wanted
    dialog.context_revision = revision
    return True


def after_owner_change(dialog: Dialog, now: str, revision: str) -> None:
    """A loud change by the service owner takes the dialog out of Bin and Archive."""
    if DEFAULT not in dialog.labels:
        change_labels(dialog, (DEFAULT,), (), SERVICE_OWNER, now, revision)


def set_sent(dialog: Dialog, now: str, revision: str) -> None:
    """A letter from the party sets Sent, once and for all; the context gets `revision`."""
    if SENT not in dialog.labels:
        change_labels(dialog, (SENT,), (), SERVICE_OWNER, now, revision)


def clear_mark(dialog: Dialog, actor: JsonObject, now: str) -> bool:
    """What an opening does to MarkedAsUnopened: gone and logged, but the context keeps its revision."""
    if MARKED not in dialog.labels:
        return False
    dialog.labels.discard(MARKED)
    dialog.label_log.append(LabelEntry(now, MARKED, "remove", actor))
    return True


def _log_changes(dialog: Dialog, wanted: set[str], actor: JsonObject, now: str) -> None:
    for action, labels in (("set", wanted - dialog.labels), ("remove", dialog.labels - wanted)):
        for label in sorted(labels - {DEFAULT}):
            dialog.label_log.append(LabelEntry(now, label, action, actor))
