"""Machines that boot: Debian with systemd in a container of systemd-nspawn, each with a disk and a cable.

``with machines(tmp_path, "mot", "hai") as lan:`` boots both; they reach each other by name.
Everything that a machine is made of ends with its process, and that with ours, however we end: mounts are in
its own namespace, the network is one, too. What this way does not show: a bound on memory is not kept where
cgroups are of the old kind, and all machines have one clock.
"""

import fcntl
import os
import signal
import struct
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.server import image
from tests.support import wait_until, wait_while_it_runs

NETWORK: Final = "10.77.0"
"""In a namespace of its own: several of them do not see each other."""
CGROUPS: Final = tuple(map(Path, ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")))
SHUTDOWN: Final = 0x8004587D
"""ext4's ioctl: from now on nothing is written, and what was not is lost. As by a power cut."""
NO_LOG_FLUSH: Final = 2
REBOOT: Final = 133
"""What systemd-nspawn ends with when the machine wants to be started again."""

SSH: Final = """Host *
  User root
  IdentityFile {folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking accept-new
  ConnectTimeout 5
  ServerAliveInterval 5
  ServerAliveCountMax 3
  LogLevel ERROR
"""

# Its processes end with the first of their namespace, and that one with ours. There ours have no number: the
# network gets a name before.
ALONE: Final = """
set -e
boot=$1 network=$2 named=$3; shift 3
: > $named
mount --bind $network $named
exec unshare --pid --fork --kill-child --mount-proc sh -c "$boot" sh "$@"
"""

# With /run/systemd/nspawn of its own it leaves nothing there.
BOOT: Final = """
set -e
folder=$1 name=$2 machine=$3 network=$4 packages=$5; shift 5
for group; do mkdir -p $group; echo $$ > $group/cgroup.procs; done
mount -o loop $folder/$name.disk $folder/$name
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --quiet --directory=$folder/$name --boot \\
    --register=no --keep-unit --machine=$machine --hostname=$name --network-namespace-path=$network \\
    --bind-ro=$packages:/srv/packages --resolv-conf=off --timezone=off --console=pipe
"""


def _ours(*command: str | Path, **streams: object) -> "subprocess.Popen[bytes]":
    """Start a program that ends when we do."""
    words = ["setpriv", "--pdeathsig", "KILL", *map(str, command)]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True, **streams)  # type: ignore[call-overload, no-any-return]


class Network:
    """A network namespace, which lasts as long as a process in it."""

    def __init__(self) -> None:
        self._holder = _ours("unshare", "-n", "sleep", "infinity")
        ours = Path("/proc/self/ns/net").readlink()
        wait_until(lambda: Path(self.path).readlink() != ours)

    @property
    def path(self) -> str:
        return f"/proc/{self._holder.pid}/ns/net"

    @property
    def pid(self) -> int:
        return self._holder.pid

    def inside(self, *command: str | Path) -> list[str]:
        """A command, to be run in it."""
        return ["nsenter", f"--net={self.path}", "--", *map(str, command)]

    def ip(self, *words: str) -> None:
        """``ip`` in it."""
        subprocess.run(self.inside("ip", *words), check=True, capture_output=True)

    def close(self) -> None:
        """End it, and with it what is in it."""
        self._holder.kill()
        self._holder.wait()


class Lan:
    """Machines on one switch, and the administrator's own seat at it (``here``).

    :param folder: for disks, keys and consoles; an empty one
    """

    def __init__(self, folder: Path, suite: str, names: Sequence[str]) -> None:
        self.folder, self.names = folder, tuple(names)
        self.image = image.made(suite)
        for left in groups("[0-9]*"):  # of a run that was killed; its machines went with it
            if not Path("/proc", left.name.split("-")[1]).exists():
                remove(left)
        self._network = Network()
        for words in ("link set lo up", "link add lan type bridge", "link set lan up"):
            self._network.ip(*words.split())
        self._network.ip("addr", "add", f"{NETWORK}.1/24", "dev", "lan")
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "administrator", "-f", folder / "key"],
            check=True,
        )
        hosts = "".join(f"Host {name}\n  HostName {self.address(name)}\n" for name in names)
        self.ssh_config.write_text(SSH.format(folder=folder) + hosts)
        self.machines = {name: Machine(self, name) for name in names}

    @property
    def ssh_config(self) -> Path:
        return self.folder / "ssh_config"

    def address(self, name: str) -> str:
        return f"{NETWORK}.{11 + self.names.index(name)}"

    def hosts(self, name: str) -> str:
        """/etc/hosts of a machine."""
        others = "".join(f"{self.address(other)} {other}\n" for other in self.names)
        return f"127.0.0.1 localhost\n::1 localhost\n{others}"

    def here(self, *command: str | Path) -> list[str]:
        """A command at the administrator's seat; ``ssh -F ssh_config NAME`` logs in from there."""
        return self._network.inside(*command)

    def plug(self, port: str, machine: Network) -> None:
        """A cable from the switch to a machine."""
        self._network.ip(
            "link", "add", port, "type", "veth", "peer", "name", "host0", "netns", str(machine.pid)
        )
        self._network.ip("link", "set", port, "master", "lan", "up")

    def cable(self, port: str, state: str) -> None:
        """``up`` or ``down``."""
        self._network.ip("link", "set", port, state)

    def close(self) -> None:
        """End all of it; the disks are deleted."""
        for machine in self.machines.values():
            machine.close()
        self._network.close()


class Machine:
    """One machine. It is off at first."""

    def __init__(self, lan: Lan, name: str) -> None:
        self._lan, self.name, self.address = lan, name, lan.address(name)
        self._network = Network()
        lan.plug(name, self._network)
        self._network.ip("link", "set", "lo", "up")
        self._network.ip("addr", "add", f"{self.address}/24", "dev", "host0")
        self._network.ip("link", "set", "host0", "up")
        self._root, self._disk = lan.folder / name, lan.folder / f"{name}.disk"
        self._root.mkdir()
        subprocess.run(
            ["cp", "--sparse=always", "--reflink=auto", lan.image / "disk", self._disk], check=True
        )
        self._write("etc/machine-id", f"{uuid.uuid4().hex}\n")
        self._write("etc/hosts", lan.hosts(name))
        self._write("root/.ssh/authorized_keys", (lan.folder / "key.pub").read_text())
        self._nspawn: subprocess.Popen[bytes] | None = None

    def _write(self, path: str, text: str) -> None:
        """A file, on the disk of a machine that is off."""
        words = "umask 077; mount -o loop $0 $1; mkdir -p ${1}/${2%/*}; cat > $1/$2; chmod go+r $1/$2"
        subprocess.run(
            ["unshare", "-m", "--propagation", "private", "sh", "-ec", words, self._disk, self._root, path],
            input=text.encode(),
            check=True,
        )

    def start(self) -> None:
        """Switch it on. ``wait`` waits until it has booted."""
        wait_until(lambda: not self._attached())
        name = f"csdl-{os.getpid()}-{self.name}"
        self._groups = [group / name for group in CGROUPS if (group / "cgroup.procs").exists()]
        folder, packages = self._lan.folder, self._lan.image / "packages"
        named = folder / f"{self.name}.network"
        words: list[str | Path] = [BOOT, self._network.path, named, folder, self.name, name, named, packages]
        words += self._groups
        isolated = ["unshare", "-m", "--propagation", "private", "sh", "-c", ALONE, "sh"]
        with self.console.open("ab") as out:
            self._nspawn = _ours(*isolated, *words, stdout=out, stderr=out)

    def wait(self) -> None:
        """Until it has booted."""
        assert self._nspawn
        wait_while_it_runs(self._nspawn, self.boot, self.seen)
        self.run("systemctl is-system-running --wait", check=False)

    def boot(self) -> str:
        """Id of this boot; "" if nobody answers."""
        return self.run("cat /proc/sys/kernel/random/boot_id", check=False).strip()

    def run(self, command: str, check: bool = True, given: str = "") -> str:
        """Run a line in a shell on it, as root over ssh; what it prints. Fails with it unless told not to."""
        done = subprocess.run(self.ssh(command), input=given.encode(), capture_output=True, check=False)
        said = done.stdout.decode(errors="replace")
        assert not check or done.returncode == 0, (
            f"{self.name}: {command}\n{said}{done.stderr.decode(errors='replace')}"
        )
        return said

    def ssh(self, *command: str, user: str = "root") -> list[str]:
        """The command that logs in on it."""
        return self._lan.here("ssh", "-F", self._lan.ssh_config, "-l", user, self.name, *command)

    def put(self, source: Path, target: str) -> None:
        """Copy a file or a folder to it."""
        words = self._lan.here("scp", "-F", self._lan.ssh_config, "-qrp", source, f"{self.name}:{target}")
        subprocess.run(words, check=True, capture_output=True)

    def failed(self) -> list[str]:
        """Units that failed."""
        lines = self.run("systemctl list-units --failed --plain --no-legend --all").splitlines()
        return [line.split()[0] for line in lines]

    def reboot(self) -> None:
        """As an administrator does; until it has booted again."""
        assert self._nspawn
        self.run("systemctl reboot", check=False)
        code = self._nspawn.wait()
        assert code == REBOOT, f"ended with {code}: {self.seen()}"
        self._ended()
        self.power_on()

    def power_off(self) -> None:
        """Cut its power: every process ends at once, and what no fsync has brought to the disk is lost."""
        assert self._nspawn
        disk = os.open(f"/proc/{self._nspawn.pid}/root{self._root}", os.O_RDONLY)
        try:
            self._kill()
            fcntl.ioctl(disk, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(disk)

    def power_on(self) -> None:
        """Start it again; until it has booted."""
        self.start()
        self.wait()

    def cut(self) -> None:
        """Pull its cable."""
        self._lan.cable(self.name, "down")

    def mend(self) -> None:
        """Put it back."""
        self._lan.cable(self.name, "up")

    @property
    def console(self) -> Path:
        return self._lan.folder / f"{self.name}.console"

    def seen(self) -> str:
        """The end of what it wrote on its console."""
        return f"{self.name}\n" + self.console.read_text(errors="replace")[-3000:]

    def _kill(self) -> None:
        """End all its processes: they are in a namespace whose first process is our child's."""
        if not self._nspawn:
            return
        for child in _children(self._nspawn.pid):
            os.kill(child, signal.SIGKILL)
        self._nspawn.kill()
        self._nspawn.wait()
        self._ended()

    def _ended(self) -> None:
        self._nspawn = None
        wait_until(lambda: all(map(remove, self._groups)))

    def _attached(self) -> bool:
        """Is its disk still mounted by what is about to end?"""
        files = Path("/sys/block").glob("loop*/loop/backing_file")
        return any(_read(file).strip() == str(self._disk) for file in files)

    def close(self) -> None:
        """End it, and delete its disk."""
        self._kill()
        self._network.close()
        self._disk.unlink()


def _children(pid: int) -> list[int]:
    return [
        int(child)
        for file in Path(f"/proc/{pid}/task").glob("*/children")
        for child in file.read_text().split()
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # a loop that goes away
        return ""


def remove(group: Path) -> bool:
    """A cgroup and those in it, once nobody is in them. Was it possible?"""
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return False
    return True


def groups(pid: int | str) -> list[Path]:
    """Cgroups of the machines that a process has booted."""
    return [folder for each in CGROUPS for folder in each.glob(f"csdl-{pid}-*")]


@contextmanager
def machines(folder: Path, *names: str, suite: str = image.SUITE) -> Iterator[Lan]:
    """Boot machines with these names; at the end nothing of them is left but their consoles."""
    lan = Lan(folder, suite, names)
    try:
        for machine in lan.machines.values():
            machine.start()
        for machine in lan.machines.values():
            machine.wait()
        yield lan
    finally:
        lan.close()
