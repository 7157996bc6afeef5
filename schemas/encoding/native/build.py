"""``python -m schemas.encoding.native.build``: compile the library where it is looked for. Never fails:
without it all works as well, in the slower way. Imports the standard library alone.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from schemas.encoding.native import library


def build() -> str:
    """Compile, unless it was; why it could not be done, or nothing."""
    wanted = library.path()
    if wanted.exists():
        return ""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return "no C compiler (cc)"
    try:
        wanted.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=wanted.parent) as folder:
            made = Path(folder, wanted.name)
            sources = [str(library.FOLDER / name) for name in library.SOURCES]
            command = [compiler, *library.FLAGS, *sources, "-o", str(made)]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
            if done.returncode:
                return f"{compiler}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}"
            made.chmod(0o644)
            made.replace(wanted)
        for stale in set(wanted.parent.glob("rows-*.so")) - {wanted}:
            stale.unlink()
    except OSError as fault:
        return str(fault)
    return ""


def main() -> None:
    """One line if the slower way is used."""
    if why := build():
        print(f"load decodes in Python, which takes twice the time: {why}", file=sys.stderr)


if __name__ == "__main__":
    main()
