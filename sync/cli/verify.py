"""`dialogarkiv verify`: whether the archive says what the server says."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import click

from config.settings import Settings
from store.archive import Archive
from store.clock import instant_text
from sync.cli.common import connection_option, environment, json_option, settings_of, told_to_log
from sync.cli.output import echo_json, shown, table_of
from sync.dialogporten.errors import ArkivError, BadBody
from sync.dialogporten.http import HttpEdge
from sync.dialogporten.limits import ask_limits
from sync.dialogporten.retry import Told
from sync.identities import Identity, identities
from sync.logins import Logins
from sync.passes.bodies import MalformedItem
from sync.passes.comparing import Difference
from sync.passes.parties import read_parties
from sync.passes.verify import Eyes, Verify, VerifyReport

_WIDTH = 60  # characters of a value in the table


def _how_many(_ctx: click.Context, _option: click.Parameter, text: str) -> int | None:
    if text != "all" and not text.isdecimal():
        raise click.BadParameter(f"{text!r} is neither a whole number nor all.")
    return None if text == "all" else int(text)


@click.command("verify", short_help="Compare the archive with the server; open nothing, write nothing.")
@connection_option
@click.option("--party", metavar="URN", help="This party only.")
@click.option(
    "--children",
    metavar="N|all",
    callback=_how_many,
    default="all",
    show_default=True,
    help="For how many dialogs, chosen by chance, letters, activities and logs are compared too: four requests each.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, connection: str | None, party: str | None, children: int | None, as_json: bool) -> int:
    """Example: dialogarkiv verify --children 100

    Lists every dialog, reads letters, activities and logs by the calls that leave no trace, and prints each difference
    from the archive. What only an opening tells is not compared. Nothing is opened or held, and nothing written but a
    person's renewed login: it may be run at any time, but a dialog that changes meanwhile shows as a difference, so run
    it right after a sync. Exit code 4 when anything differs or could not be compared, else 0.
    """
    settings = settings_of(ctx)
    if connection is not None:
        settings.connection(connection)
    told = told_to_log()
    http = HttpEdge(
        hosts=settings.environment.bearer_hosts,
        concurrency=settings.sync.concurrency,
        response_bytes=settings.limits.response_bytes,
        told=told,
    )
    try:
        with Archive.open(settings.archive.url, create=False, read_only=True) as archive:
            report = verified(settings, archive, http, environment(), told, connection, party, children)
    finally:
        http.close()
    if as_json:
        echo_json(as_document(report))
    else:
        _show(report)
    return report.exit_code


def verified(
    settings: Settings,
    archive: Archive,
    http: HttpEdge,
    env: Mapping[str, str],
    told: Told,
    connection: str | None,
    party: str | None,
    children: int | None,
) -> VerifyReport:
    """The comparison for every identity, or for those of one connection; `party` None = all that they see."""
    found: list[Eyes] = []
    failures: list[ArkivError] = []
    logins = Logins(settings, http, env, told)
    with closing(logins), logins.lent(archive):
        for identity in identities(settings, http, env, told, logins, connection):
            try:
                found.append(_eyes(identity, archive, told, party))
            except ArkivError as error:
                failures.append(error)
        if party is not None and not failures and not any(eyes.parties for eyes in found):
            raise click.BadParameter("none of the connections asked for sees this party.", param_hint="--party")
        with ThreadPoolExecutor(settings.sync.concurrency, thread_name_prefix="read") as pool:
            languages = settings.display.languages
            verify = Verify(archive, pool, lambda: datetime.now(UTC), told, languages, children=children)
            report = verify.run(found)
    report.failures = failures + report.failures
    return report


def _eyes(identity: Identity, archive: Archive, told: Told, party: str | None) -> Eyes:
    """The identity with the parties that it sees, and those that the archive takes it to see."""
    parties = identity.parties
    if parties is None:
        try:
            parties = tuple(read_parties(identity.inbox.parties(), instant_text(datetime.now(UTC))).searchable)
        except MalformedItem as problem:
            raise BadBody(f"{problem.reason}. Nothing was compared; try again later.") from None
        rows = archive.mailboxes(identity.connection, identity.name)
        parties = tuple(dict.fromkeys((*parties, *(str(r["party"]) for r in rows if r["state"] == "active"))))
    if party is not None:
        parties = tuple(one for one in parties if one == party)
    limits = ask_limits(identity.inbox.client, told)
    who, everything = (identity.connection, identity.name), party is None
    return Eyes(who, parties, identity.inbox, limits.parties, everything=everything)


def as_document(report: VerifyReport) -> dict[str, object]:
    """The JSON contract."""
    return {
        "exit_code": report.exit_code,
        "parties": report.parties,
        "dialogs": report.dialogs,
        "children": report.children,
        "differences": [
            {
                "dialog_id": each.dialog_id,
                "party": each.party,
                "kind": each.kind,
                "what": each.what,
                "archive": each.archive,
                "server": each.server,
            }
            for each in report.differences
        ],
        "failures": [{"error": type(error).__name__, "sentence": str(error)} for error in report.failures],
    }


def _show(report: VerifyReport) -> None:
    if report.differences:
        table_of(
            [_row(each) for each in report.differences],
            {
                "dialog": "dialog",
                "kind": "kind",
                "what": "what",
                "archive": "in the archive",
                "server": "on the server",
            },
        )
    for error in report.failures:
        click.echo(f"Not compared: {error}", err=True)
    count = len(report.differences)
    told = "no difference" if not count else "1 difference" if count == 1 else f"{count} differences"
    click.echo(
        f"{report.dialogs} dialogs of {report.parties} parties compared, {report.children} of them with letters, "
        f"activities and logs: {told}."
    )


def _row(each: Difference) -> dict[str, object]:
    return {
        "dialog": each.dialog_id,
        "kind": each.kind,
        "what": each.what,
        "archive": _short(each.archive),
        "server": _short(each.server),
    }


def _short(value: str | None) -> str:
    text = "nothing" if value is None else shown(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
