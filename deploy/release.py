"""A release: one file that a server is installed from without any index but Debian's own.

It holds the product as a wheel made of one commit, the wheels of what it needs (requirements.txt, hashed; no
tool of the developers') for this machine's Python, Kafka's jars as their lock has them, Ansible with the
roles, and ``install.py``. What is in it is listed by SHA-256, and installed from that list alone.
"""

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from deploy.install import ABOUT, ANSIBLE, INSTALLER, LIST, MESSAGES, REQUIREMENTS
from deploy.local import whole
from deploy.local.downloads import cache_dir, exclusive, fetch, sha256
from deploy.local.kafka import ROOT as KAFKA
from schemas.errors import Problem, ProblemList

TREE: Final = Path(__file__).parents[1]

STAMP: Final = "deploy/release.json"
"""In the product itself: what ``csdl --version`` says beside the number."""


@dataclass(frozen=True)
class About:
    """``version`` is the tree's own at a tag of that name; of every other commit it ends with +gCOMMIT, so
    that no two builds have one name. ``python``: the one whose wheels these are, as 3.11."""

    version: str
    commit: str
    python: str


def build(out: Path, commit: str = "HEAD", tree: Path = TREE) -> About:
    """Write the release of a commit to a file, whole or not at all; what it is.

    Raises ProblemList: REL-001 where ``tree`` is no checkout with that commit, REL-002 for a tool that fails.
    """
    with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}.") as scratch:
        staged, folder = Path(scratch, "tree"), Path(scratch, "release")
        about = stage(tree, commit, staged)
        root = folder / f"csdl-{about.version}"
        wheels = root / "wheels"
        wheels.mkdir(parents=True)
        product(staged, wheels)
        _wheels(staged / "requirements.txt", wheels, root / REQUIREMENTS)
        (ansible := root / ANSIBLE).mkdir()
        _wheels(staged / "deploy/ansible/requirements.txt", ansible / "wheels", ansible / REQUIREMENTS)
        shutil.copytree(fetch("kafka", KAFKA), root / "kafka", ignore=lambda _, names: _no_jars(names))
        shutil.copyfile(staged / "deploy/install.py", root / INSTALLER)
        shutil.copyfile(staged / "schemas/errors.csv", root / MESSAGES)
        (root / ABOUT).write_text(json.dumps(asdict(about)) + "\n", encoding="utf-8")
        files = sorted(path for path in root.rglob("*") if path.is_file())
        listed = [f"{sha256(path)}  {path.relative_to(root)}\n" for path in files]
        (root / LIST).write_text("".join(listed), encoding="utf-8")
        unfinished = Path(scratch, "archive")
        with tarfile.open(unfinished, "w") as archive:  # wheels and jars are packed already
            archive.add(root, root.name, filter=_nobodys)
        unfinished.replace(out)
    return about


def stage(tree: Path, commit: str, staged: Path) -> About:
    """A commit's files alone, whatever else lies in the checkout; the compiled library with them."""
    said = _git(tree, commit, "rev-parse", "--verify", f"{commit}^{{commit}}").strip()
    tags = _git(tree, commit, "tag", "--points-at", said).split()
    staged.mkdir()
    archive = staged.with_suffix(".tar")
    _git(tree, commit, "archive", "--format=tar", f"--output={archive}", said)
    _run("tar", ["tar", "-xf", str(archive), "-C", str(staged)], staged)
    archive.unlink()
    settings = staged / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    [number] = [line.split('"')[1] for line in text.splitlines() if line.startswith("version = ")]
    version = number if {number, f"v{number}"} & set(tags) else f"{number}+g{said[:10]}"
    settings.write_text(text.replace(f'version = "{number}"', f'version = "{version}"'), encoding="utf-8")
    about = About(version, said, f"{sys.version_info.major}.{sys.version_info.minor}")
    (staged / STAMP).write_text(json.dumps(asdict(about)) + "\n", encoding="utf-8")
    _run("cc", [sys.executable, "-m", "schemas.encoding.native.build"], staged)
    return about


def product(staged: Path, wheels: Path) -> Path:
    """The product's own wheel, with all data that its packages hold."""
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(wheels))
    _pip("wheel", *options, str(staged))
    [made] = wheels.glob("csdl-*.whl")
    return made


def _wheels(requirements: Path, wheels: Path, listed: Path) -> None:
    """Each requirement as a wheel, whose source was checked against its hash; and the list of these wheels
    with hashes of their own: some are made here, of sources. Of the same list they are made once."""
    wheels.mkdir(exist_ok=True)
    kept = cache_dir() / "wheels" / f"{sys.implementation.cache_tag}-{sha256(requirements)[:16]}"
    with exclusive(kept.parent):
        if not kept.is_dir():
            options = ("--no-deps", "--require-hashes", "-r", str(requirements))
            whole.make(kept, lambda made: _pip("wheel", *options, "--wheel-dir", str(made)))
    for made in kept.glob("*.whl"):
        shutil.copy(made, wheels)
    lines = []
    for wheel in sorted(wheels.glob("*.whl")):  # the product's own among them
        name, version = wheel.name.split("-")[:2]
        lines.append(f"{name}=={version} --hash=sha256:{sha256(wheel)}\n")
    listed.write_text("".join(lines), encoding="utf-8")


def _pip(*arguments: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    _run("pip", [sys.executable, "-m", "pip", *arguments[:1], *quiet, *arguments[1:]], Path.cwd())


def _git(tree: Path, commit: str, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(tree), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        raise ProblemList([Problem("REL-001", params={"path": tree, "commit": commit})]) from None
    return done.stdout


def _run(tool: str, command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise ProblemList([Problem("REL-002", params={"tool": tool, "reason": last})])


def _no_jars(names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".jar")]


def _nobodys(item: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same file from whoever builds it, at whatever time."""
    item.uid = item.gid = 0
    item.uname = item.gname = "root"
    item.mode = 0o755 if item.isdir() else 0o644
    item.mtime = 0
    return item
