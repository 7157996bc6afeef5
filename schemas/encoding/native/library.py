"""The compiled library: where it lies, and whether it may be used. Imports the standard library alone.

Its name tells the sources and the machine that it was made of and for: a stale one is never loaded. It lies
beside the sources, so who may change it may change these as well.
"""

import os
import sysconfig
from ctypes import CDLL, c_int64, create_string_buffer
from functools import cache
from hashlib import blake2b, sha256
from itertools import accumulate
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
BUILT: Final = FOLDER / "build"
SOURCES: Final = ("rows.c", "blake2b.c")
HEADERS: Final = ("avro.h", "text.h", "blake2b.h")
FLAGS: Final = ("-std=c11", "-O3", "-fPIC", "-shared", "-fstack-protector-strong", "-Wl,-z,relro,-z,now")
SWITCH: Final = "CSDL_NATIVE"
"""0: never used."""


def path() -> Path:
    """Of the library of these sources for this machine."""
    made_of = sha256(" ".join(FLAGS).encode())
    for name in (*SOURCES, *HEADERS):
        made_of.update(FOLDER.joinpath(name).read_bytes())
    machine = sysconfig.get_config_var("SOABI") or sysconfig.get_platform()
    return BUILT / f"rows-{made_of.hexdigest()[:16]}-{machine}.so"


def library() -> CDLL | None:
    """The library; None if it was switched off or not built, or cannot do what hashlib does."""
    return None if os.environ.get(SWITCH) == "0" else _library()


@cache
def _library() -> CDLL | None:
    try:
        found = CDLL(str(path()))
        found.csdl_heads.restype = found.csdl_rows.restype = found.csdl_macs.restype = c_int64
    except (OSError, AttributeError):
        return None
    return found if _hashes(found) else None


def _hashes(found: CDLL) -> bool:
    """As hashlib does: texts of every length in all ways of the library (four at once, one alone)."""
    key, texts = bytes(range(32)), [bytes(range(n)) for n in (200, 129, 1, 128, 0)]
    offsets = (c_int64 * 6)(*accumulate(map(len, texts), initial=0))
    digits, views = create_string_buffer(32 * 5), create_string_buffer(16 * 5)
    done = found.csdl_macs(key, c_int64(len(key)), b"".join(texts), offsets, c_int64(5), digits, views)
    expected = "".join(blake2b(text, digest_size=16, key=key).hexdigest() for text in texts)
    return done == 0 and digits.raw.decode() == expected
