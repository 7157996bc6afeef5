"""What a process imports it pays for at each start, and keeps in memory."""

import subprocess
import sys

from deploy.processes import TABLE


def test_a_machine_that_reads_no_chunks_has_neither_polars_nor_arrow() -> None:
    """A third of its start, and 60 MB; one line of a module that all import had brought them."""
    machines = [d.entry.split(":")[0] for d in TABLE if not d.tables and d.name != "validation"]
    assert machines
    asked = f"import sys, cli.run, {', '.join(machines)}; print({{'polars', 'pyarrow'}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
