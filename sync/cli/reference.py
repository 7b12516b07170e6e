"""The command reference, docs/commands.md, made from the commands themselves; the JSON contracts stand here.

python -m sync.cli.reference writes it anew.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from sync.attention.verdict import NEXT_STEPS
from sync.cli.frame import COMMANDS, cli

REFERENCE = Path(__file__).parents[2] / "docs" / "commands.md"

_HEAD = """\
# Commands

This page is made from the code by `python -m sync.cli.reference`.

The command line is `dialogarkiv [--config FILE] COMMAND [OPTIONS]`. `--config` stands before the command. Without it
the settings are those that `DIALOGARKIV_CONFIG` names, else `dialogarkiv.toml` in this folder. Every command tells its
options with `--help`. Answers go to standard output; notes, progress and the log go to standard error.

## Exit codes

| code | meaning |
|---|---|
"""

EXIT_CODES: Mapping[int, str] = {
    0: "Done.",
    1: "A bug in Dialogarkiv. What was stored is not lost.",
    2: "Usage or configuration: what can be seen to be wrong before anybody is asked. Also an archive that cannot be "
    "used, and a clock that is off by more than 60 seconds.",
    3: "A person must renew or mend a consent, a key, a client, a scope or a right, and nothing else could be done.",
    4: "Partial: a mailbox or a system user failed, something was set aside in quarantine, or the run was stopped. The "
    "rest is stored.",
    5: "Dialogporten could not be reached at all.",
    6: "Another run holds the archive (SQLite), or every mailbox asked for (PostgreSQL). Nothing was done.",
    10: "Only with `attention --exit-code`: something that is listed needs attention.",
    130: "Interrupted with Ctrl-C. What was finished is stored.",
}


@dataclass(frozen=True)
class Contract:
    """What a command answers with `--json`. `keys` maps a path such as `runs[].outcome` to its meaning; a key may be
    added in a later version, none is taken away.
    """

    what: str
    keys: Mapping[str, str]


_RUN = {
    "exit_code": "As in the table above.",
    "busy": "Mailboxes or system users that another run held; a list of texts.",
    "runs": "One object for each system user or token.",
    "runs[].kind": "`poll`, `sweep`, `hot`, `deep`, or `fallback` (above others' level).",
    "runs[].connection": "Name of the connection.",
    "runs[].identity": "The system user, `310000108` or `310000108/lonn`; empty for a fixed token.",
    "runs[].outcome": "`ok`, `partial`, `failed` or `stopped`.",
    "runs[].parties": "Mailboxes that were to be read.",
    "runs[].requests": "Requests to Dialogporten.",
    "runs[].items_read": "Items of the list that were read.",
    "runs[].dialogs_written": "Dialogs that were new or differed.",
    "runs[].rows_written": "Rows written.",
    "runs[].changes_written": "Rows of history written.",
    "runs[].openings": "Dialogs opened (marking calls).",
    "runs[].quarantined": "What could not be read and was set aside.",
    "runs[].error": "What ended it, or the first thing that failed; null when all went well.",
}

CONTRACTS: Mapping[str, Contract] = {
    "init": Contract(
        "One object.",
        {
            "settings": "Path of the file that was written; null with `--key-only`.",
            "key": "Path of the key, or `env:NAME`.",
            "key_created": "Whether the key was made now.",
            "kid": "The key's id; null where there is no key.",
            "public_jwk": "The public half, to be registered; null where there is no key.",
            "notes": "What to know about the key; a list of texts.",
            "next": "What to do next, in order; a list of texts.",
        },
    ),
    "doctor": Contract(
        "One object.",
        {
            "exit_code": "As in the table above.",
            "general": "Checks of this machine.",
            "general[].name": "What was looked at.",
            "general[].outcome": "`ok`, `warning`, `failed` or `skipped`.",
            "general[].sentence": "What is so.",
            "general[].causes": "Likely reasons of a failure, likeliest first.",
            "general[].remedy": "What to do.",
            "general[].facts": "What a service desk asks for: status, trace id, time and the like; an object.",
            "connections": "One object for each system user, person or token.",
            "connections[].connection": "Name of the connection.",
            "connections[].kind": "`system-user`, `id-porten` or `token`.",
            "connections[].system_user": "The system user; null for the other kinds.",
            "connections[].checks": "Checks, each as in `general`.",
        },
    ),
    "login": Contract(
        "One object, once the person has logged in. What to visit and do is told on standard error.",
        {
            "connection": "Name of the connection.",
            "state": "How the consent stands: `active`, or `expiring` where it is short.",
            "acr": "Level of the login; null where ID-porten does not tell it.",
            "scopes": "What was approved; a list of texts.",
            "missing_scopes": "What was asked for and left out; a list of texts.",
            "ends_at": "When the consent ends, in UTC; null where that is not known.",
            "says": "The same in words.",
            "remedy": "What to do about it; empty where there is nothing to do.",
        },
    ),
    "logout": Contract(
        "One object.",
        {
            "connection": "Name of the connection.",
            "forgotten": "Whether there was a login to forget.",
            "revoked": "Whether ID-porten was told, and took it.",
        },
    ),
    "sync": Contract(
        "One object. With `--dry-run` `steps` alone: a list of objects with `connection`, `identity` and `step`.",
        _RUN,
    ),
    "status": Contract(
        "One object.",
        {
            "counts": "`dialogs`, `unread`, `needs_attention`, `transmissions`, `changes`, `quarantined`, and "
            "`presence.…` for each presence; an object of numbers.",
            "mailboxes": "Rows of table `mailbox`.",
            "runs": "The newest rows of table `sync_run`, newest first.",
            "quarantine": "Rows of table `quarantine`.",
            "logins": "The persons of the settings, an object each.",
            "logins[].connection": "Name of the connection.",
            "logins[].state": "`none`, `pending`, `active`, `expiring`, `expired`, `declined`, `revoked` or `lost`.",
            "logins[].days_left": "Whole days until the consent ends; null where that is not known.",
            "logins[].acr": "The level of the login; null without one.",
            "logins[].scopes": "What was approved; a list of texts.",
            "logins[].granted_at": "When the person logged in; null without a login.",
            "logins[].ends_at": "When the consent ends; null where that is not known.",
            "logins[].refreshed_at": "When the login was last renewed; null where it was not.",
            "logins[].says": "What is so, as a sentence.",
            "logins[].remedy": "What to do; empty while there is nothing to do.",
            "logins[].error": "Why the latest renewal failed; null where it did not.",
            "keys": "The keys in use, an object each.",
            "keys[].connection": "Name of the connection.",
            "keys[].client_id": "The client it is registered on.",
            "keys[].kid": "Its id.",
            "keys[].role": "`key` or `next_key`.",
            "keys[].since": "The day it was registered, or first used; null while it was not used.",
            "keys[].since_from": "`key_uploaded` or `first_use`; null while it was not used.",
            "keys[].ends_at": "The day its year is over, at the latest; null while it was not used.",
            "keys[].days_left": "Whole days until then; null while it was not used.",
            "keys[].refused_at": "When it was refused while the other one was not; null otherwise.",
            "keys[].warning": "What is the matter and what to do; null while there is nothing to do.",
            "unread_owed": "Rows of table `duty` that are not settled: unread marks still to be put back.",
            "unread_lost": "Rows of table `duty` whose mark could not be put back, newest first.",
            "archive": "The file, or host and database.",
        },
    ),
    "inbox": Contract(
        "A list of objects, each with the columns of the view of that name: see [the archive](archive.md).", {}
    ),
    "show": Contract(
        "One object. Each list holds rows of the table of that name, those with `removed_at` included.",
        {
            "dialog": "The row of table `dialog`.",
            "summary": "The row of view `everything`.",
            "verdict": "What it needs, with the keys that `interpret` answers; null until it was judged.",
            "signals": "The evidence, strongest first.",
            "signals[].rank": "1 is the strongest.",
            "signals[].name": "The signal.",
            "signals[].says": "What it says here.",
            "requests": "Requests that take a machine's step, for you to send; see `attention explain`.",
            "attention_item": "Rows of table `attention_item`.",
            **{
                table: f"Rows of table `{table}`."
                for table in (
                    "activity",
                    "api_action",
                    "api_endpoint",
                    "attachment",
                    "attachment_url",
                    "gui_action",
                    "label",
                    "label_log",
                    "navigational_action",
                    "seen",
                    "transmission",
                )
            },
        },
    ),
    "attention": Contract(
        "A list of objects, the most urgent first. With `--endpoints` the objects are endpoints: `org`, "
        "`service_resource`, `action`, `method`, `version`, `sunset_at`, `dialogs` (how many have it), `url` (of one "
        "of them), `documentation_url`, `has_successor` (whether each has another that is not deprecated).",
        {
            "item_id": "The attention item's number.",
            "dialog_id": "The dialog.",
            "party": "Whose it is, as URN.",
            "party_name": "Its name, else its number.",
            "org": "The service owner's code.",
            "title": "The dialog's title.",
            "next_step": "What is to be done, as in `interpret`.",
            "actor": "Who is to do it: `machine` or `person`.",
            "deadline": "Until when, in UTC; null when there is no deadline.",
            "overdue": "Whether the deadline is known to have passed with nothing done.",
            "reasons": "Codes of the evidence; a list of texts.",
            "because": "The explanation, `nb` in Norwegian and `en` in English; an object.",
            "opened_at": "Since when it needs attention.",
            "changed_at": "When its step, actor or deadline last changed; null when they never did.",
            "snoozed_until": "Until when it is put off; null when it is not.",
            "snoozed": "Whether it is put off now; such a one is listed only with `--all`.",
        },
    ),
    "attention explain": Contract(
        "One object.",
        {
            "dialog_id": "The dialog.",
            "verdict": "What it needs as of now, with the keys that `interpret` answers; an object.",
            "rule": "The rule that decided.",
            "signals": "The evidence, strongest first.",
            "signals[].rank": "1 is the strongest.",
            "signals[].name": "The signal.",
            "signals[].says": "What it says here.",
            "trace": "The rules in their order, up to the one that decided.",
            "trace[].rule": "The rule.",
            "trace[].found": "What it found.",
            "would_change": "What would change the verdict; a list of texts.",
            "next_look_at": "When it may change because time passes; null when it never does.",
            "pending_since": "Since when it waits for another read before anybody is told; null when it does not.",
            "requests": "Requests that take a machine's step, in order; empty where a machine cannot.",
            "requests[].why": "What it does.",
            "requests[].method": "HTTP method.",
            "requests[].url": "Address.",
            "requests[].token": "Which token it needs, in words; never the token.",
            "requests[].version": "The endpoint's version; null when it tells none.",
            "requests[].documentation_url": "The endpoint's documentation, or null.",
            "requests[].request_schema": "Schema of the body, or null.",
            "requests[].response_schema": "Schema of the answer, or null.",
            "requests[].deprecated": "Whether the endpoint is deprecated.",
            "requests[].sunset_at": "When it ends, or null.",
            "events": "The life of its attention items, in order.",
            "events[].at": "When it happened.",
            "events[].what": "`opened`, `reopened`, `changed`, `overdue`, `snoozed`, `woken`, `done` or `closed`.",
            "events[].next_step": "What was to be done, after it.",
            "events[].actor": "Who was to do it, after it.",
            "events[].deadline": "Until when, after it.",
            "events[].item_id": "The attention item's number.",
        },
    ),
    "interpret": Contract(
        "One object.",
        {
            "needs_attention": "Whether somebody must act.",
            "next_step": f"What is to be done: {', '.join(f'`{step}`' for step in NEXT_STEPS)}.",
            "actor": "Who is to do it: `machine`, `person`, `service_owner` or `none`.",
            "deadline": "Until when, in UTC; null when there is no deadline.",
            "reasons": "Codes of the evidence; a list of texts.",
            "because": "The explanation, `nb` in Norwegian and `en` in English; an object.",
        },
    ),
    "sql": Contract("A list of objects, one for each row, with the names that the query gives its columns.", {}),
    "verify": Contract(
        "One object.",
        {
            "exit_code": "As in the table above.",
            "parties": "How many parties were listed to their end.",
            "dialogs": "How many dialogs the server showed.",
            "children": "Of how many of them the children were compared too.",
            "differences": "One object for each difference, by party and dialog.",
            "differences[].dialog_id": "The dialog.",
            "differences[].party": "Its party.",
            "differences[].kind": "`missing` (not in the archive), `absent` (in the archive, not on the server), "
            "`presence`, `access`, `list`, `transmissions`, `activities`, `seenlog`, `labellog`, or `table` (the "
            "archive's tables say otherwise than what it read).",
            "differences[].what": "The field, by its path in the API, or by table and column.",
            "differences[].archive": "What the archive holds, as JSON text; null when nothing.",
            "differences[].server": "What the server shows, as JSON text; null when nothing.",
            "failures": "One object for each thing that could not be compared: `error` and `sentence`.",
        },
    ),
    "sandbox": Contract(
        "One line, when it listens.",
        {
            "url": "Its address.",
            "settings": "Path of the settings that read it.",
            "persons": "Path of settings that read it as a person too, once somebody has logged in.",
        },
    ),
}


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its whole name, `db upgrade` after `db`; the order is that of `--help`."""
    context = click.Context(cli, info_name="dialogarkiv")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is None:
            continue
        yield name, command
        if isinstance(command, click.Group):
            for inner, under in sorted(command.commands.items()):
                yield f"{name} {inner}", under


def reference() -> str:
    """The whole page, Markdown."""
    parts = [_HEAD + "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()) + "\n"]
    rows = [
        f"| [`{name}`](#{_anchor(name)}) | {command.short_help} |" for name, command in commands() if " " not in name
    ]
    parts.append("\n".join(["## All commands", "", "| command | what it does |", "|---|---|", *rows]) + "\n")
    parts += [_section(name, command) for name, command in commands()]
    return "\n".join(parts)


def write_reference(path: Path = REFERENCE) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(reference(), encoding="utf-8")


def example_and_prose(command: click.Command) -> tuple[str, str]:
    """The example that a help text begins with, and what follows it."""
    first, _, rest = inspect.cleandoc(command.help or "").partition("\n\n")
    example = " ".join(first.split())
    if not example.startswith("Example: "):
        raise ValueError(f"the help of {command.name} does not begin with an example")
    return example.removeprefix("Example: "), " ".join(rest.split())


def _section(name: str, command: click.Command) -> str:
    example, prose = example_and_prose(command)
    lines = [f"## `{name}`", "", "```sh", *example.split(", and in another window: "), "```", ""]
    if prose:
        lines += [prose, ""]
    context = click.Context(command, info_name=name)
    arguments = [p.make_metavar(context) for p in command.params if isinstance(p, click.Argument)]
    shown = [p for p in command.params if isinstance(p, click.Option) and not _is_help(p)]
    options = [record for p in shown if (record := p.get_help_record(context))]
    if arguments:
        lines += [f"Takes: `{' '.join(arguments)}`", ""]
    if options:
        lines += [
            "| option | meaning |",
            "|---|---|",
            *(f"| `{_cell(left)}` | {_cell(right)} |" for left, right in options),
            "",
        ]
    contract = CONTRACTS.get(name)
    if contract is not None:
        asked = any("--json" in p.opts for p in command.params)
        lines += [
            f"{'With `--json`' if asked else 'The answer is JSON'}: {contract.what[0].lower()}{contract.what[1:]}",
            "",
        ]
        if contract.keys:
            rows = [f"| `{key}` | {_cell(meaning)} |" for key, meaning in contract.keys.items()]
            lines += ["| key | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _is_help(parameter: click.Parameter) -> bool:
    return "--help" in parameter.opts


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _anchor(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


if __name__ == "__main__":
    write_reference()
