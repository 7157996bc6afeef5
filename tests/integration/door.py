"""The gateway's door as tests knock at it: paths of their own behind it, requests byte by byte."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psutil

from producers.gateway.app import BY_KEY
from producers.gateway.process import Gateway
from runtime import postgres
from tests.integration import door_paths
from tests.integration.gateway import Served

PROBLEM = "application/problem+json"


class Door(Gateway):
    """The gateway with paths of the tests' own."""

    paths = (*BY_KEY, door_paths)


def code(answer: Any) -> str:
    """Of a refusal, which is told as every other."""
    assert answer.headers["content-type"] == PROBLEM, answer.text
    said = answer.json()
    assert said["status"] == answer.status_code and said["type"] == f"urn:csdl:{said['code']}"
    assert all(each["message_vi"] and each["message_en"] for each in said["problems"])
    return str(said["code"])


def execute(door: Served, statement: str, *params: object) -> None:
    """One statement in the test's database."""
    with closing(postgres.connect(door.settings, "test")) as conn, conn, conn.cursor() as cur:
        cur.execute(statement, params)


@contextmanager
def raw(door: Served, *lines: str) -> Iterator[socket.socket]:
    """A connection on which these lines were sent as they stand."""
    with socket.create_connection(("127.0.0.1", door.port), timeout=60) as it:
        it.sendall("".join(f"{line}\r\n" for line in lines).encode("latin-1"))
        yield it


def head(door: Served, *lines: str, key: bool = True, asks: str = "POST /v1/bodies") -> list[str]:
    """A request's head as its lines, the empty one last."""
    mine = [f"Authorization: Bearer {door.secret}"] if key else []
    return [f"{asks} HTTP/1.1", "Host: x", *mine, *lines, ""]


def answered(it: socket.socket) -> str:
    """One answer, whole; what has come of it where the other end closes."""
    found = bytearray()
    while not _whole(bytes(found)) and (part := it.recv(65536)):
        found += part
    return found.decode()


def heard(it: socket.socket) -> str:
    """All that comes until the other end closes, or lets go."""
    found = bytearray()
    try:
        while part := it.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found.decode()


def memory() -> float:
    """MiB of this process, which is the gateway's."""
    return float(psutil.Process().memory_info().rss) / 2**20


def _whole(found: bytes) -> bool:
    before, ended, body = found.partition(b"\r\n\r\n")
    length = before.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(ended) and len(body) >= int(length or 0)
