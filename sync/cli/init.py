"""`dialogarkiv init`: a settings file to fill in, a key to sign with, and what to do next."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from config.environments import EnvironmentName
from config.errors import ConfigError, Problem
from config.fields import ClientId, ConnectionName, ExternalRef, KeyId, KeyPlace, KeyRef, OrganisationNumber
from config.keys import SigningKey, create_key, folder_warning, load_signing_key, new_key_id
from config.redaction import show
from config.settings import FILE_NAME, FILE_VARIABLE
from config.starter import starter_file, write_starter
from sync.cli.common import environment, json_option
from sync.cli.frame import Program
from sync.cli.output import echo_json

_PLACES = {
    "prod": "Digdir's self-service, production",
    "tt02": "Digdir's self-service, test",
    "custom": "your Maskinporten",
}


@dataclass(frozen=True)
class Answers:
    """What the operator said, checked. "" stands for what is still to be filled in."""

    environment: EnvironmentName
    client_id: str
    org: str
    external_ref: str | None
    name: str
    key: str
    key_id: str | None


@click.command("init", short_help="Write a settings file and make a key, for your own inbox.")
@click.option(
    "--environment",
    "environment_name",
    type=click.Choice(["prod", "tt02", "custom"]),
    default="tt02",
    show_default=True,
    help="Production, Altinn's test environment, or addresses of your own.",
)
@click.option("--client-id", default="", help="The Maskinporten client's id.")
@click.option("--org", default="", help="Number of the organisation that owns the system user; never a client's.")
@click.option("--external-ref", help="What the system user was requested with, if it was requested with one.")
@click.option("--name", default="virksomhet", show_default=True, help="Your name for the connection.")
@click.option(
    "--key",
    default="keys/maskinporten.jwk",
    show_default=True,
    metavar="PATH",
    help="The private key: a path counted from the folder of the settings, or env:NAME.",
)
@click.option("--key-id", help="The kid of a key that is there already as a PEM.")
@click.option("--create-key/--no-create-key", default=True, show_default=True, help="Make the key if it is not there.")
@click.option("--key-only", is_flag=True, help="Make or show the key; leave the settings alone.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    environment_name: EnvironmentName,
    client_id: str,
    org: str,
    external_ref: str | None,
    name: str,
    key: str,
    key_id: str | None,
    create_key: bool,
    key_only: bool,
    as_json: bool,
) -> int:
    """Example: dialogarkiv init --environment tt02 --client-id 11111111-2222-4333-8444-555555555555 --org 310000000

    Writes a commented dialogarkiv.toml, here or where --config says, and never over one that is there. Makes an RSA
    key that only you can read, and prints its public half, which is to be registered on the Maskinporten client. A
    key that is there already is kept and its public half shown again.
    """
    answers = _checked(environment_name, client_id, org, external_ref, name, key, key_id)
    program: Program = ctx.obj
    settings = _settings_path(program.config)
    if not key_only:
        _refuse_to_overwrite(settings)
    try:
        signing, made, notes = _key(answers, settings.parent, create_key)
        if not key_only:
            write_starter(settings, _text(answers, signing))
    except FileExistsError as error:
        raise ConfigError(
            error.filename2 or error.filename, "", None, "made by somebody else just now.", "Look at it, then decide."
        ) from None
    except OSError as error:
        raise ConfigError(
            error.filename or settings,
            "",
            None,
            f"cannot be written ({error.strerror}).",
            "Choose a folder you may write in: dialogarkiv --config PATH init.",
        ) from None
    steps = _key_steps(answers, settings, signing) if key_only else _steps(answers, settings, signing)
    if as_json:
        echo_json(_document(None if key_only else settings, answers, settings.parent, signing, made, notes, steps))
    else:
        _show(None if key_only else settings, answers, signing, made, notes, steps)
    return 0


def _settings_path(config: Path | None) -> Path:
    chosen = config or Path(os.environ.get(FILE_VARIABLE) or FILE_NAME)
    return chosen.expanduser().absolute()


def _refuse_to_overwrite(settings: Path) -> None:
    if os.path.lexists(settings):
        raise ConfigError(
            settings,
            "",
            None,
            "there is one already, and it was left as it is.",
            "Edit it, or write another: dialogarkiv --config OTHER.toml init. For a key alone: "
            "dialogarkiv init --key-only --key PATH.",
        )


def _checked(
    environment_name: EnvironmentName,
    client_id: str,
    org: str,
    external_ref: str | None,
    name: str,
    key: str,
    key_id: str | None,
) -> Answers:
    """Every value by the rules of the settings file; one ConfigError tells all that is wrong."""
    problems: list[Problem] = []

    def check(option: str, kind: Any, value: str | None) -> str | None:
        if not value:
            return value
        try:
            checked = TypeAdapter(kind).validate_python(value)
        except ValidationError as error:
            detail = error.errors(include_url=False)[0].get("ctx", {})
            secret = option == "--key" and ("-----BEGIN" in value or value.lstrip().startswith("{"))
            problems.append(
                Problem(
                    None,
                    option,
                    show(value, secret=secret),
                    detail.get("problem", "not usable."),
                    detail.get("remedy", ""),
                )
            )
            return value
        return checked if isinstance(checked, str) else value

    answers = Answers(
        environment_name,
        check("--client-id", ClientId, client_id.strip()) or "",
        check("--org", OrganisationNumber, org.strip()) or "",
        check("--external-ref", ExternalRef, external_ref) or None,
        check("--name", ConnectionName, name) or "",
        check("--key", KeyPlace, key) or "",
        check("--key-id", KeyId, key_id) or None,
    )
    for option, value in (("--name", answers.name), ("--key", answers.key)):
        if not value:
            problems.append(Problem(None, option, '""', "is empty.", "Leave the option out to have the usual one."))
    if problems:
        raise ConfigError.of(problems)
    return answers


def _key(answers: Answers, folder: Path, create: bool) -> tuple[SigningKey | None, bool, list[str]]:
    """The key, whether it was made now, and what to know about it. No key when there is none and none is wanted."""
    if answers.key.startswith("env:"):
        name = answers.key.removeprefix("env:")
        if not os.environ.get(name):
            return None, False, [f"The key is taken from the environment variable {name}, which is not set here."]
        return load_signing_key(KeyRef(env=name, key_id=answers.key_id), environment(), key="--key"), False, []
    path = folder / Path(answers.key).expanduser()
    if os.path.lexists(path):
        key = load_signing_key(KeyRef(file=path, key_id=answers.key_id), {}, key="--key")
        return key, False, _notes(path)
    if not create:
        return None, False, [f"There is no key at {path} yet; none was made, as you asked."]
    return create_key(path, key_id=answers.key_id or new_key_id()), True, _notes(path)


def _notes(path: Path) -> list[str]:
    warning = folder_warning(path)
    return [warning] if warning else []


def _text(answers: Answers, signing: SigningKey | None) -> str:
    in_settings = answers.key_id
    if signing is not None and answers.key.endswith(".pem"):
        in_settings = signing.kid
    return starter_file(
        answers.environment,
        client_id=answers.client_id,
        org=answers.org,
        external_ref=answers.external_ref,
        name=answers.name,
        key=answers.key,
        key_id=in_settings,
    )


def _steps(answers: Answers, settings: Path, signing: SigningKey | None) -> list[str]:
    """What to do next, in order."""
    client = f"the client {answers.client_id}" if answers.client_id else "your Maskinporten client"
    flag = "" if settings == Path(FILE_NAME).absolute() else f"--config {settings} "
    where = _PLACES[answers.environment]
    steps = []
    if signing is not None:
        steps.append(
            f"Register the public key on {client} ({where}); it works within minutes and for one year. "
            "The private half never leaves this machine."
        )
    else:
        steps.append(f"See that the key is in place and its public half registered on {client} ({where}).")
    steps.append("Give the client the scope digdir:dialogporten, and put its id on the system registered in Altinn.")
    steps.append(
        "Request a system user for that system, and have the organisation that shall own it approve the request in "
        "Altinn. Its packages and rights decide which dialogs can be read."
    )
    missing = [name for name, value in (("client_id", answers.client_id), ("org", answers.org)) if not value]
    if answers.environment == "custom":
        missing.append("the addresses under [environment]")
    if missing:
        steps.append(f"Fill in {', '.join(missing)} in {settings}.")
    steps.append(f"dialogarkiv {flag}doctor    tells what is still missing, and leaves no trace")
    steps.append(f"dialogarkiv {flag}sync      reads the inbox into the archive")
    return steps


def _key_steps(answers: Answers, settings: Path, signing: SigningKey | None) -> list[str]:
    """The same for a key alone: the settings take it up when it is registered."""
    lines = f'key = "{answers.key}"'
    if signing is not None and answers.key.endswith(".pem"):
        lines += f' and key_id = "{signing.kid}"'
    return [
        f"Register the public key on your Maskinporten client ({_PLACES[answers.environment]}), beside the one in use.",
        f"Wait some minutes, then set {lines} in {settings}.",
        "dialogarkiv doctor    tells whether the new key is accepted",
    ]


def _document(
    settings: Path | None,
    answers: Answers,
    folder: Path,
    signing: SigningKey | None,
    made: bool,
    notes: list[str],
    steps: list[str],
) -> dict[str, object]:
    """The JSON contract. `settings` is null with --key-only; `kid` and `public_jwk` are null where there is no key."""
    from_variable = answers.key.startswith("env:")
    return {
        "settings": None if settings is None else str(settings),
        "key": answers.key if from_variable else str(folder / Path(answers.key).expanduser()),
        "key_created": made,
        "kid": None if signing is None else signing.kid,
        "public_jwk": None if signing is None else signing.public_jwk(),
        "notes": notes,
        "next": steps,
    }


def _show(
    settings: Path | None,
    answers: Answers,
    signing: SigningKey | None,
    made: bool,
    notes: list[str],
    steps: list[str],
) -> None:
    if settings is not None:
        click.echo(f"Wrote {settings}.")
    if signing is not None:
        how = f"Made the key {answers.key}" if made else f"Kept the key {answers.key}"
        click.echo(f"{how}, kid {signing.kid}. Its public half, to be registered:\n")
        click.echo(json.dumps(signing.public_jwk(), indent=2))
    for note in notes:
        click.echo(f"Note: {note}", err=True)
    click.echo("\nNext:")
    for number, step in enumerate(steps, start=1):
        click.echo(f"{number}. {step}")
