"""What the kernel does to a process that outgrows its bound: SIGKILL, and the same work next time."""

from contextlib import closing

import pytest

from runtime import postgres
from sinks.ministry.export.process import ATTEMPTS
from tests.integration.ministry_road import forward_two, states

pytestmark = pytest.mark.faults


def test_an_export_that_gets_its_process_killed_is_withheld_and_the_others_go_out(settings, run_process):
    """It is held in its work by a lock, and killed there, as one whose rows need too much memory."""
    first, second = "19164998", "19164999"
    with (
        closing(postgres.connect(settings, "test")) as conn,
        closing(postgres.connect(settings, "t")) as lock,
    ):
        forward_two(settings, conn)

        def attempts():
            with conn, conn.cursor() as cur:
                cur.execute("SELECT attempts FROM ministry_export WHERE school = %s", (first,))
                return [n for (n,) in cur.fetchall()]

        lock.cursor().execute("LOCK TABLE hoc_sinh IN ACCESS EXCLUSIVE MODE")
        for n in range(1, ATTEMPTS + 1):
            with run_process("export", settings) as export:
                export.wait_until(lambda: attempts() == [n])  # noqa: B023
                export.popen.kill()
                export.popen.wait()
        lock.rollback()
        with run_process("export", settings) as export:
            export.wait_until(lambda: states(conn).get(f"{second}.2019.start") == "sent")
        assert states(conn)[f"{first}.2019.start"] == "mismatch"
        with conn, conn.cursor() as cur:
            cur.execute("SELECT code FROM ministry_export WHERE school = %s", (first,))
            assert cur.fetchall() == [("EXP-007",)]
