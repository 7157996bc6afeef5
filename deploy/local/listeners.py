"""What of a stack listens, on which address, and how it knows who asks: `csdl status --listeners`.

Asked of the kernel, so that what is not in the table below is found, too.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

import psutil

from deploy.local import kafka, supervisor
from deploy.local.layout import Stack
from runtime import credentials
from schemas.errors import Problem

OPEN: Final = "SEC-113"

NOBODY: Final = "–"
BY_CERTIFICATE: Final = "TLS, certificate of the broker alone"
BY_PASSWORD: Final = f"TLS, {credentials.MECHANISM}"
BY_PASSWORD_HERE: Final = f"{credentials.MECHANISM}, this machine alone"
BY_TOKEN: Final = "bearer token"
BY_ACCOUNT: Final = "account: session or token"
BY_KEY: Final = "API key of a grant"
BY_SCRAM: Final = "scram-sha-256"

_TRUSTS: Final = re.compile(r"^\s*(?!#)\S.*\strust\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Listening:
    """One open port. ``authentication`` is NOBODY's where anybody is answered."""

    name: str
    address: str
    port: int
    authentication: str

    @property
    def problem(self) -> Problem | None:
        """SEC-113 if it asks nobody who they are, or anybody else can reach it who should not."""
        if self.authentication != NOBODY:
            return None
        return Problem(OPEN, params={"name": self.name, "address": f"{self.address}:{self.port}"})


def listening(stack: Stack) -> list[Listening]:
    """All of the stack's processes, by port."""
    known = {port: (name, how) for name, port, how in _known(stack)}
    found = {
        Listening(*known.get(port, ("?", NOBODY))[:1], address, port, known.get(port, ("?", NOBODY))[1])
        for address, port in _open(stack)
    }
    return sorted(found, key=lambda one: (one.port, one.address))


def _known(stack: Stack) -> Iterator[tuple[str, int, str]]:
    secret = BY_CERTIFICATE if kafka.closed(stack) else NOBODY
    for name in stack.kafkas:
        ports = kafka.ports(stack, name)
        yield name, ports["kafka"], BY_PASSWORD if kafka.closed(stack) else NOBODY
        yield f"{name}-loopback", ports["kafka-loopback"], BY_PASSWORD_HERE if kafka.closed(stack) else NOBODY
        yield f"{name}-broker", ports["kafka-broker"], secret
        yield f"{name}-controller", ports["kafka-controller"], secret
    yield "postgres", stack.port("postgres"), NOBODY if _trusts(stack) else BY_SCRAM
    yield "access-service", stack.port("access-service"), BY_ACCOUNT
    yield "gateway-service", stack.port("gateway-service"), BY_KEY
    guarded = stack.metrics_token.exists()
    for name in stack.processes:
        yield name, stack.port(name), BY_TOKEN if guarded else NOBODY


def _open(stack: Stack) -> Iterator[tuple[str, int]]:
    for process in supervisor.left_over(stack):
        with suppress(psutil.Error):
            for connection in process.net_connections(kind="inet"):
                if connection.status == psutil.CONN_LISTEN:
                    yield as_read(connection.laddr.ip), connection.laddr.port


def as_read(address: str) -> str:
    """As people read it: Java listens by sockets of IPv6, at 127.0.0.1 as ``::ffff:127.0.0.1``."""
    found = ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def _trusts(stack: Stack) -> bool:
    try:
        text = next(stack.postgres_dir.rglob("pg_hba.conf")).read_text(encoding="utf-8")
    except (OSError, StopIteration):
        return True
    return _TRUSTS.search(text) is not None
