"""How a body is kept: one byte that names the form, then a Zstandard frame made with a dictionary of what such answers
look like.

An answer of Dialogporten is small and mostly field names. With the dictionary, a list item takes half the room that it
would by itself, and a whole page is compressed in one call, outside the interpreter's lock. The dictionary was trained
on invented letters, ships with the program and is never changed: a better one becomes the next form, and old bodies
stay readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from threading import local

import zstandard

_FORM = b"\x01"
_LEVEL = 3
_DICTIONARY = zstandard.ZstdCompressionDict(files("store").joinpath("dictionary_1.zdict").read_bytes())
_DICTIONARY.precompute_compress(level=_LEVEL)
_NAME = _DICTIONARY.dict_id()


class _Tools(local):
    """Compressors work for one thread at a time, so each thread has its own."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL, dict_data=_DICTIONARY)
        self.decompressor = zstandard.ZstdDecompressor(dict_data=_DICTIONARY)


_tools = _Tools()


def compressed(body: bytes) -> bytes:
    """The body as it is kept."""
    return _FORM + _tools.compressor.compress(body)


def all_compressed(bodies: Sequence[bytes]) -> list[bytes]:
    """The same of many at once."""
    if not bodies or not all(bodies):
        return [compressed(body) for body in bodies]  # the call below refuses an empty one
    frames = _tools.compressor.multi_compress_to_buffer(list(bodies))
    return [_FORM + frames[place].tobytes() for place in range(len(frames))]


def decompressed(kept: bytes) -> bytes:
    """The body again. Raises ValueError for what is not of a form that this program knows."""
    if kept[:1] != _FORM:
        raise ValueError("A stored body has a form that this version of Dialogarkiv does not know.")
    frame = kept[1:]
    try:
        if zstandard.get_frame_parameters(frame).dict_id != _NAME:
            # Read with another dictionary than it was made with, a frame that names none would give another body.
            raise ValueError("A stored body was kept with a dictionary that this version of Dialogarkiv does not have.")
        return _tools.decompressor.decompress(frame)
    except zstandard.ZstdError as error:
        raise ValueError(f"A stored body cannot be read: {error}.") from None
