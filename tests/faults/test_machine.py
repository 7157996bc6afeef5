"""A first start that the machine fails: /tmp forbids programs, it is killed half way. Nobody helps then."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local import layout
from deploy.local import stack as local
from deploy.local.layout import SERVERS, Stack
from runtime import kafka
from tests import support
from tests.support import ANSWER_S

pytestmark = [pytest.mark.faults, pytest.mark.slow]

START = """
import sys
from pathlib import Path
from deploy.local import stack
from deploy.local.layout import Stack
stack.up(Stack(Path(sys.argv[1]), int(sys.argv[2])), processes=())
"""
SUPERVISED = "supervisord.pid"
# The project itself, and what its tests fetched, may lie in /tmp.
NO_EXEC = (
    'mount --bind /tmp /tmp && mount --bind "$PWD" "$PWD" && mount -o remount,bind,noexec /tmp && '
    'cd "$PWD" && exec "$0" "$@"'
)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_with_tmp_noexec_what_is_sent_compressed_arrives_and_a_stack_in_tmp_is_refused(tmp_path):
    """Seen: `up` said ready, and every push got SEND-001, because the broker could not unpack its zstd."""
    elsewhere = Path(tempfile.mkdtemp(dir="/var/tmp"))
    it = Stack(elsewhere / "stack", support.free_port_base())
    try:
        _in_tmp_noexec("-c", START, str(it.data_dir), str(it.port_base)).check_returncode()
        producer = kafka.producer(support.everybody(it), compression_type="zstd")
        assert producer.send("csdl.in.smas.v1", b"value" * 1000, b"79000001").get(ANSWER_S).offset == 0
        producer.close()
        refused = _in_tmp_noexec("-m", "cli", "up", "--data-dir", str(tmp_path / "s"))
        assert refused.returncode == 1
        assert [line.split()[0] for line in refused.stderr.splitlines()] == ["STK-014"] * 2
        assert not (tmp_path / "s").exists()
    finally:
        local.down(it, delete=True)
        shutil.rmtree(elsewhere)


def _in_tmp_noexec(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["unshare", "-m", "sh", "-c", NO_EXEC, sys.executable, *arguments]
    project = Path(__file__).parents[2]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=project)


def test_a_first_start_that_was_killed_is_made_good_by_the_next(tmp_path):
    """Killed while the cluster and the log directory are being made, and once more when the servers start."""
    it = Stack(tmp_path / "stack", support.free_port_base())
    for half_made in ("postgres.unfinished-*/PG_VERSION", "kafka/log.unfinished-*", SUPERVISED):
        _start_and_kill(it, half_made)
        assert (it.data_dir / "stack.json").exists() == (half_made == SUPERVISED)
    local.up(layout.asked_for(it.data_dir, it.port_base), processes=())
    try:
        support.each_is_ready(it, SERVERS)
        assert not list(it.data_dir.rglob("*.unfinished-*"))
    finally:
        local.down(it, delete=True)


def _start_and_kill(it: Stack, half_made: str) -> None:
    command = [sys.executable, "-c", START, str(it.data_dir), str(it.port_base)]
    popen = subprocess.Popen(command, start_new_session=True)
    support.wait_while_it_runs(popen, lambda: any(it.data_dir.glob(half_made)), lambda: half_made)
    with suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait()
