"""The machines themselves: what the other tests here rely on."""

import subprocess
import sys

import pytest

from tests.server.machine import groups, machines, remove
from tests.support import ROOT, wait_until

pytestmark = pytest.mark.timeout(900)  # the first time a Debian is made


def test_machines_boot_reach_each_other_and_survive_what_is_done_to_them(tmp_path):
    with machines(tmp_path, "mot", "hai") as lan:
        one, two = lan.machines.values()
        assert one.failed() == two.failed() == []
        assert one.run("hostname").strip() == "mot"
        one.run("apt-get -q update && apt-get -q -y install sudo && sudo -u nobody id", check=True)
        one.put(lan.ssh_config, "/root/put")
        assert one.run("cat /root/put") == lan.ssh_config.read_text()

        one.run(": < /dev/tcp/hai/22")
        two.cut()
        assert one.run("timeout 2 bash -c ': < /dev/tcp/hai/22' && echo reached", check=False) == ""
        two.mend()
        wait_until(lambda: one.run("timeout 2 bash -c ': < /dev/tcp/hai/22' && echo reached", check=False))

        before = one.boot()
        one.reboot()
        assert one.boot() != before

        one.run("echo kept > kept && sync kept && (yes lost | head -c 1000000 > lost)")
        one.power_off()
        assert two.run("timeout 2 bash -c ': < /dev/tcp/mot/22' && echo reached", check=False) == ""
        one.power_on()
        assert one.run("cat kept") == "kept\n"
        assert one.run("cat lost", check=False) == "", "what was never synced cannot outlive a power cut"


BOOTS = """
import sys, time
from pathlib import Path
from tests.server.machine import machines
with machines(Path(sys.argv[1]), "ba"):
    print("up", flush=True)
    time.sleep(600)
"""


def test_a_machine_ends_with_whoever_booted_it_however_that_ends(tmp_path):
    words = [sys.executable, "-c", BOOTS, str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as whoever:
        assert whoever.stdout and whoever.stdout.readline() == "up\n"
        inside = [file for group in groups(whoever.pid) for file in group.rglob("cgroup.procs")]
        assert any(file.read_text() for file in inside)
        whoever.kill()
    wait_until(lambda: all(map(remove, groups(whoever.pid))), seen=lambda: str(inside))
