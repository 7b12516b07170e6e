"""`dialogarkiv logout`: a person's consent is given back at ID-porten, and forgotten here."""

from __future__ import annotations

import click

from sync.cli.common import json_option
from sync.cli.consenting import consenting, forgotten
from sync.cli.output import echo_json
from sync.dialogporten.errors import ArkivError, Unreachable, VaultShut


@click.command("logout", short_help="Give a person's consent back at ID-porten, and forget it.")
@click.argument("name")
@click.option("--offline", is_flag=True, help="Forget it here alone, where ID-porten cannot be asked.")
@json_option
@click.pass_context
def command(ctx: click.Context, name: str, offline: bool, as_json: bool) -> int:
    """Example: dialogarkiv logout kari

    Revokes the consent at ID-porten, then forgets its token. What was read stays in the archive. Where ID-porten does
    not take the revocation nothing is forgotten, so that it can be tried again; --offline forgets without asking
    and needs neither keys nor the connection in the settings; the consent then stands at ID-porten until it ends by
    itself or is withdrawn there.
    """
    found = forgotten(ctx, name) if offline else _given_back(ctx, name)
    revoked = found and not offline
    if as_json:
        echo_json({"connection": name, "forgotten": found, "revoked": revoked})
    elif not found:
        click.echo(f"There was no login of {name}. Nothing was done.")
    elif revoked:
        click.echo(f"The consent of {name} was given back at ID-porten and is forgotten here. The archive stays.")
    else:
        click.echo(
            f"The login of {name} is forgotten here. At ID-porten the consent stands until it ends: withdraw it on the "
            "person's own page there. The archive stays."
        )
    return 0


def _given_back(ctx: click.Context, name: str) -> bool:
    with consenting(ctx, name, create=False) as world:
        try:
            return world.vault.give_back(
                world.client, lambda token: world.proved(lambda client: world.idporten.revoke(client, token))
            )
        except ArkivError as error:
            if isinstance(error, VaultShut):
                click.echo(
                    f"Without the vault's key the consent cannot be given back from here. Bring the key back, or "
                    f"forget the login here alone: dialogarkiv logout {name} --offline",
                    err=True,
                )
            elif isinstance(error, Unreachable) or error.who == "server":
                click.echo(
                    f"ID-porten did not take the revocation, and nothing was forgotten. Try again later, or "
                    f"forget it here alone: dialogarkiv logout {name} --offline",
                    err=True,
                )
            raise
