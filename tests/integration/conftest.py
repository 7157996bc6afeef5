"""Fixtures: eyes on the servers that a test works with.

``conn``  a connection to the test's own database
``book``  the same, to push to and look into (`provincial_book`)
``gateway``  the gateway, for all tests of a module (`tests.integration.gateway`), on topics that were empty
``door``, ``vendor``, ``stranger``  the same with paths of the tests' own, who calls it with a key and without
``sent``  ``sent(topic)``: every committed message of the topic, oldest first in each partition
"""

from contextlib import closing

import pytest

from runtime import kafka, postgres
from streams.machines import topic_log
from tests.conftest import empty_topics, fresh_database
from tests.integration import gateway as of_gateway
from tests.integration.door import Door
from tests.integration.provincial_book import Book


@pytest.fixture
def conn(database):
    with closing(postgres.connect(database, "test")) as connection:
        yield connection


@pytest.fixture
def book(conn, database):
    return Book(conn, database)


@pytest.fixture
def sent(settings):
    return lambda topic: list(topic_log.read(settings, kafka.partitions(topic)))


@pytest.fixture(scope="module")
def gateway(stack, tmp_path_factory):
    empty_topics(stack)
    with (
        fresh_database(stack, tmp_path_factory.mktemp("gateway")) as settings,
        of_gateway.served(settings) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def door(stack, tmp_path_factory):
    empty_topics(stack)
    with (
        fresh_database(stack, tmp_path_factory.mktemp("door")) as settings,
        of_gateway.served(settings, of=Door, trusted_proxies=["127.0.0.9/32"]) as found,
    ):
        yield found


@pytest.fixture
def vendor(door):
    with door.client() as client:
        yield client


@pytest.fixture
def stranger(door):
    with door.client("") as client:
        yield client
