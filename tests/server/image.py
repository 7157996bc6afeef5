"""The disk of a bare Debian machine, and packages that it can install: made once, kept in the cache."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.local.downloads import cache_dir, exclusive

TOOLS: Final = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ssh": "openssh-client",
    "mke2fs": "e2fsprogs",
    "ip": "iproute2",
}
"""Program → Debian package: what the machine that runs the tests needs."""

BARE: Final = ("systemd-sysv", "dbus", "openssh-server", "python3", "iproute2", "procps", "ca-certificates")
"""What is there before anybody installs us: Debian's smallest, with ssh and the Python that Ansible needs."""

PACKAGES: Final = (
    "acl",
    "chrony",
    "curl",
    "gnupg",
    "openssl",
    "postgresql",
    "prometheus",
    "prometheus-alertmanager",
    "python3-apt",
    "python3-psycopg2",
    "python3-venv",
    "rsync",
    "sudo",
)
"""What a machine can install: its apt knows a folder with these and what they need, and nothing else."""

SUITE: Final = os.environ.get("CSDL_TEST_DEBIAN", "bookworm")
"""Which Debian; trixie is the other."""

SIZE: Final = "16G"
"""Of a disk; what is not written to takes no room."""

# In a file system in memory, in mounts of its own: nothing is left behind, and dpkg's fsync costs nothing.
MAKE: Final = r"""
set -eu
suite=$1 bare=$2 packages=$3 out=$4
mount -t tmpfs -o size=8G tmpfs /mnt
root=/mnt/root
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
debootstrap --variant=minbase --include="$bare" "$suite" $root
chroot $root apt-get clean
chroot $root apt-get -q -y --download-only install $packages
mkdir "$out/packages"
cp $root/var/cache/apt/archives/*.deb "$out/packages"
chroot $root apt-get clean
rm -rf $root/var/lib/apt/lists/*
echo 'deb [trusted=yes] file:/srv/packages ./' > $root/etc/apt/sources.list
echo force-unsafe-io > $root/etc/dpkg/dpkg.cfg.d/quick
rm -f $root/etc/hostname $root/etc/resolv.conf
: > $root/etc/machine-id
cd "$out/packages"
for package in *.deb; do
    dpkg-deb -f "$package"
    echo "Filename: ./$package"
    echo "Size: $(stat -c %s "$package")"
    echo "SHA256: $(sha256sum "$package" | cut -d' ' -f1)"
    echo
done > Packages
mke2fs -q -t ext4 -d $root "$out/disk" """


def made(suite: str = SUITE) -> Path:
    """Folder with ``disk`` (an ext4 file system) and ``packages`` (for apt). It takes minutes, once."""
    have_tools()
    worth = repr((suite, BARE, PACKAGES, SIZE, MAKE)).encode()
    folder = cache_dir() / "servers" / f"{suite}-{hashlib.sha256(worth).hexdigest()[:12]}"
    with exclusive(folder.parent):
        if not folder.exists():
            for earlier in folder.parent.glob(f"{suite}-*"):
                shutil.rmtree(earlier)
            unfinished = folder.with_name(f"{suite}-unfinished")
            unfinished.mkdir()
            told = folder.with_name(f"{suite}.log")
            words = [suite, ",".join(BARE), " ".join(PACKAGES), str(unfinished)]
            with told.open("wb") as log:
                done = subprocess.run(
                    ["unshare", "-m", "--propagation", "private", "sh", "-c", f"{MAKE} {SIZE}", "sh", *words],
                    stdout=log,
                    stderr=log,
                    check=False,
                )
            assert done.returncode == 0, f"no {suite}:\n" + told.read_text(errors="replace")[-2000:]
            unfinished.rename(folder)
    return folder


def have_tools() -> None:
    """Install what is missing. Fails, saying so, where that cannot be: no root, no apt, no package."""
    assert os.geteuid() == 0, "make test-server boots machines: only root can"
    missing = {package for tool, package in TOOLS.items() if not shutil.which(tool)}
    if missing:
        assert shutil.which("apt-get"), (
            f"make test-server needs {sorted(missing)}, and here is no apt-get to install them"
        )
        for words in (["update"], ["install", "-y", "--no-install-recommends", *sorted(missing)]):
            done = subprocess.run(["apt-get", "-q", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"make test-server needs {sorted(missing)}; apt-get says:\n{done.stderr}"


if __name__ == "__main__":
    try:
        print(made())
    except AssertionError as cannot:
        sys.exit(str(cannot))
