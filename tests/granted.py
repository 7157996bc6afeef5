"""Grants and keys for tests of whoever reads them, without the machine and the service that make them."""

from contextlib import closing
from datetime import timedelta
from typing import Any

from access.credentials import keyring, store
from access.credentials.addresses import networks
from access.credentials.worth import Credential, Kind
from runtime import kafka, postgres
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.topics import GRANTS_STATE
from streams.grants.machine import MACHINE
from streams.grants.state import Standing, State
from streams.machines import wire
from tests.support import ANSWER_S


def put_grant(
    settings: Settings, vendor: str, school: str, state: Standing = Standing.ALLOWED, **more: Any
) -> None:
    """A grant's state into the machine's compacted topic, as it would write it. ``more``: fields of State."""
    papers = more.pop("without_papers", True)
    value = State(vendor, school, 1, state=state, without_papers=papers, **more)
    with closing(kafka.producer(settings)) as producer:
        record = codec.encode(MACHINE.state_contract, wire.to_record(value))
        partition = kafka.partition_of(school.encode())
        producer.send(GRANTS_STATE, record, key=value.grant_id.encode(), partition=partition).get(ANSWER_S)


def make_key(
    settings: Settings,
    vendor: str,
    school: str,
    name: str = "khoa",
    *,
    test: bool = False,
    addresses: tuple[str, ...] = (),
    lives: timedelta | None = None,
) -> tuple[str, Credential]:
    """(secret, credential) of a new key that was shown to its vendor."""
    new = store.New(vendor, school, Kind.API, test, name, networks(addresses), "A1", lives)
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        one = store.make(cur, new)
        secret = keyring.secret(Kind.API, one.handle)
        store.issue(cur, one, keyring.of(settings).mac(secret), None)
    return secret, one
