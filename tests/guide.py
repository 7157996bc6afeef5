"""A document as a script: its blocks in their order, each run word by word in one shell.

```` ```sh run```` is run; ``ends=1``: it ends with that exit code; ``curl``: where the machine has curl.
```` ```python run NAME```` is written to the file NAME. ```` ```text````: lines that the block before it has
printed, … for anything between.
"""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

BLOCK: Final = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENDED: Final = "--- ended "


@dataclass
class Block:
    """A block of the guide; ``chapter``: its number."""

    chapter: int
    language: str
    words: list[str]
    text: str
    printed: list[str] = field(default_factory=list)
    """Lines that it must print."""

    @property
    def ends(self) -> int:
        """The exit code that the guide tells."""
        return next((int(word[5:]) for word in self.words if word.startswith("ends=")), 0)


@dataclass(frozen=True)
class Ran:
    """A block that was run. ``code``: of the last of its commands that failed, 0 if none did."""

    block: Block
    code: int
    output: str

    def wrong(self) -> str:
        """What is not as the guide says; "" if all is."""
        missing = [line for line in self.block.printed if not _printed(line, self.output)]
        if self.code == self.block.ends and not missing:
            return ""
        return f"{self.block.text}\nended with {self.code}, lacks {missing}:\n{self.output}"


def blocks(guide: str) -> list[Block]:
    """All that are run, in their order."""
    found: list[Block] = []
    for chapter, text in enumerate(re.split(r"^## ", guide, flags=re.MULTILINE)):
        for language, words, content in BLOCK.findall(text):
            if language == "text":
                found[-1].printed += content.splitlines()
            elif "run" in words.split():
                found.append(Block(chapter, language, words.split(), content))
    return found


class Shell:
    """One bash for all blocks, as a reader has; what it prints goes to a file in ``folder``."""

    def __init__(self, folder: Path, environment: dict[str, str], command: Sequence[str] = ("bash",)) -> None:
        self._folder, self._out = folder, folder / "shell.out"
        with self._out.open("wb") as out:
            streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": out, "stderr": out}
            self._bash = subprocess.Popen(command, cwd=folder, env=environment, text=True, **streams)
        assert self._bash.stdin
        self._bash.stdin.write("exec 2>&1\n")  # by ssh the two would come in any order

    def run(self, block: Block) -> Ran:
        """Run it, or write its file."""
        if block.language == "python":
            (self._folder / block.words[-1]).write_text(block.text, encoding="utf-8")
            return Ran(block, 0, "")
        before = self._out.stat().st_size
        assert self._bash.stdin
        self._bash.stdin.write(f"trap 'failed=$?' ERR; failed=0\n{block.text}\necho '{ENDED}'$failed\n")
        self._bash.stdin.flush()
        while ENDED not in (said := self._out.read_bytes()[before:].decode()) or not said.endswith("\n"):
            try:
                self._bash.wait(0.02)
                raise AssertionError(f"the shell ended:\n{said}")
            except subprocess.TimeoutExpired:
                pass
        output, _, code = said.rpartition(ENDED)
        return Ran(block, int(code), output)

    def close(self) -> None:
        """End it."""
        self._bash.communicate()


def _printed(line: str, output: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in line.split("…"))
    return re.search(f"^{pattern}$", output, re.MULTILINE) is not None
