"""The command line's frame: the group, its options, and how each failure becomes a sentence and an exit code.

0   done
1   our bug
2   usage or configuration
3   a person must renew or mend a consent, a key, a client, a scope or a right, and nothing else could be done
4   partial: something is missing, the rest is stored
5   Dialogporten could not be reached at all
6   another run holds the archive
10  only with `attention --exit-code`: something needs attention
"""

from __future__ import annotations

import errno
import os
import sys
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.errors import ConfigError

if TYPE_CHECKING:
    from config.settings import Settings

# Name → module. A command's module is loaded when it is asked for, so that `--help` and small commands start fast.
COMMANDS = {
    "demo": "sync.cli.demo",
    "init": "sync.cli.init",
    "doctor": "sync.cli.doctor",
    "login": "sync.cli.login",
    "logout": "sync.cli.logout",
    "sync": "sync.cli.sync",
    "run": "sync.cli.run",
    "status": "sync.cli.status",
    "inbox": "sync.cli.inbox",
    "attention": "sync.cli.attention",
    "show": "sync.cli.show",
    "interpret": "sync.cli.interpret",
    "sql": "sync.cli.sql",
    "verify": "sync.cli.verify",
    "db": "sync.cli.db",
    "sandbox": "sync.cli.sandbox",
}

# Commands of commands, when asked for by themselves.
_INSIDE = {
    "explain": "attention explain",
    "snooze": "attention snooze",
    "done": "attention done",
    "upgrade": "db upgrade",
}

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Commands(click.Group):
    """Loads a command's module by name; each module has a click command called `command`."""

    def invoke(self, ctx: click.Context) -> Any:
        # Here, as click and rich make a 1 of it, which with us means a bug.
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _enough()
        except SystemExit as ending:
            if isinstance(ending.__context__, BrokenPipeError):
                return _enough()
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = str(args[0])
        if name not in COMMANDS and not name.startswith("-"):
            raise click.UsageError(f"No such command '{name}'. {_meant(name)}", ctx)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self._short(ctx, name)) for name in COMMANDS]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _short(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.short_help or "" if command is not None else ""


def _meant(name: str) -> str:
    """What somebody may have meant by a command that does not exist."""
    if name.lower() in _INSIDE:
        return f"Did you mean '{_INSIDE[name.lower()]}'?"
    near = get_close_matches(name.lower(), COMMANDS, 2)
    return f"Did you mean {' or '.join(repr(each) for each in near)}?" if near else "dialogarkiv --help lists them."


class Program:
    """What the commands share: where the settings are, read when first needed."""

    def __init__(self, config: Path | None) -> None:
        self.config = config
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            from config.logging import configure
            from config.settings import load

            self._settings = load(self.config, os.environ, secrets=True)
            configure(self._settings.log)
        return self._settings

    @property
    def reading_settings(self) -> Settings:
        """The settings for a command that only reads the archive: keys and secrets are not looked at."""
        if self._settings is not None:
            return self._settings
        from config.logging import configure
        from config.settings import load

        settings = load(self.config, os.environ, secrets=False)
        configure(settings.log)
        return settings


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 our bug, 2 usage or configuration, 3 a person must mend an access, 4 partial, "
    "5 Dialogporten not reached, 6 another run holds the archive, 10 with attention --exit-code: something needs it.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The settings file. Else DIALOGARKIV_CONFIG, else dialogarkiv.toml in this folder.",
)
@click.version_option(package_name="dialogarkiv", prog_name="dialogarkiv")
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """Example: dialogarkiv sync && dialogarkiv inbox

    Keeps a complete, queryable copy of a Dialogporten inbox, and says what in it needs doing. Start with `dialogarkiv
    demo`, or with `dialogarkiv init` for your own.
    """
    ctx.obj = Program(config)


def main() -> None:
    """The console script. Every ending has an exit code and, unless all went well, a sentence on standard error."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command line; answers its exit code."""
    _speak_to_any_terminal()
    try:
        result: Any = cli.main(args=arguments, prog_name="dialogarkiv", standalone_mode=False)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.NoSuchOption as error:
        error.show()
        if error.option_name == "--config":
            click.echo("--config stands before the command: dialogarkiv --config FILE COMMAND.", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. What was finished is stored.", err=True)
        return 130
    except ConfigError as error:
        click.echo(str(error), err=True)
        return 2
    except Exception as error:
        return _failed(error)
    return result if isinstance(result, int) else 0


def _speak_to_any_terminal() -> None:
    """A letter that the terminal has no sign for is spelled out, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _enough() -> int:
    # The reader of our output (head, less) has had enough.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _failed(error: Exception) -> int:
    """A sentence for what we know; for a bug, the traceback without the values that may be secret."""
    from store.errors import ArchiveError
    from sync.dialogporten.errors import ArkivError

    if isinstance(error, ArkivError | ArchiveError):
        click.echo(str(error), err=True)
        return error.exit_code
    if isinstance(error, OSError) and error.errno in _NO_ROOM and error.filename is None:
        click.echo(f"Nothing more could be written: {error.strerror}. Make room, then try again.", err=True)
        return 2
    from config.redaction import redacted_traceback

    click.echo(
        "This is a bug in dialogarkiv, not in your settings. What was stored is not lost. Please report these lines:",
        err=True,
    )
    click.echo(redacted_traceback(error), err=True)
    return 1
