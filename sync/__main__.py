"""`python -m sync`: the same as the command `dialogarkiv`."""

from sync.cli import main

main()
