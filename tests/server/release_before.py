"""The release before, which CHANGELOG names: installed on a machine beside the one that is tested."""

import re
import subprocess
import tarfile
from pathlib import Path

from deploy import release
from deploy.local.downloads import exclusive, sha256
from tests.server.machine import Lan, Machine
from tests.support import ROOT

RELEASES = "/opt/csdl/releases"
INSTALL = "mkdir old && tar -xf old.tar -C old && python3 old/csdl-*/install.py && rm -r old old.tar"


def install(lan: Lan, machine: Machine) -> str:
    """As chapter 7 has it; its version, "" where this checkout has not its commit. Once installed it is kept
    as it lies there, beside Debian's packages: nothing of it is under test."""
    [commit] = re.findall(r"of commit ([0-9a-f]{40})", (ROOT / "CHANGELOG.md").read_text("utf-8"))[:1]
    known = ["git", "-C", str(ROOT), "cat-file", "-e", f"{commit}^{{commit}}"]
    if subprocess.run(known, check=False).returncode:
        return ""
    kept = lan.image / "packages" / f"release-{commit}-{sha256(Path(release.__file__))[:12]}.tar"
    with exclusive(lan.image):
        if kept.exists():
            machine.run(f"tar -xf /srv/packages/{kept.name} -C {RELEASES}")
        else:
            version = release.build(lan.folder / "old.tar", commit).version
            machine.put(lan.folder / "old.tar", "/root/old.tar")
            machine.run(INSTALL)
            _keep(machine, version, kept)
    with tarfile.open(kept) as archive:
        folder = archive.next()
    assert folder
    return folder.name


def _keep(machine: Machine, version: str, kept: Path) -> None:
    """Of those kept the newest alone: each is a gigabyte."""
    for earlier in kept.parent.glob("release-*"):
        earlier.unlink()
    unfinished = kept.with_suffix(".part")
    with unfinished.open("wb") as out:
        subprocess.run(machine.ssh(f"tar -C {RELEASES} -c {version}"), stdout=out, check=True)
    unfinished.rename(kept)
