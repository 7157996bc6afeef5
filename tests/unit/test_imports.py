"""What a process imports it pays for at each start, and keeps in memory."""

import subprocess
import sys

from deploy.processes import TABLE

FRAMES = {"validation", "load", "check", "export", "receipts", "access", "gateway"}
"""Whose work is with records by the thousand, or with files of them."""


def test_a_process_that_has_no_use_for_polars_and_arrow_starts_without() -> None:
    """A third of its start, and 60 MB; one line of a module that all import had brought them."""
    others = {d.entry.split(":")[0] for d in TABLE if d.name not in FRAMES}
    assert len(others) == len(TABLE) - len(FRAMES)
    modules = ["cli.run", "sinks.provincial.schema", "sinks.provincial.granting", *sorted(others)]
    asked = f"import sys, {', '.join(modules)}; print({{'polars', 'pyarrow'}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
