"""Keyed BLAKE2b of many texts at once."""

from ctypes import c_int64, c_void_p
from typing import Final

import polars as pl
import pyarrow as pa

from schemas.encoding.native.library import library

VIEW: Final = 16
HEX: Final = 32


def macs(key: bytes, texts: pl.Series) -> pl.Series | None:
    """32 hex characters of each text (Binary), null of a null; None if that is for the other way."""
    found = library()
    if found is None or texts.is_empty():
        return None
    given = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
    valid, offsets, data = given.buffers()
    if given.type != pa.large_binary() or given.offset:
        return None
    rows = len(given)
    hashes, views = pa.allocate_buffer(HEX * rows), pa.allocate_buffer(VIEW * rows)
    done = found.csdl_macs(
        *(key, c_int64(len(key)), c_void_p(data.address if data else None), c_void_p(offsets.address)),
        *(c_int64(rows), c_void_p(hashes.address), c_void_p(views.address)),
    )
    if done < 0:
        return None
    made = pa.Array.from_buffers(pa.string_view(), rows, [valid, views, hashes])
    return pl.Series(texts.name, made)
