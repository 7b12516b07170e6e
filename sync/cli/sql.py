"""`dialogarkiv sql`: ask the archive with SQL; the engine itself refuses to write."""

from __future__ import annotations

import csv
import sys

import click

from sync.cli.common import open_to_read
from sync.cli.output import echo_json, echo_table


@click.command("sql", short_help="Ask the archive with SQL; it can only read.")
@click.argument("query")
@click.option("--json", "form", flag_value="json", help="Answer as a JSON list of objects.")
@click.option("--csv", "form", flag_value="csv", help="Answer as CSV with a head line.")
@click.option("--table", "form", flag_value="table", default="table", help="Answer as a table (the default).")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="Give up after so long.")
@click.pass_context
def command(ctx: click.Context, query: str, form: str, seconds: float | None) -> int:
    """Example: dialogarkiv sql "SELECT party_name, count(*) FROM inbox WHERE unread GROUP BY 1"

    One SELECT over the views `inbox`, `drafts`, `sent`, `archive`, `bin`, `everything`, `attention`, `due`, `actions`,
    `letters`, `history` and the tables. QUERY may be `-` to read it from standard input. With --csv, bytes are written
    as hexadecimal digits.
    """
    text = sys.stdin.read() if query == "-" else query
    with open_to_read(ctx) as archive, archive.query_read_only(text, seconds=seconds) as answer:
        if form == "csv":
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(answer.columns)
            writer.writerows([each.hex() if isinstance(each, bytes) else each for each in row] for row in answer.rows)
        elif form == "json":
            echo_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
        else:
            rows = list(answer.rows)
            echo_table(answer.columns, rows)
            click.echo(f"{len(rows)} rows", err=True)
    return 0
