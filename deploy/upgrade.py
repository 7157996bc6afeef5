"""A server goes from one release to another, process by process, while pushes go on; and back the same way.

What stands against it is looked at first. Then the release's own `csdl setup` brings tables, topics and
rights to it, its units are written, the link ``current`` is set, and every process that runs by another
release, or began before its settings were written, is started again: readers of a topic before its writers,
two at once where neither reads the other, each awaited until it is ready. What is done shows in the machine
itself: a run that was cut off goes on where it was, and a second one changes nothing. Of several machines
each is prepared first, then process after process is started again on all of them (``again``).
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy import install, server, server_status
from deploy.local.stack import RESTORING
from deploy.processes import Instance
from deploy.upgrade_order import in_order, order, turns
from runtime import kafka, postgres, systemd, terms
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.contracts import versions
from schemas.encoding import codec
from schemas.errors import Problem, ProblemList
from schemas.terms import VENDOR, YEAR, Term
from schemas.topics import TERMS, topics
from sinks.provincial import schema

HOME: Final = Path("/opt/csdl")
SYSTEMD: Final = Path("/etc/systemd/system")
PROVINCE: Final = Path("/etc/csdl/province")
TEMPLATE: Final = SYSTEMD / "csdl@.service"

READY_S: Final = 300.0
"""A process reads its state again: with a province's a minute."""
LOOK_S: Final = 0.25

ASKED: Final = """
import json
from schemas.contracts import versions
from schemas.topics import topics
from sinks.provincial.schema import expected
names = [topic.name for topic in topics(["VENDOR"])]
print(json.dumps({"revision": expected(), "contracts": sorted(versions.by_id()), "topics": names}))
"""
"""What a release knows, told by its own code: so those of before this module are asked, too."""

Say = Callable[[str], object]


@dataclass(frozen=True)
class Knows:
    """What a release can work with: revision of the tables, contracts by their ids, topics by their names."""

    revision: str
    contracts: frozenset[int]
    topics: frozenset[str]


def use(
    settings: Settings,
    version: str,
    names: Collection[str],
    say: Say,
    *,
    anyway: bool = False,
    prepared: bool = False,
) -> None:
    """Bring this machine to an installed release; ``say`` is told each change. Root's alone.

    :param names: instances that this machine runs; all that the settings ask for if none is named
    :param anyway: although a process is not ready now
    :param prepared: all but the processes, which go on as they are; where none runs they are started

    Raises ProblemList: SRV-001, SRV-010 to 013, BAK-017 before anything is changed; SRV-002, SRV-014 where a
    step failed: the same command goes on there, and with the release of before it goes back.
    """
    if os.geteuid() != 0:
        raise ProblemList([Problem("SRV-001")])
    if (server.HOME / RESTORING).exists():
        raise ProblemList([Problem("BAK-017", params={"data_dir": server.HOME})])
    folder = HOME / install.RELEASES / version
    if not (folder / install.ABOUT).is_file():
        raise ProblemList([_not_installed(version)])
    before = server_status.named_here()
    runs = server_status.runs_here(settings)
    old = _stale(settings, runs, folder)
    known = knows(folder)
    other = install.current(HOME) != folder
    goes = old or not runs or other
    undone = ""
    if runs and goes:
        # Of one release to itself other settings may be the very thing that mends it.
        changes = other or not all(_runs_by(pid, folder) for pid in _pids(runs))
        problems = list(_not_ready(settings, runs)) if changes and not anyway else []
        undone = _beyond(settings, known)
        problems += used(settings, known)
        if problems:
            raise ProblemList(problems)
    csdl = folder / "bin" / "csdl"
    if undone:
        run(*_as_setup(HOME / install.CURRENT / "bin" / "csdl"), "database", "back", known.revision)
        say(f"{undone} → {known.revision}")
    if goes:
        run(*_as_setup(csdl), "setup")
    for unit in run(str(csdl), "units", *names).splitlines():
        say(unit)
    if install.current(HOME) != folder:
        install.use(HOME, folder)
        say(f"{install.CURRENT} → {version}")
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--quiet", "csdl.target")
    wanted = server_status.runs_here(settings)
    if prepared:
        if not _pids(wanted):
            run("systemctl", "start", "--no-block", "csdl.target")
        return
    for gone in sorted({*before} - {each.label for each in wanted}):
        run("systemctl", "stop", server_status.unit(gone))
        say(f"- {gone}")
    stale = _stale(settings, wanted, folder)
    if not _pids(wanted):
        run("systemctl", "start", "csdl.target")  # the first time: nobody is kept waiting
    for turn in turns(each for each in wanted if each.label in stale):
        _again(settings, turn, folder)
        for each in turn:
            say(each.label)


def again(settings: Settings, name: str, say: Say) -> None:
    """Start a process again, each of it that this machine runs, where it began by another release than the
    one in force or before its settings were written; wait until it is ready. ``say`` is told each. Root's.

    Raises ProblemList: SRV-001; SYS-007 where there is no such process; SRV-010 where no release is in force;
    SRV-002, SRV-014 where a step failed.
    """
    if os.geteuid() != 0:
        raise ProblemList([Problem("SRV-001")])
    if name not in order():
        raise ProblemList([Problem("SYS-007", params={"name": name, "known": ", ".join(order())})])
    folder = install.current(HOME)
    if folder is None:
        raise ProblemList([_not_installed(install.CURRENT)])
    for each in in_order(server_status.runs_here(settings)):
        if each.declared.name == name and _again(settings, [each], folder):
            say(each.label)


def _not_installed(version: str) -> Problem:
    return Problem("SRV-010", params={"version": version, "installed": ", ".join(installed()) or "–"})


def installed(home: Path = HOME) -> list[str]:
    """Versions of the releases that are whole."""
    return sorted(path.parent.name for path in home.glob(f"{install.RELEASES}/*/{install.ABOUT}"))


def knows(folder: Path) -> Knows:
    """What an installed release knows. Raises ProblemList (SRV-002) where it does not run."""
    told = json.loads(run(str(folder / "bin" / "python"), "-c", ASKED))
    return Knows(told["revision"], frozenset(told["contracts"]), frozenset(told["topics"]))


def lacking(known: Knows) -> dict[str, set[int]]:
    """Topic (of a vendor's the general name) → ids of our contracts that a release does not know, though it
    reads the topic. Pure."""
    unknown: dict[str, set[int]] = {}
    for name, every in versions.contracts().items():
        if new := {contract.id for contract in every} - known.contracts:
            unknown[name] = new
    found = {
        topic.name: set().union(*(unknown.get(name, set()) for name in topic.contracts))
        for topic in topics(["VENDOR"])
        if topic.name in known.topics
    }
    return {topic: ids for topic, ids in found.items() if ids}


def used(settings: Settings, known: Knows) -> Iterator[Problem]:
    """SRV-011 for each topic that holds messages which the release could not read, or would not: vendors and
    years by date say nothing to one that knows the settings alone."""
    named = {Term(VENDOR, name) for name in settings.vendors}
    named |= {Term(YEAR, str(year)) for year in settings.school_years}
    as_setup = settings.acting_as(SETUP)
    terms.bring(as_setup, strictly=True)
    if TERMS not in known.topics and (more := set(as_setup.terms.all()) - named):
        yield Problem("SRV-011", params={"topic": TERMS, "count": len(more)})
    for general, ids in lacking(known).items():
        names = [general.replace("VENDOR", vendor) for vendor in as_setup.vendors]
        for name in sorted(set(names)):
            with closing(kafka.consumer(as_setup)) as consumer:
                messages = kafka.to_end(consumer, kafka.partitions(name))
                count = sum(codec.wire_id(message.value or b"") in ids for message in messages)
            if count:
                yield Problem("SRV-011", params={"topic": name, "count": count})


def _beyond(settings: Settings, known: Knows) -> str:
    """The tables' revision where it is beyond the release's; "" where it is not. Raises ProblemList (SRV-012)
    where something that those revisions brought has been used."""
    from sinks.provincial import going_back  # alembic, which takes a second

    with closing(postgres.connect(settings.acting_as(SETUP), "csdl upgrade")) as conn:
        found = schema.look(conn).found
        if not found.isdigit() or found <= known.revision:
            return ""
        going_back.refuse_if_used(conn, known.revision)
    return found


def _not_ready(settings: Settings, runs: Collection[Instance]) -> Iterator[Problem]:
    """SRV-013 for a process that runs and cannot work."""
    for row in server_status.of_instances(settings, list(runs)):
        if row["pid"] and not row["ready"]:
            yield Problem("SRV-013", params={"name": row["name"], "why": row["why"] or row["state"]})


def _stale(settings: Settings, runs: Iterable[Instance], folder: Path) -> set[str]:
    """Instances that do not run, or run by another release than that, or since before their settings were
    written."""
    named = {each.label: server_status.unit(each.label) for each in runs}
    found = systemd.units(list(named.values()), systemd.PID, systemd.BEGAN)
    shared = server_status.written(server.SETTINGS_FILE, TEMPLATE, *PROVINCE.rglob("*"))
    old = set()
    for label, unit in named.items():
        shown = found.get(unit, {})
        written = max(shared, server_status.written(SYSTEMD / f"{unit}.d" / "process.conf"))
        if systemd.stale(shown, written) or not _runs_by(systemd.pid(shown), folder):
            old.add(label)
    return old


def _pids(every: Iterable[Instance]) -> list[int]:
    """Of those that run."""
    names = [server_status.unit(each.label) for each in every]
    found = (systemd.pid(shown) for shown in systemd.units(names, systemd.PID).values())
    return [pid for pid in found if pid]


def _runs_by(pid: int, folder: Path) -> bool:
    """Whether a process has loaded its libraries from a release."""
    try:
        return f"{folder}/" in Path(f"/proc/{pid}/maps").read_text("utf-8", "replace")
    except OSError:
        return False


def _again(settings: Settings, turn: Collection[Instance], folder: Path) -> bool:
    """Start those again that have not begun by that release, and wait until all are ready; whether there were
    any. Setup has run: it is not asked for once more."""
    old = sorted(_stale(settings, turn, folder))
    if old:
        run("systemctl", "restart", "--job-mode=ignore-dependencies", *map(server_status.unit, old))
    for each in turn:
        until_ready(settings, each)
    return bool(old)


def until_ready(settings: Settings, each: Instance) -> None:
    """Wait for one. Raises ProblemList (SRV-014)."""
    until = time.monotonic() + READY_S
    row: dict[str, Any] = {}
    while time.monotonic() < until:
        time.sleep(LOOK_S)
        [row] = server_status.of_instances(settings, [each])
        if row["ready"]:
            return
    why = row.get("why") or row.get("state") or "–"
    raise ProblemList([Problem("SRV-014", params={"name": each.label, "why": why})])


def _as_setup(csdl: Path) -> list[str]:
    """A release's command by setup's account, in the folder of ``csdl-setup.service``."""
    folder = f"csdl/{SETUP.removeprefix('csdl-')}"
    has = (f"User={SETUP}", f"Group={server.GROUP}", f"StateDirectory={folder}", "StateDirectoryMode=0700")
    return [
        *("systemd-run", "--quiet", "--wait", "--collect", "--pipe"),
        *(word for line in has for word in ("-p", line)),
        *("-E", f"CSDL_DATA_DIR=/var/lib/{folder}", str(csdl)),
    ]


def run(*command: str, given: str | None = None) -> str:
    """One of the machine's programs, to its end; what it printed. Raises ProblemList (SRV-002)."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        tool = " ".join([Path(word).name for word in command if "/" in word or word == command[0]][-1:])
        raise ProblemList([Problem("SRV-002", params={"tool": tool, "reason": (said or ["?"])[-1]})])
    return done.stdout
