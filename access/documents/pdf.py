"""A Word file as PDF, by LibreOffice where there is one."""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from schemas.errors import Problem, ProblemList

NO_OFFICE: Final = "FORM-091"
FAILED: Final = "FORM-092"
MAX_SECONDS: Final = 120
"""A form takes one; the first on a machine ten."""

_NAMES: Final = ("soffice", "libreoffice")


def converted(word: bytes, seconds: float = MAX_SECONDS) -> bytes:
    """The PDF. Raises ProblemList: FORM-091 where there is no LibreOffice, FORM-092 if it gives none in
    time."""
    office = next(filter(None, map(shutil.which, _NAMES)), None)
    if office is None:
        raise ProblemList([Problem(NO_OFFICE)])
    with tempfile.TemporaryDirectory(prefix="csdl-form-") as name:
        folder = Path(name)
        (folder / "form.docx").write_bytes(word)
        profile = (folder / "profile").as_uri()  # of its own: an office that is open shares none
        command = [
            office, "--headless", "--norestore", f"-env:UserInstallation={profile}",
            "--convert-to", "pdf:writer_pdf_Export", "--outdir", name, str(folder / "form.docx"),
        ]  # fmt: skip
        _run(command, {**os.environ, "HOME": name}, seconds)
        try:
            return (folder / "form.pdf").read_bytes()
        except OSError:
            raise ProblemList([Problem(FAILED, params={"seconds": round(seconds)})]) from None


def _run(command: list[str], environment: dict[str, str], seconds: float) -> None:
    """Run it, and end all that it started when the time is over."""
    nowhere = subprocess.DEVNULL
    child = subprocess.Popen(
        command, stdin=nowhere, stdout=nowhere, stderr=nowhere, env=environment, start_new_session=True
    )
    with suppress(subprocess.TimeoutExpired):
        child.wait(seconds)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
