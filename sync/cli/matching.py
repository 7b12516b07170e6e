"""What somebody asked a listing for, spelled as the archive spells it, and why nothing came of it."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from config.identifiers import mask_anything_like_national_id
from store.reading import Filters
from sync.cli.common import ORGANISATION
from sync.cli.output import shown

if TYPE_CHECKING:
    from store.archive import Archive

_FEW = 12
_PERSON = "urn:altinn:person:"


def filters_spelled(archive: Archive, asked: Filters) -> Filters:
    """The filters with org and status as the archive spells them, where only capitals differ."""
    spelled = {}
    for column in ("org", "status"):
        value = getattr(asked, column)
        if value is not None:
            known = _values(archive, column)
            spelled[column] = (
                value if value in known else {each.lower(): each for each in known}.get(value.lower(), value)
            )
    return replace(asked, **spelled)


def say_why_nothing_matched(archive: Archive, folder: str, asked: Filters) -> None:
    """One sentence on standard error for each thing asked for that the archive does not know at all, else one that
    nothing fits all of it. Nothing where nothing was asked for.
    """
    told = False
    for column, what in (("party", "party"), ("org", "service owner"), ("status", "status")):
        value = getattr(asked, column)
        if value is None:
            continue
        known = _values(archive, column)
        if value in known:
            continue
        told = True
        click.echo(f"The archive holds no dialog of {what} {masked(value)}. {_instead(value, known)}", err=True)
    if not told and (asked.party or asked.org or asked.status or asked.unread):
        click.echo(f"Nothing in {folder} fits all that was asked for.", err=True)


def party_unknown(archive: Archive, party: str) -> str:
    """A sentence for a party that the archive knows nothing of; empty where it knows it."""
    known = _values(archive, "party")
    if party in known:
        return ""
    with archive.query_read_only("SELECT urn FROM party") as answer:
        if any(row[0] == party for row in answer.rows):
            return ""
    return f"The archive knows no party {masked(party)}. {_instead(party, known)}"


def _instead(value: str, known: list[str]) -> str:
    if not known:
        return "It holds no dialog at all yet: dialogarkiv sync reads them."
    # Persons are counted, never named.
    names = {masked(each): each for each in known if not each.startswith(_PERSON)}
    near = get_close_matches(masked(value), names, 1, 0.75 if value.startswith(ORGANISATION) else 0.6)
    if near:
        return f"Did you mean {near[0]}?"
    if len(names) <= _FEW and len(names) == len(known):
        return f"It holds {', '.join(names)}."
    return f"It holds {len(known)} others, such as {', '.join(list(names)[:3])}." if names else "It holds others."


def masked(value: str) -> str:
    """One value in a message: an organisation by its number, no national id, nothing that a terminal obeys."""
    return mask_anything_like_national_id(shown(value.removeprefix(ORGANISATION)))


def _values(archive: Archive, column: str) -> list[str]:
    query = f"SELECT DISTINCT {column} FROM dialog WHERE {column} IS NOT NULL ORDER BY 1"  # noqa: S608 - ours
    with archive.query_read_only(query) as answer:
        return [str(row[0]) for row in answer.rows]
