"""`dialogarkiv status`: how the archive stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from config.identifiers import mask_party
from store.batch import Row
from store.reading import Status
from sync.cli.common import json_option, open_to_read
from sync.cli.expiring import is_trouble, key_documents, login_documents, show_keys, show_logins
from sync.cli.frame import Program
from sync.cli.output import day_and_minute, echo_json, echo_table


@click.command("status", short_help="How the archive stands: mailboxes, last runs, what is set aside.")
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> int:
    """Example: dialogarkiv status

    Reads the archive only; nothing is asked of anybody. Exit code 4 when a mailbox failed at its latest pass, when so
    much of one is missing at once that a person must say whether it is right, when something is set aside in
    quarantine, when an unread mark that an opening took away is still owed to a dialog that is there, or when a person
    must log in before anything can be read as her or him, else 0.
    """
    program: Program = ctx.obj
    with open_to_read(ctx) as archive:
        status = archive.status()
        owed, lost = archive.standing_duties(), archive.failed_duties()
        settings, now = program.reading_settings, datetime.now(UTC)
        keys = key_documents(settings, archive.client_keys(), now)
        logins = login_documents(settings, archive.consents.rows(), now)
        name = archive.name
    if as_json:
        marks = {"unread_owed": [*map(_masked, owed)], "unread_lost": [*map(_masked, lost)]}
        echo_json(as_document(status) | {"logins": logins, "keys": keys, **marks, "archive": name})
    else:
        _show(name, status)
        show_logins(logins)
        show_keys(keys)
        _show_duties(owed, lost)
    trouble = any(mailbox["error"] or mailbox["alarm"] for mailbox in status.mailboxes)
    trouble = trouble or any(duty["outcome"] is None for duty in owed)  # the rest wait for their dialogs to come back
    return 4 if status.quarantine or trouble or any(map(is_trouble, logins)) else 0


def as_document(status: Status) -> dict[str, Any]:
    """The JSON contract: `counts`, `mailboxes`, `runs` (newest first) and `quarantine`, with the columns of their
    tables. A person's number is masked: this is for monitoring, whose keepers need not know whose inbox it is.
    """
    return {
        "counts": status.counts,
        "mailboxes": [_masked(row) for row in status.mailboxes],
        "runs": status.runs,
        "quarantine": [_masked(row) for row in status.quarantine],
    }


def _show(name: str, status: Status) -> None:
    counts = status.counts
    click.echo(
        f"{name}: {counts['dialogs']} dialogs, {counts['unread']} unread, {counts['needs_attention']} need attention, "
        f"{counts['transmissions']} transmissions, {counts['changes']} changes seen."
    )
    echo_table(
        ["party", "connection", "system user", "state", "read up to", "last poll", "trouble"],
        [_mailbox(mailbox) for mailbox in status.mailboxes],
        title="Mailboxes",
    )
    echo_table(
        ["began", "connection", "system user", "requests", "written", "outcome", "trouble"],
        [
            [
                day_and_minute(run["started_at"]),
                run["connection"],
                run["identity"],
                run["requests"],
                run["dialogs_written"],
                run["outcome"] or "under way, or cut off",
                run["error"],
            ]
            for run in status.runs
        ],
        title="Latest runs (UTC)",
    )
    if status.quarantine:
        echo_table(
            ["kind", "dialog", "tries", "next try", "reason"],
            [
                [row["kind"], row["dialog_id"], row["tries"], day_and_minute(row["next_try_at"]), row["reason"]]
                for row in status.quarantine
            ],
            title="Set aside: could not be read, and is tried again",
        )


def _show_duties(owed: list[Row], lost: list[Row]) -> None:
    if owed:
        echo_table(
            ["dialog", "opened since", "tries", "next try", "trouble"],
            [
                [
                    row["dialog_id"],
                    day_and_minute(row["recorded_at"]),
                    row["tries"],
                    day_and_minute(row["next_try_at"]) or "at the next run",
                    row["last_error"],
                ]
                for row in owed
            ],
            title="Unread marks still to be put back",
        )
    if lost:
        echo_table(
            ["dialog", "given up", "trouble"],
            [[row["dialog_id"], day_and_minute(row["settled_at"]), row["last_error"]] for row in lost],
            title="Unread marks that could not be put back: mark these as unread yourself if you wish",
        )


def _mailbox(mailbox: Row) -> list[object]:
    backfilled = mailbox["backfilled_at"] is not None
    return [
        number_of(str(mailbox["party"])),
        mailbox["connection"],
        mailbox["identity"],
        mailbox["state"] if backfilled or mailbox["state"] != "active" else "first reading not finished",
        day_and_minute(mailbox["cursor_at"]),
        day_and_minute(mailbox["last_poll_at"]),
        " ".join(str(mailbox[name]) for name in ("error", "alarm") if mailbox[name]),
    ]


def number_of(party: str) -> str:
    """`310000000` of a party's URN; a person's number is masked."""
    return mask_party(party).rpartition(":")[2]


def _masked(row: Row) -> Row:
    return {**row, "party": None if row["party"] is None else mask_party(str(row["party"]))}
