"""`dialogarkiv login`: a person logs in at ID-porten and lets Dialogarkiv read."""

from __future__ import annotations

import os
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import click

from sync.auth.attempt import Attempt, NotAnAnswer, belongs_to
from sync.auth.consent import Consent
from sync.auth.grant import Grant
from sync.auth.loopback import Arrival, Loopback, can_listen, with_port
from sync.cli.common import json_option
from sync.cli.consenting import Consenting, consenting
from sync.cli.output import echo_json
from sync.dialogporten.errors import ArkivError, Context, LoginNeeded, TokenRefused

WAIT_SECONDS: Final = 600.0
# Stands for a port that was left to us where nobody listens: a browser goes to no port 0.
UNHEARD_PORT: Final = 8765
# A pushed request is made anew before its life is over.
FRESH_PART: Final = 0.8
# What a person decided, as opposed to what failed.
DECLINED: Final = frozenset({"access_denied", "consent_required", "scope"})

Say = Callable[[str], None]


@click.command("login", short_help="Log in at ID-porten and let Dialogarkiv read as you.")
@click.argument("name")
@click.option("--paste", is_flag=True, help="Log in in a browser elsewhere, and paste the address it ends up at.")
@click.option("--other-person", is_flag=True, help="Let somebody else than the last one take the connection over.")
@json_option
@click.pass_context
def command(ctx: click.Context, name: str, paste: bool, other_person: bool, as_json: bool) -> int:
    """Example: dialogarkiv login kari

    Opens the browser at ID-porten, waits for the person to log in and approve, and keeps the consent, encrypted, in
    the archive. NAME is a connection of kind id-porten. Where its redirect is no http address of this machine, or with
    --paste, the address to visit is printed on a line of its own, and the address that the browser ends up at is read
    from standard input: an empty line asks for a new address to visit. A login replaces the one before. One by
    another person than the last is refused: with --other-person it is taken, and the consent of the one before is given
    back. With --json everything but the answer goes to standard error.
    """

    def say(text: str) -> None:
        click.echo(text, err=as_json)

    with consenting(ctx, name, create=True) as world:
        # Before anybody logs in for nothing.
        world.keys.make_if_missing()
        world.keys.open()
        try:
            if paste or not can_listen(world.client.redirect):
                grant = _by_pasting(world, say, sys.stdin.readline, other_person=other_person)
            else:
                grant = _by_listening(world, say, os.environ, open_browser=_open_browser, other_person=other_person)
        except TokenRefused as refused:
            if refused.code in DECLINED:
                world.vault.decline(world.client)
            raise
        consent = world.vault.consent(name)
    if as_json:
        echo_json(_document(world, grant, consent))
    else:
        _show(world, grant, consent, other_person=other_person)
    return 0


def _finished(world: Consenting, attempt: Attempt, address: str, *, other_person: bool) -> Grant:
    """The consent, stored."""

    def revoke(token: str) -> None:
        world.proved(lambda client: world.idporten.revoke(client, token))

    # ID-porten may end all that a person gave a client when one part is given back (reference: auth §4.6).
    alone = world.vault.consent(world.client.connection).stored != "active"
    grant = world.proved(lambda client: world.idporten.finish(client, attempt, address, give_back=alone))
    try:
        world.vault.keep(world.client, grant, revoke=revoke if other_person else None)
    except Exception as error:
        anothers = isinstance(error, TokenRefused) and error.code == "person"
        if (alone or anothers) and grant.refresh_token is not None:
            with suppress(ArkivError):
                revoke(grant.refresh_token)
        raise
    return grant


# In the browser of this machine


def _by_listening(
    world: Consenting,
    say: Say,
    env: Mapping[str, str],
    *,
    open_browser: Callable[[str], None],
    other_person: bool = False,
    seconds: float = WAIT_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
) -> Grant:
    name = world.client.connection

    def stray() -> None:
        click.echo("An answer to another login came, and was not used. Still waiting for this one.", err=True)

    with Loopback(world.client.redirect, connection=name, stray=stray) as ear:
        attempt = _begun(world, ear.redirect)
        ear.expect(attempt)
        if _has_screen(env):
            say("Opening the browser at ID-porten. If none opens, visit this address on this machine:")
            open_browser(ear.link)
        else:
            say("Visit this address in a browser on this machine:")
        say(ear.link)
        say(f"Waiting {seconds / 60:.0f} minutes for you to come back. To log in elsewhere: Ctrl-C, and --paste.")
        arrival, attempt = _arrival(world, ear, attempt, seconds, monotonic)
        if arrival.address is None:
            raise _not_logged_in(
                world,
                "The link to begin at was used twice, perhaps by another user of this machine: this login was ended.",
            )
        try:
            grant = _finished(world, attempt, arrival.address, other_person=other_person)
        except NotAnAnswer as wrong:
            arrival.reply("Not logged in", str(wrong))
            raise _not_logged_in(world, str(wrong)) from None
        except Exception as error:
            told = error.sentence if isinstance(error, ArkivError) else "Something failed here. See the terminal."
            arrival.reply("Not logged in", told)
            raise
        arrival.reply("Logged in", "You can close this page and go back to the terminal.")
        return grant


def _arrival(
    world: Consenting, ear: Loopback, attempt: Attempt, seconds: float, monotonic: Callable[[], float]
) -> tuple[Arrival, Attempt]:
    """The browser that came back, and from what; the request is kept fresh until the browser begins."""
    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        fresh = left if attempt.seconds is None or ear.started else attempt.seconds * FRESH_PART
        arrival = ear.wait(min(left, fresh))
        if arrival is not None:
            return arrival, attempt
        if fresh < left and not ear.started:
            newer = _begun(world, ear.redirect)
            attempt = newer if ear.expect(newer) else attempt
    raise _not_logged_in(world, f"Nobody came back within {seconds / 60:.0f} minutes.")


def _has_screen(env: Mapping[str, str]) -> bool:
    """Whether a browser in a window may be had; without, Python would start one in this very terminal."""
    return sys.platform == "darwin" or any(env.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def _open_browser(link: str) -> None:
    # Some stay until the browser is closed.
    threading.Thread(target=webbrowser.open, args=(link,), name="browser", daemon=True).start()


# In a browser elsewhere


def _by_pasting(world: Consenting, say: Say, read_line: Callable[[], str], *, other_person: bool = False) -> Grant:
    redirect = with_port(world.client.redirect, UNHEARD_PORT)
    attempts = [_begun(world, redirect)]
    _ask(world, attempts[-1], say)
    while line := read_line():
        address = line.strip()
        if not address:
            if attempts[-1].seconds is not None:
                attempts.append(_begun(world, redirect))
                _ask(world, attempts[-1], say)
            continue
        attempt = next((one for one in attempts if belongs_to(address, one)), attempts[-1])
        try:
            return _finished(world, attempt, address, other_person=other_person)
        except NotAnAnswer as wrong:
            click.echo(f"{wrong} Paste again:", err=True)
    raise click.UsageError("No address was pasted: standard input has ended. Nothing was stored.")


def _ask(world: Consenting, attempt: Attempt, say: Say) -> None:
    say("Visit this address in any browser, log in and approve:")
    say(attempt.url)
    click.echo("Then copy the address that the browser ends up at, whatever the page shows. It begins with", err=True)
    click.echo(attempt.redirect, err=True)
    if attempt.seconds is not None:
        click.echo(f"The address works for {attempt.seconds:.0f} seconds; press Enter for a new one.", err=True)
    click.echo("Paste it here:", err=True)


# Both


def _begun(world: Consenting, redirect: str) -> Attempt:
    attempt = world.proved(lambda client: world.idporten.begin(client, redirect))
    world.vault.begin(world.client)
    return attempt


def _not_logged_in(world: Consenting, what: str) -> LoginNeeded:
    name = world.client.connection
    context = Context(at=world.vault.consent(name).now, connection=name, server="ID-porten")
    return LoginNeeded(
        f"{what} Nothing was stored. Log in again: dialogarkiv login {name}", state="pending", context=context
    )


def _missing(world: Consenting, grant: Grant) -> list[str]:
    return [scope for scope in world.client.scopes if scope not in grant.scopes]


def _document(world: Consenting, grant: Grant, consent: Consent) -> dict[str, object]:
    """The JSON contract."""
    return {
        "connection": consent.connection,
        "state": consent.state,
        "acr": grant.acr,
        "scopes": list(grant.scopes),
        "missing_scopes": _missing(world, grant),
        "ends_at": None if consent.ends_at is None else consent.ends_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "says": consent.sentence,
        "remedy": consent.remedy,
    }


def _show(world: Consenting, grant: Grant, consent: Consent, *, other_person: bool) -> None:
    level = f" ({grant.acr})" if grant.acr else ""
    click.echo(f"Logged in. The connection {consent.connection} may read{level}: {' '.join(grant.scopes)}")
    if missing := _missing(world, grant):
        click.echo(
            f"Note: ID-porten left out {' '.join(missing)}: not approved, or not the client's. What needs it will not "
            f"be read; log in again to approve it.",
            err=True,
        )
    click.echo(consent.sentence)
    if consent.remedy:
        click.echo(consent.remedy)
    # Another person may see what lies before the cursors of mailboxes that both have.
    click.echo(f"Next: dialogarkiv sync{' --sweep' if other_person else ''}")
