"""The process that judges signed PDFs: begun with the first one, since its imports take ten times what a
judgement does. Each document has a fork of it, within memory and time, that ends with its answer.
"""

import atexit
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

MAX_ANSWER: Final = 1024 * 1024
_CHILD: Final = Path(__file__).with_name("signed_pdf_child.py")


class Judge:
    """One process, one document at a time. It ends with whoever began it."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.end)

    def ask(self, header: bytes, data: bytes, seconds: float) -> bytes:
        """The answer to one line of JSON and a document; "" if it did not come within its bounds, or in
        so many seconds: then the next one has a new process."""
        with self._turn:
            try:
                return self._answer(header, data, seconds)
            except OSError:
                self.end()
                return b""

    def end(self) -> None:
        """It, and what it has begun."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(OSError):
            process.communicate()

    def _answer(self, header: bytes, data: bytes, seconds: float) -> bytes:
        if self._process is not None and self._process.poll() is not None:
            self.end()
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        told, said = self._process.stdin, self._process.stdout
        assert told is not None and said is not None
        told.write(header + b"\n" + data)
        told.flush()
        if not select.select([said], [], [], seconds)[0]:
            raise TimeoutError
        answer = said.readline(MAX_ANSWER + 1)
        if not answer.endswith(b"\n"):
            raise BrokenPipeError
        return answer[:-1]
