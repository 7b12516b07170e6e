"""The commands: one module each, thin. What a command does lives in the rooms it calls; here are words, tables and
exit codes.

The command line is `dialogarkiv [--config FILE] COMMAND …`. Exit codes are the design's: see `sync.cli.frame`.
"""

from sync.cli.frame import main

__all__ = ["main"]
