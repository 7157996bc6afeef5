"""Does a connection work: name, TLS, login, grant, one record; each step by itself, so that the one that
fails is known. What comes after it is not tried."""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from kafka.errors import KafkaError

from access import client
from access.client import AccessClient
from access.credentials import standing
from access.credentials.kit import Connection
from access.credentials.worth import OTHER_SCHOOL, Kind
from runtime import broker_probe, credentials, kafka
from runtime.probes import reason
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

NO_NAME: Final = "KEY-032"
NO_CONNECTION: Final = "KEY-033"
NO_RIGHT: Final = "KEY-034"
OF_CERTIFICATES: Final = {
    broker_probe.OTHER_AUTHORITY: "KEY-035",
    broker_probe.EXPIRED: "KEY-038",
    broker_probe.OTHER_HOST: "KEY-039",
}
"""What is wrong with a certificate at Kafka → at the service for keys."""
WAIT_S: Final = 10.0

OF_GRANTS: Final = frozenset({standing.SUSPENDED, standing.NOT_GRANTED, OTHER_SCHOOL})
"""Codes that are about the grant; the others are about the key."""

WORDS: Final = {
    "name": ("tên máy chủ tìm được", "the server's name is known"),
    "tls": ("TLS: đúng máy chủ", "TLS: it is that server"),
    "login": ("đăng nhập được", "the login is taken"),
    "grant": ("có quyền đẩy cho trường", "may push for the school"),
    "record": ("một bản ghi thử được nhận (không gửi)", "a record would be taken (none is sent)"),
}


@dataclass(frozen=True)
class Step:
    """One step: done, or why not. ``skipped``: there is nothing to ask here."""

    name: str
    problems: tuple[Problem, ...] = ()
    skipped: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        vi, en = WORDS[self.name]
        return {
            "step": self.name,
            "done": not self.problems and not self.skipped,
            "skipped": self.skipped,
            "step_vi": vi,
            "step_en": en,
            "problems": [problem.as_dict() for problem in self.problems],
        }


Check = Callable[[], Sequence[Problem] | None]
"""What is wrong at a step; None where there is nothing to ask."""


def steps(asked: Connection, settings: Settings, secret: str, record: Check) -> Iterator[Step]:
    """Each step in its order, to the first that fails.

    ``settings``: of a client of the kit's brokers, by its user. ``record``: the dry run of one record.
    """
    by_kafka = asked.kind is Kind.KAFKA
    servers = asked.brokers.split(",") if by_kafka else [urlsplit(asked.url).netloc]
    checks = _of_kafka(asked, settings) if by_kafka else _of_key(asked, settings, secret)
    names: tuple[str, Check] = ("name", lambda: _unknown(servers))
    for name, check in (names, *checks, ("record", record)):
        try:
            problems = check()
        except ProblemList as refused:
            problems = refused.problems
        problems = None if problems is None else [_in_a_vendors_words(p) for p in problems]
        yield Step(name, tuple(problems or ()), skipped=problems is None)
        if problems:
            return


def _in_a_vendors_words(problem: Problem) -> Problem:
    """Nobody answers: what the operator is told to look at, a vendor has not."""
    if problem.code not in (broker_probe.AWAY, client.AWAY):
        return problem
    params = {"url": problem.params.get("address") or problem.params.get("url", ""), **problem.params}
    return Problem(NO_CONNECTION, problem.place, params)


def _unknown(servers: Sequence[str]) -> list[Problem]:
    hosts = dict.fromkeys(urlsplit(f"//{server.strip()}").hostname or "" for server in servers)
    return [Problem(NO_NAME, params={"host": host}) for host in hosts if not _known(host)]


def _known(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False


def _of_kafka(asked: Connection, settings: Settings) -> list[tuple[str, Check]]:
    @cache
    def probed() -> Problem | None:
        return broker_probe.ask(settings, WAIT_S)

    def tls() -> list[Problem]:
        found = probed()
        return [found] if found and found.code != broker_probe.REFUSED else []

    def login() -> list[Problem]:
        found = probed()
        return [found] if found else []

    def grant() -> list[Problem]:
        try:
            with closing(kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as admin:
                [topic] = admin.describe_topics([asked.topic])
        except (KafkaError, ValueError) as fault:  # it has just taken the login
            params = {"address": asked.brokers, "reason": type(fault).__name__}
            return [Problem(broker_probe.AWAY, params=params)]
        allowed = topic.get("authorized_operations")
        if isinstance(allowed, list) and "WRITE" in allowed:
            return []
        return [Problem(NO_RIGHT, params={"topic": asked.topic})]

    return [("tls", tls), ("login", login), ("grant", grant)]


def _of_key(asked: Connection, settings: Settings, secret: str) -> list[tuple[str, Check]]:
    @cache
    def answered() -> tuple[Problem, ...]:
        try:
            with AccessClient(asked.url, secret, credentials.context(settings)) as access:
                access.call("POST", "/v1/connection", {"school": asked.school, "test": asked.test})
        except ProblemList as refused:
            return tuple(refused.problems)
        return ()

    def tls() -> list[Problem] | None:
        url = urlsplit(asked.url)
        if url.scheme != "https":
            return None
        context = credentials.context(settings) or ssl.create_default_context()
        try:
            with socket.create_connection((url.hostname or "", url.port or 443), WAIT_S) as connection:
                context.wrap_socket(connection, server_hostname=url.hostname).close()
        except ssl.SSLCertVerificationError as fault:
            code = OF_CERTIFICATES[broker_probe.of_certificate(fault)]
            return [Problem(code, params={"url": asked.url, "reason": fault.verify_message})]
        except OSError as fault:  # what ssl raises is one, too
            return [Problem(NO_CONNECTION, params={"url": asked.url, "reason": reason(fault, WAIT_S)})]
        return []

    return [
        ("tls", tls),
        ("login", lambda: [p for p in answered() if p.code not in OF_GRANTS]),
        ("grant", lambda: [p for p in answered() if p.code in OF_GRANTS]),
    ]
