"""`dialogarkiv sandbox`: a Dialogporten, a Maskinporten and an ID-porten on this machine, to try things on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from sync.sandbox import seed
from sync.sandbox.server import serve
from sync.sandbox.stage import PERSON, person_key, set_up, write_persons, write_settings
from sync.sandbox.world import World


@click.command("sandbox", short_help="Serve an invented Dialogporten on this machine.")
@click.option("--port", default=8400, show_default=True, help="Where to listen on 127.0.0.1; 0 takes a free port.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("sandbox"),
    show_default=True,
    help="Where the keys and the settings for this sandbox go.",
)
@click.option("--empty", is_flag=True, help="Without the demo inbox: no party and no dialog.")
@click.option(
    "--scenario", "scenarios", multiple=True, type=click.Choice(sorted(seed.SCENARIOS)), help="Something more to meet."
)
@click.option("--json", "as_json", is_flag=True, help="Tell the address as one line of JSON.")
def command(port: int, folder: Path, empty: bool, scenarios: tuple[str, ...], as_json: bool) -> int:
    """Example: dialogarkiv sandbox, and in another window: dialogarkiv --config sandbox/dialogarkiv.toml sync

    Plays Dialogporten, Maskinporten, ID-porten and Altinn's token exchange on 127.0.0.1 with an invented Norwegian
    inbox: apps, letters, NAV, Skatteetaten, old items from Altinn 2. With persons.toml beside the settings somebody
    can log in as a person. Nothing leaves this machine. Stop it with Ctrl-C. Its state is in memory and gone when it
    stops.
    """
    stage = set_up(folder)
    world = World()
    seed.register(world, [stage.key.public_jwk()], [person_key(stage).public_jwk()])

    def fill(world: World) -> None:
        if not empty:
            now = datetime.now(UTC)
            seed.load(world, now, [step for name in scenarios for step in seed.scenario(name, now)])

    def ready(url: str) -> None:
        settings, persons = write_settings(stage, url), write_persons(stage, url)
        if as_json:
            click.echo(json.dumps({"url": url, "settings": str(settings), "persons": str(persons)}))
            return
        click.echo(f"The sandbox listens on {url}. Ctrl-C stops it.")
        click.echo(f"Try, in another window:  dialogarkiv --config {settings} sync")
        click.echo(f"As a person:             dialogarkiv --config {persons} login {PERSON}")

    try:
        serve("127.0.0.1", port, fill, world=world, ready=ready)
    except OSError as error:
        raise click.UsageError(
            f"Port {port} cannot be used ({error.strerror}). Stop what uses it, or choose another: --port 0."
        ) from None
    return 0
