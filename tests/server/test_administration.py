"""docs/administration.md, followed word by word on a bare Debian; then a vendor pushes while the machine is
rebooted and its power is cut. Nothing is lost, nothing is there twice."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo.sandbox import samples
from deploy import release
from producers.synthetic import packet_file
from producers.synthetic.school import YEAR, make
from producers.synthetic.write import EVERYTHING, write_register
from schemas.contracts import contracts
from schemas.datasets import dataset_id
from tests.guide import Shell, blocks
from tests.server import release_before
from tests.server.machine import Lan, Machine, machines
from tests.support import ROOT, wait_until

pytestmark = pytest.mark.timeout(1800)

INSTALLED, FIRST_DAY, TO_THE_MINISTRY, BACKUP, UPGRADE, ANOTHER, LOST = 3, 4, 5, 6, 7, 8, 9
"""Chapters: the last before anybody acts, and those after it."""
SCHOOL = samples.school()
DATASET = dataset_id(SCHOOL.code, YEAR, "1")
LISTENS = "s/^    csdl_settings:/&\\n      CSDL_GATEWAY_HOST: 0.0.0.0/"
"""Nothing that speaks TLS stands before the gateway here."""
OPERATOR = r"s/operators: \[\]/operators: [truc]/"
TRIED = (
    "INSERT INTO conformity (vendor, product_version, school, begun_by, passed_at)"
    f" VALUES ('smas', '5.1', '{SCHOOL.code}', 'A1', now())"
)
"""The vendor's product has passed its trial, which tests of the guide for vendors show."""
WRONG = r"""
cd /root
mkdir -p /var/lib/kafka/data /etc/kafka/tls /etc/csdl/secrets
printf 'cluster.id=MkU3OEVBNTcwNTJENDM2Qk\nnode.id=1\n' > /var/lib/kafka/data/meta.properties
echo none > /etc/kafka/tls/broker-1.pem
echo none > /etc/csdl/secrets/identity.key
sed -e 's/kafka_host: localhost/kafka_host: no-such.invalid/; s/register.csv/none.csv/' \
    -e 's/^    csdl_settings:/&\n      CSDL_GATEWAY_PROT: 1\n      CSDL_FEED_DAYS: x/' one.yml > wrong.yml
python3 -m http.server -b 127.0.0.1 9092 > /dev/null 2>&1 &
/opt/csdl/current/ansible/bin/ansible-playbook /opt/csdl/current/roles/site.yml -i wrong.yml
kill $!
ls /etc/systemd/system /usr/local/bin
rm -r /var/lib/kafka /etc/kafka /etc/csdl wrong.yml
"""
"""Another cluster's data, a wrong certificate, lost secrets, a name, a port, a file, two settings."""
REFUSED = "KFK-003 KFK-004 KFK-005 KFK-006 SRV-003 SRV-004 DOC-006 SET-001"
TAKEN = ("version", "unchanged")
STAND_IN = "/opt/csdl/current/bin/csdl ministry simulate --refuse-percent 0"
MINISTRY = f"systemd-run --quiet --unit ministry -p Restart=always {STAND_IN}"
DISK_GONE = """
systemctl kill --signal KILL kafka.service
systemctl stop kafka.service
rm -r /var/lib/kafka/*
"""
CUT_OFF = """
csdl restore latest --lost kafka --reason x > cut 2>&1 &
until [ -e /var/lib/csdl/restore.unfinished ] && [ -e /var/lib/kafka/data/meta.properties ]; do
    kill -0 $! || { cat cut; exit 1; }
    sleep 0.05
done
"""
"""In the middle: Kafka is there again, and empty."""
AGAIN = 'csdl server use "$(basename "$(readlink /opt/csdl/current)")" 2>&1'
ROUNDS = """
mkdir /root/rounds && cd /root/rounds
for host in one two; do
    mkdir -p $host/bin
    printf '%s\\n' '#!/bin/sh' \\
        '[ "$1 $2" = "server order" ] && exec /usr/local/bin/csdl server order' \\
        "echo $host "'$* >> /root/rounds/calls' \\
        '[ "'"$host "'$*" != "two server again validation" ]' > $host/bin/csdl
    chmod +x $host/bin/csdl
    echo "$host ansible_connection=local csdl_home=/root/rounds/$host"
done | (echo [csdl]; cat; echo [csdl:vars]; echo csdl_version=2; echo 'csdl_processes=[]') > hosts
cat > play.yml << END
- hosts: csdl
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - ansible.builtin.import_role: {name: csdl, tasks_from: use.yml}
END
export ANSIBLE_ROLES_PATH=/opt/csdl/current/roles/roles
/opt/csdl/current/ansible/bin/ansible-playbook -i hosts play.yml
echo CALLS
cat calls
"""
FAILS = """
mkdir -p /run/systemd/system/csdl-retention.service.d
cd /run/systemd/system/csdl-retention.service.d
printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' > fails.conf
systemctl daemon-reload
systemctl start csdl-retention.service
"""


@dataclass
class Server:
    """The machine, and the administrator's shell on it."""

    lan: Lan
    machine: Machine
    shell: Shell
    beside: Executor
    refused: str = ""
    """What the play said of a machine with which much is wrong."""
    told: list[str] = field(default_factory=list)
    """Pushes that were answered with 202."""
    cut_off: int = 0
    """How often a vendor was stopped: it may not have heard of its last push."""
    before: Future[str] = field(default_factory=Future)
    """Version of the release before, installed beside; "" where this checkout has not its commit."""

    def play(self, chapters: range) -> None:
        """Run these chapters' blocks."""
        for block in blocks((ROOT / "docs" / "administration.md").read_text("utf-8")):
            if block.chapter in chapters:
                if wrong := self.shell.run(block).wrong():
                    pytest.fail(wrong)
                if "one.yml ." in block.text:
                    self.machine.run(f"sed -i '{LISTENS}; {OPERATOR}; s/smas.,.vnedu/smas/' one.yml")
                    self.refused = self.machine.run(WRONG, check=False)
                    self.before = self.beside.submit(release_before.install, self.lan, self.machine)

    def follow(self, chapter: int, knowing: str = "") -> None:
        """Run a chapter in a shell of its own: the machine may have been away since the last one."""
        self.shell.close()
        self.shell = Shell(self.lan.folder, dict(os.environ), self.machine.ssh(f"{knowing} exec bash"))
        self.play(range(chapter, chapter + 1))

    def releases(self) -> set[str]:
        """Those whose libraries the pipeline's processes have loaded."""
        maps = "cat $(pgrep -f 'csdl run' | sed 's|.*|/proc/&/maps|')"
        said = self.machine.run(f"{maps} | grep -o '/opt/csdl/releases/[^/]*' | sort -u")
        return {Path(line).name for line in said.splitlines()}

    def rows(self, query: str) -> list[list[str]]:
        """What the database holds, asked by its superuser."""
        words = "runuser -u postgres -- psql -d csdl -AtX -F '|'"
        return [line.split("|") for line in self.machine.run(words, given=query).splitlines()]

    def pushes(self) -> Counter[tuple[str, str]]:
        """(id, outcome) of each push."""
        said = json.loads(self.machine.run("csdl pushes --json"))
        return Counter((push["push_id"], push["outcome"]) for push in said)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A bare machine on which the chapters before the first push were followed."""
    folder = tmp_path_factory.mktemp("lan")
    write_register(folder / "register.csv", [SCHOOL])
    (folder / "mat-khau").write_text("mot-mat-khau-dai-hon-muoi-hai\n")
    with ThreadPoolExecutor(1) as beside:
        built = beside.submit(release.build, folder / "csdl.tar")
        with machines(folder, "may-chu") as lan:
            built.result()
            machine = lan.machines["may-chu"]
            for name in ("csdl.tar", "register.csv", "mat-khau"):
                machine.put(folder / name, f"/root/{name}")
            shell = Shell(folder, dict(os.environ), machine.ssh("bash"))
            found = Server(lan, machine, shell, beside)
            try:
                found.play(range(1, INSTALLED + 1))
                machine.run("runuser -u postgres -- psql -d csdl", given=TRIED)
                found.play(range(FIRST_DAY, FIRST_DAY + 1))
                found.before.result()
                yield found
            finally:
                found.shell.close()


@contextmanager
def pushing(server, folder):
    """A vendor that pushes; the file of what it was told is taken."""
    packet, key, taken = folder / "packet.json", folder / "khoa", folder / "taken"
    packet.write_bytes(packet_file.packet(make(SCHOOL, samples.SEED), EVERYTHING))
    key.write_text(server.machine.run("cat khoa"))
    command = [sys.executable, "-m", "tests.server.pusher"]
    said = [f"http://{server.machine.address}:19097", key, packet, taken]
    with (folder / "pusher.log").open("wb") as log:
        vendor = subprocess.Popen(
            server.lan.here(*command, *said),
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'client'}"},
            stdout=log,
            stderr=log,
        )
    try:
        yield taken, lambda: (folder / "pusher.log").read_text()
    finally:
        vendor.kill()
        vendor.wait()


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def test_all_that_is_wrong_is_told_at_once_before_anything_is_changed(server):
    missing = [code for code in REFUSED.split() if code not in server.refused]
    assert not missing, (missing, server.refused)
    assert "kafka.service" not in server.refused and "changed=0" in server.refused


def test_nothing_is_lost_or_doubled_when_the_machine_goes_away_under_pushes(server, tmp_path):
    with pushing(server, tmp_path) as (taken, said):
        goes_on(taken, said)
        server.machine.reboot()
        goes_on(taken, said)
        server.machine.power_off()
        server.machine.power_on()
        goes_on(taken, said)
    each_is_there_once(server, taken)
    assert server.machine.failed() == []


def test_another_release_comes_process_by_process_under_pushes(server, tmp_path):
    """Back to the one of before, which then works with the data, and up again as the document says."""
    if not (old := server.before.result()):
        pytest.skip("this checkout has not the commit of the release before")
    [new] = server.releases()
    with pushing(server, tmp_path) as (taken, said):
        goes_on(taken, said)
        server.machine.run(f"/opt/csdl/releases/{new}/bin/csdl server use {old}")
        assert server.releases() == {old}
        goes_on(taken, said)
        server.follow(UPGRADE, knowing=f"NEW={new}")
        assert server.releases() == {new}
        goes_on(taken, said)
    each_is_there_once(server, taken)


def test_of_several_machines_readers_come_before_writers_on_all_and_one_that_fails_keeps_the_rest(server):
    """The play, with machines that only write down what they are asked, the second of which has a fault."""
    order = server.machine.run("csdl server order").split()
    before = order[: order.index("validation") + 1]
    assert "load" in before and "gateway" not in before
    said = server.machine.run(ROUNDS, check=False)
    assert said.split("CALLS\n")[1].splitlines() == [
        *(f"{host} server use 2 --prepared" for host in ("one", "two")),
        *(f"{host} server again {name}" for name in before for host in ("one", "two")),
    ], said


def test_a_process_whose_settings_are_younger_than_it_is_started_again_once(server):
    again, settings = "csdl server again load 2>&1", "/etc/systemd/system/csdl@load.service.d/process.conf"
    assert server.machine.run(again) == ""
    assert server.machine.run(f"touch {settings}; {again}") == "load\n"
    assert server.machine.run(again) == ""


def goes_on(taken, said):
    """Some more pushes are taken."""
    before = len(lines(taken))
    wait_until(lambda: len(lines(taken)) > before + 4, seen=said)


def each_is_there_once(server, taken):
    """What was answered with 202 is there, once, and the school's records are."""
    server.told += [push for push, _ in lines(taken)]
    server.cut_off += 1

    def settled():
        known = server.pushes()
        outcomes = dict(list(known))
        return all(outcomes.get(push, "open") != "open" for push in server.told) and known

    found = wait_until(settled, seen=server.pushes)
    assert set(found.values()) == {1}
    outcomes = dict(list(found))
    assert {push: outcomes.get(push) for push in server.told if outcomes.get(push) not in TAKEN} == {}
    assert len(outcomes) <= len(server.told) + server.cut_off, "a push that was told twice"
    pupils = contracts.record("HocSinh").table
    rows = server.rows(
        f"SELECT count(*), count(DISTINCT client_id) FROM {pupils}"
        f" WHERE dataset_id = '{DATASET}' AND valid_to IS NULL"
    )
    assert rows == [[str(SCHOOL.pupils)] * 2]


def test_what_the_ministry_got_is_what_it_answered(server):
    server.machine.run(MINISTRY)
    server.follow(TO_THE_MINISTRY)
    wait_until(lambda: server.rows("SELECT state FROM ministry_export") == [["answered"]])
    [[sent, answered]] = server.rows(
        "SELECT (SELECT count(*) FROM ministry_export_record), (SELECT count(*) FROM ministry_receipt)"
    )
    assert sent == answered != "0"


def test_an_operator_sees_what_runs_and_no_secret(server):
    def by_them(words):
        return server.machine.run(f"cd / && runuser -u truc -- {words}")

    assert re.search(r"^ *gateway +running +yes", by_them("csdl status"), re.MULTILINE)
    assert "version" in by_them("csdl pushes --newest 1")
    secrets = server.machine.run("find /etc/csdl/secrets -type f").split()
    readable = by_them(f"sh -c 'for f in {' '.join(secrets)}; do test -r $f && echo $f; done; true'").split()
    assert {Path(path).name for path in readable} == {"csdl-operator", "metrics.token"}
    assert len(secrets) > 30


def test_a_backup_is_made_and_comes_to_life(server):
    server.machine.run(FAILS, check=False)
    server.follow(BACKUP)


def test_a_unit_that_failed_is_an_alert(server):
    asked = "promtool query instant http://127.0.0.1:9090 'ALERTS{alertname=\"CsdlUnitFailed\"}'"
    wait_until(lambda: "csdl-retention.service" in server.machine.run(asked), seen=server.machine.failed)


def test_a_lost_disk_comes_back_from_the_backup(server, tmp_path):
    """Kafka's, and a power cut in the middle of the restore: nothing starts before it has come to its end.
    Pushes since the backup are named, until they are there again; nothing else is lost."""
    kept = list(server.told)
    with pushing(server, tmp_path) as (taken, said):
        goes_on(taken, said)
    each_is_there_once(server, taken)
    server.machine.run(DISK_GONE)
    server.machine.run(CUT_OFF)
    server.machine.power_off()
    server.machine.power_on()
    assert server.machine.run("systemctl is-active csdl@load.service", check=False).strip() == "inactive"
    assert "BAK-017" in server.machine.run(AGAIN, check=False)
    server.follow(LOST)
    told = server.machine.run("csdl backup lost 2>&1", check=False)
    assert set(re.findall(r"BAK-\d+", told)) == {"BAK-030", "BAK-031"}
    assert [push for push in server.told if push not in told] == kept
    server.told, again = kept, tmp_path / "again"
    again.mkdir()
    with pushing(server, again) as (taken, said):
        goes_on(taken, said)
    each_is_there_once(server, taken)
    assert "BAK-030" not in server.machine.run("csdl backup lost 2>&1", check=False)
    assert server.machine.failed() == []


def test_another_vendor_and_another_year_come_while_all_runs(server):
    server.follow(ANOTHER)


def test_no_unit_is_exposed(server):
    units = server.machine.run(
        "cd /etc/systemd/system && ls -d kafka.service csdl-*.service csdl@*.service.d"
    )
    names = [unit.removesuffix(".d") for unit in units.split()]
    assert len(names) > 15
    said = server.machine.run(f"for u in {' '.join(names)}; do systemd-analyze security $u | tail -n 1; done")
    exposed = dict(
        zip(names, (float(line.split(": ")[1].split()[0]) for line in said.splitlines()), strict=True)
    )
    assert {name: level for name, level in exposed.items() if level >= 3.0} == {}
