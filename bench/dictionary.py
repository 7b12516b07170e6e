"""Trains a dictionary for `store.compression`, from an archive whose every letter is invented.

    dialogarkiv demo --folder invented
    python -m bench.dictionary invented/dialogarkiv.db store/dictionary_N.zdict

Never from letters that somebody got: a dictionary holds pieces of what it was trained on, and ships with the program.
"""

from __future__ import annotations

import argparse
import sqlite3
from contextlib import closing
from pathlib import Path

import zstandard

from store.compression import decompressed

SIZE = 16 * 1024


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("archive", type=Path)
    arguments.add_argument("file", type=Path)
    given = arguments.parse_args()
    asked = "SELECT body FROM payload ORDER BY dialog_id, kind, version"
    with closing(sqlite3.connect(f"file:{given.archive}?mode=ro", uri=True)) as archive:
        bodies: list[bytes | bytearray | memoryview] = [decompressed(row[0]) for row in archive.execute(asked)]
    trained = zstandard.train_dictionary(SIZE, bodies)
    with given.file.open("xb") as file:  # one that ships is never overwritten: bodies are kept that need it
        file.write(trained.as_bytes())
    print(f"{len(bodies)} bodies, {len(trained):,} bytes, into {given.file}")


if __name__ == "__main__":
    main()
