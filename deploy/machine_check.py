"""Why a machine cannot be what the inventory says, told before anything on it is changed.

The playbook hands this file to the machine's own Python, before anything of ours is there: the standard
library alone. What is asked stands in the variable CSDL_CHECK (JSON), the texts with it.
"""

import csv
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Found = tuple[str, dict[str, object]]
"""Code and what is filled into its texts."""


def names(asked: list[str]) -> Iterator[Found]:
    """KFK-003 for each that does not resolve."""
    for host in asked:
        try:
            socket.getaddrinfo(host, None)
        except OSError:
            yield "KFK-003", {"host": host}


def ports(asked: dict[str, str]) -> Iterator[Found]:
    """KFK-004 for each that somebody else has than its unit, or one of those that it is a pattern of."""
    for port, unit in asked.items():
        if _taken(int(port)) and not _runs(unit):
            yield "KFK-004", {"port": port}


def data(folder: str, cluster_file: str, number: int) -> Iterator[Found]:
    """KFK-005 for a data folder of another cluster, or of another broker."""
    try:
        lines = Path(folder, "meta.properties").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    said = dict(line.split("=", 1) for line in lines if "=" in line)
    try:
        ours = Path(cluster_file).read_text(encoding="utf-8").strip()
    except OSError:
        ours = "-"
    found, node = said.get("cluster.id", "?"), said.get("node.id", "?")
    if (found, node) != (ours, str(number)):
        yield "KFK-005", {"path": folder, "found": found, "number": node, "id": ours}


def one_cluster(ids: dict[str, str]) -> Iterator[Found]:
    """KFK-010 for each broker's machine of another cluster than the first, which hands its own to all.

    ``ids``: machine → what stands in its cluster.id; "" where none does.
    """
    (first, ours), *others = ids.items()
    for host, found in others:
        if found not in ("", ours):
            yield "KFK-010", {"first": first, "id": ours or "-", "host": host, "found": found}


def one_debian(releases: dict[str, str]) -> Iterator[Found]:
    """SRV-008 for each machine of PostgreSQL of another Debian than the first: it has another PostgreSQL."""
    (first, ours), *others = releases.items()
    for host, found in others:
        if found != ours:
            yield "SRV-008", {"host": host, "found": found, "first": first, "wanted": ours}


def database(folder: str, host: str, first: str) -> Iterator[Found]:
    """SRV-006 for data that are no copy, on a machine that is to follow the first one; SRV-007 for a copy
    that is to serve and was not promoted. Nothing is ever turned into the other unasked."""
    for data in sorted(Path(folder).glob("*/main")):
        if not (data / "PG_VERSION").exists():
            continue
        copy = (data / "standby.signal").exists()
        if host == first and copy:
            yield "SRV-007", {"host": host, "version": data.parent.name}
        if host != first and not copy:
            yield "SRV-006", {"host": host, "path": data, "first": first, "version": data.parent.name}


def copy(folder: str, host: str, first: str, megabytes: int | str) -> Iterator[Found]:
    """SRV-015 for a machine that is to copy the first one's data and has no room for them: for a tenth more,
    and for the journal of meanwhile. What a try that was cut off has left goes first."""
    if host == first or any(Path(folder).glob("*/main/PG_VERSION")):
        return
    left = sum(path.stat().st_size for path in Path(folder).glob("*/main.part/**/*") if path.is_file())
    needed, free = int(megabytes or 0) * 11 // 10 + 1000, (_free(folder) + left) // 2**20
    if free < needed:
        yield "SRV-015", {"host": host, "path": folder, "free": free, "needed": needed, "first": first}


def comes_from(hosts: list[str]) -> Iterator[Found]:
    """Print each address of this machine by which it reaches them, as pg_hba.conf has it; SRV-009 for one to
    which there is no way. Nothing is sent."""
    ours = set()
    for host in hosts:
        ways = set()
        for family, kind, _, _, address in socket.getaddrinfo(host, 5432, type=socket.SOCK_DGRAM):
            try:
                with socket.socket(family, kind) as way:
                    way.connect(address)
                    ways.add(f"{way.getsockname()[0]}/{32 if family == socket.AF_INET else 128}")
            except OSError:
                continue
        if not ways:
            yield "SRV-009", {"host": host}
        ours |= ways
    if ours:
        print(*sorted(ours), sep="\n")


def certificate(path: str, authority: str, host: str) -> Iterator[Found]:
    """KFK-006 for one that is there and that nobody who knows the authority would take from this host: tried
    out, without a network."""
    if not Path(path).exists():
        return
    try:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(path)
        client = ssl.create_default_context(cafile=authority)
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        ends = (
            client.wrap_bio(back, there, server_hostname=host),
            server.wrap_bio(there, back, server_side=True),
        )
        for end in (*ends, *ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "verify_message", "") or getattr(fault, "reason", "") or type(fault).__name__
        yield "KFK-006", {"path": path, "reason": reason}


def secrets(folder: str, asked: list[str]) -> Iterator[Found]:
    """SRV-003 for each that is missing where others are: what was lost is not made anew unasked."""
    if Path(folder).is_dir() and any(Path(folder).iterdir()):
        for name in asked:
            if not Path(folder, name).is_file():
                yield "SRV-003", {"path": f"{folder}/{name}"}


def numbers(asked: dict[str, object]) -> Iterator[Found]:
    """KFK-008 for each host whose broker has no number from 1, or another one's."""
    for host, number in asked.items():
        alone = list(asked.values()).count(number) == 1
        if not (isinstance(number, int) and not isinstance(number, bool) and number > 0 and alone):
            yield "KFK-008", {"host": host, "number": "–" if number is None else number}


def room(asked: dict[str, int]) -> Iterator[Found]:
    """SRV-005 for each folder whose disk has fewer megabytes left; before it is made, its parent's."""
    for folder, megabytes in asked.items():
        if (free := _free(folder) // 2**20) < megabytes:
            yield "SRV-005", {"path": folder, "free": free, "needed": megabytes}


def files(asked: list[str]) -> Iterator[Found]:
    """SRV-004 for each that is not there."""
    for path in asked:
        if not os.access(path, os.R_OK):
            yield "SRV-004", {"path": path}


def _free(folder: str) -> int:
    there = next(path for path in (Path(folder), *Path(folder).parents) if path.exists())
    return shutil.disk_usage(there).free


def _runs(unit: str) -> bool:
    done = subprocess.run(["systemctl", "is-active", "--quiet", unit], capture_output=True)
    return done.returncode == 0


def _taken(port: int) -> bool:
    """By anybody, at whichever address."""
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            with socket.socket(family) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                trial.bind((address, port))
        except OSError as fault:
            if fault.errno == 98:
                return True
    return False


CHECKS: dict[str, Callable[..., Iterator[Found]]] = {
    "names": names,
    "ports": ports,
    "data": data,
    "one_cluster": one_cluster,
    "one_debian": one_debian,
    "database": database,
    "copy": copy,
    "comes_from": comes_from,
    "certificate": certificate,
    "secrets": secrets,
    "numbers": numbers,
    "room": room,
    "files": files,
}


def main() -> int:
    """Say all that is wrong, a line a language; the exit code."""
    asked: dict[str, Any] = json.loads(os.environ["CSDL_CHECK"])
    texts = {row[0]: row[1:] for row in csv.reader(asked.pop("messages").splitlines())}
    wrong = [found for name, given in asked.items() for found in CHECKS[name](*given)]
    for code, params in wrong:
        for text in texts[code]:
            print(code, text.format(**params))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
