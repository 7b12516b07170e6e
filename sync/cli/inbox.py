"""`dialogarkiv inbox`: the folders, as the portal splits them."""

from __future__ import annotations

import click

from store.reading import Filters
from store.views import FOLDERS
from sync.cli.common import json_option, open_to_read, party_urn
from sync.cli.dialog_ids import short_ids
from sync.cli.matching import filters_spelled, say_why_nothing_matched
from sync.cli.output import day_and_minute, echo_json, echo_table, narrow


@click.command("inbox", short_help="List dialogs: inbox, drafts, sent, archive, bin, due, or everything.")
@click.option(
    "--folder",
    type=click.Choice([*FOLDERS, "due", "everything"]),
    default="inbox",
    show_default=True,
    help="Which view of the archive.",
)
@click.option("--party", metavar="URN", help="One party: its URN, or an organisation number.")
@click.option("--org", metavar="CODE", help="One service owner, such as skd.")
@click.option("--status", metavar="STATUS", help="One status, as Dialogporten spells it, such as RequiresAttention.")
@click.option("--unread", is_flag=True, help="Only what nobody has read.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    folder: str,
    party: str | None,
    org: str | None,
    status: str | None,
    unread: bool,
    limit: int,
    as_json: bool,
) -> int:
    """Example: dialogarkiv inbox --unread --party 310000000

    Reads the archive only. The beginning of a dialog's id is enough for `show`, where it is the only one that begins
    so; a narrow screen is shown no more of it. With --json: a list of objects with the columns of the view of the same
    name.
    """
    urn = None if party is None else party_urn(party)
    filters = Filters(party=urn, org=org, status=status, unread=True if unread else None, limit=limit + 1)
    with open_to_read(ctx) as archive:
        rows = archive.view(folder, filters)
        if not rows:
            filters = filters_spelled(archive, filters)
            rows = archive.view(folder, filters)
        more, rows = len(rows) > limit, rows[:limit]
        if not rows:
            say_why_nothing_matched(archive, folder, filters)
        ids = short_ids(archive, (str(row["dialog_id"]) for row in rows)) if narrow() and not as_json else {}
    if more:
        click.echo(f"There is more than the {limit} shown: ask for more with --limit.", err=True)
    if as_json:
        echo_json(rows)
        return 0
    echo_table(
        ["updated", "party", "from", "title", "status", "due", "unread", "dialog"],
        [
            [
                day_and_minute(row["updated_at"]),
                row["party_name"],
                row["sender"],
                row["title"],
                row["status"],
                day_and_minute(row["due_at"]),
                row["unread"],
                ids.get(str(row["dialog_id"]), row["dialog_id"]),
            ]
            for row in rows
        ],
        title=f"{folder}: {_told(len(rows), more, folder)} (UTC)",
        whole=["dialog"],
        slim={"updated": 10, "due": 10, "from": 12},
    )
    return 0


def _told(shown: int, more: bool, folder: str) -> str:
    order = "earliest first" if folder == "due" else "newest first"
    return f"{shown} shown of more, {order}" if more else f"{shown} shown, {order}"
