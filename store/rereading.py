"""Which dialogs a pass reads again although no list item tells of a difference: the questions of the hot and the deep
pass.

Only dialogs that are present and readable. Each is read again by whoever read it last; by another reader of its party
only where that one has not polled it for a day, and where its service is not among those that are `beyond` that reader.
Equal answers on both engines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.engine import Connection

from store.batch import STILL_DUE, Standing
from store.clock import instant_text
from store.statements import table

SETTLED = ("Completed", "NotApplicable")
SILENT_READER = timedelta(days=1)
CLOCKS_DIFFER = timedelta(minutes=5)  # those of several machines that share an archive
_CHUNK = 500

# Connection and identity.
Reader = tuple[str, str]

_dialog = table("dialog")
_mailbox = table("mailbox")
_item = table("attention_item")
_verdict = table("verdict")


def unsettled(connection: Connection, reader: Reader, parties: Collection[str], now: str) -> list[Standing]:
    """Any status but a settled one, a due date not older than 30 days, an open attention item, or one that waits for
    this read.
    """
    d = _dialog.c
    attended = exists().where(and_(_item.c.dialog_id == d.id, _item.c.closed_at.is_(None)))
    waiting = exists().where(and_(_verdict.c.dialog_id == d.id, _verdict.c.pending_since.is_not(None)))
    open_ended = or_(
        d.status.is_(None), d.status.not_in(SETTLED), d.due_at >= earlier(now, STILL_DUE), attended, waiting
    )
    return _standing(connection, reader, parties, now, open_ended, None)


def rereadable(connection: Connection, reader: Reader, ids: Collection[str], now: str, since: str) -> list[str]:
    """Those of `ids` that are ours to read again, in the order given."""
    d = _dialog.c
    found: set[str] = set()
    for chunk in _chunks(sorted(ids)):
        met_before = or_(d.first_seen_at < since, d.first_seen_at > _not_yet(now))
        query = select(d.id).where(d.id.in_(chunk), met_before, *_ours(reader, now))
        found.update(connection.scalars(query))
    return [each for each in ids if each in found]


def deep_count(
    connection: Connection,
    reader: Reader,
    parties: Collection[str],
    before: str | None,
    now: str,
    *,
    delegated: bool,
    read_since: str | None = None,
    beyond: Collection[str] = (),
) -> int:
    """How many dialogs `deep_due` finds; with `read_since` those that were looked at later than that besides."""
    total = 0
    wanted = _deep(before, now)
    if read_since is not None:
        wanted = or_(wanted, _dialog.c.children_read_at > read_since)
    for whose in _whose(reader, parties, delegated=delegated):
        query = select(func.count()).select_from(_dialog).where(whose, wanted, *_ours(reader, now, beyond))
        total += connection.scalar(query) or 0
    return total


def deep_due(
    connection: Connection,
    reader: Reader,
    parties: Collection[str],
    before: str | None,
    now: str,
    *,
    delegated: bool,
    limit: int | None,
    beyond: Collection[str] = (),
) -> list[Standing]:
    """Dialogs with transmissions, or whose label log was never read, whose last look is not later than `before`; None =
    whenever it was.

    `delegated`: also those that were delegated to the reader one by one.
    """
    wanted = _deep(before, now)
    return _standing(connection, reader, parties, now, wanted, limit, delegated=delegated, beyond=beyond)


def earlier(now: str, by: timedelta) -> str:
    """The canonical time that much before `now`."""
    return instant_text(datetime.fromisoformat(now) - by)


def _not_yet(now: str) -> str:
    """What is later than this was written while the clock was wrong."""
    return earlier(now, -CLOCKS_DIFFER)


def _deep(before: str | None, now: str) -> ColumnElement[bool]:
    d = _dialog.c
    letter, payload = table("transmission"), table("payload")
    shows_nowhere = or_(
        d.from_service_owner_transmissions_count + d.from_party_transmissions_count > 0,
        exists().where(letter.c.dialog_id == d.id),
        not_(exists().where(and_(payload.c.dialog_id == d.id, payload.c.kind == "labellog"))),
    )
    if before is None:
        return shows_nowhere
    looked = d.children_read_at
    return and_(shows_nowhere, or_(looked.is_(None), looked <= before, looked > _not_yet(now)))


def _ours(reader: Reader, now: str, beyond: Collection[str] = ()) -> list[ColumnElement[bool]]:
    d, m = _dialog.c, _mailbox.c
    polled = exists().where(
        and_(
            m.connection == d.connection,
            m.identity == d.identity,
            m.party == d.party,
            m.state == "active",
            m.last_poll_at >= earlier(now, SILENT_READER),
        )
    )
    ours = and_(func.coalesce(d.connection, "") == reader[0], func.coalesce(d.identity, "") == reader[1])
    orphaned = not_(polled)
    if beyond:
        orphaned = and_(orphaned, func.coalesce(d.service_resource, "").not_in(sorted(beyond)))
    return [d.presence == "present", d.access == "full", or_(ours, orphaned)]


def _whose(reader: Reader, parties: Collection[str], *, delegated: bool) -> Iterator[ColumnElement[bool]]:
    """Conditions that share no dialog: the parties in chunks, then what was delegated to us one by one."""
    d = _dialog.c
    for chunk in _chunks(sorted(parties)):
        yield and_(d.party.in_(chunk), d.delegated.is_(False))
    if delegated and parties:
        yield and_(d.delegated.is_(True), d.connection == reader[0], d.identity == reader[1])


def _standing(
    connection: Connection,
    reader: Reader,
    parties: Collection[str],
    now: str,
    condition: ColumnElement[bool],
    limit: int | None,
    *,
    delegated: bool = True,
    beyond: Collection[str] = (),
) -> list[Standing]:
    d = _dialog.c
    found: list[Standing] = []
    for whose in _whose(reader, parties, delegated=delegated):
        query: Select[tuple[str, str, str | None]] = (
            select(d.id, d.party, d.updated_at)
            .where(whose, condition, *_ours(reader, now, beyond))
            .order_by(d.updated_at.desc().nulls_last(), d.id)
        )
        rows = connection.execute(query if limit is None else query.limit(limit))
        found += [Standing(row.id, row.party, row.updated_at) for row in rows]
    # By id where times are equal, the same on both engines whatever the language of the server.
    found.sort(key=lambda each: each.id)
    found.sort(key=lambda each: each.updated_at or "", reverse=True)
    return found if limit is None else found[:limit]


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
