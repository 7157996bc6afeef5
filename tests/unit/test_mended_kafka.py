"""Clients of Kafka where one broker of several goes away, or has just begun."""

import asyncio
import socket
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.cluster import ClusterMetadata
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CoordinatorNotAvailableError, KafkaTimeoutError, StaleMetadata
from kafka.future import Future
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.producer.record_accumulator import RecordAccumulator
from kafka.producer.sender import Sender
from kafka.producer.transaction_manager import (
    InitProducerIdHandler,
    TransactionalRequestResult,
    TransactionManager,
)

from runtime import mended_kafka
from tests.support import wait_until


@pytest.fixture(autouse=True)
def mended() -> None:
    mended_kafka.mend()


@pytest.fixture
def gone() -> Iterator[str]:
    """Address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_metadata_is_asked_for_again_after_an_error_that_is_none_of_kafkas(
    monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    asked: list[object] = []

    async def reset(_: ClusterMetadata, node: object) -> None:
        asked.append(node)
        raise ConnectionResetError

    monkeypatch.setattr(ClusterMetadata, "_do_refresh_metadata", reset)
    net = NetworkSelector(client_id="test")
    manager = KafkaConnectionManager(net, bootstrap_servers=gone)
    manager._bootstrap_future = Future().success(True)
    net.start()

    def ended(times: int) -> bool:
        return len(asked) == times and manager.cluster._refresh_loop_future.is_done

    try:
        for times in (1, 2):
            manager.cluster.request_update()
            wait_until(partial(ended, times))
    finally:
        manager.close()
        net.stop()


def test_a_transactions_request_outlives_its_coordinator(gone: str) -> None:
    client = KafkaNetClient(bootstrap_servers=gone)
    manager = TransactionManager("one", 1000, metadata=client.cluster)
    sender = Sender(
        client, client.cluster, RecordAccumulator(transaction_manager=manager), transaction_manager=manager
    )
    manager.initialize_transactions()
    manager._transaction_coordinator = "bootstrap-0"
    sender._running = True
    assert sender._maybe_send_pending_request()
    waiting = [type(handler) for _, _, handler in manager._pending_requests]
    assert InitProducerIdHandler in waiting and not manager.has_in_flight_transactional_request()
    client.close()


def test_nobody_waits_for_a_transaction_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mended_kafka, "WAIT_S", 0.01)
    with pytest.raises(KafkaTimeoutError):
        TransactionalRequestResult().wait()
    assert not TransactionalRequestResult().wait(timeout_ms=1)


LOADING, ABSENT, ANOTHER = 14, 15, 16
GROUP = "csdl.grants"


class Coordinators:
    """What an admin client talks to: each answer names the error that it says, 0 for none."""

    def __init__(self, *errors: int) -> None:
        self.errors = list(errors)
        self.asked: list[str] = []
        self.cluster = ClusterMetadata()
        self.broker_version_data = SimpleNamespace(api_version=lambda _: 5)

    async def send(self, request: object, node_id: int | None = None) -> Any:
        """One for all that is asked."""
        self.asked.append(type(request).__name__)
        said = self.errors.pop(0)
        of_group = {"key": GROUP, "group_id": GROUP, "error_code": said, "error_message": "", "topics": []}
        of_group |= {"node_id": 1, "host": "localhost", "port": 1, "members": []}
        one = SimpleNamespace(**of_group, to_dict=lambda: dict(of_group))
        return SimpleNamespace(API_VERSION=8, error_code=0, coordinators=[one], groups=[one])


def admin(kafka: Coordinators, seconds: float = 60) -> Any:
    found = object.__new__(KafkaAdminClient)
    found._manager, found._net = kafka, SimpleNamespace(sleep=lambda _: asyncio.sleep(0))
    found.config = {"request_timeout_ms": seconds * 1000, "retry_backoff_ms": 100}
    return found


@pytest.mark.parametrize("question", ["_async_list_group_offsets", "_async_describe_groups"])
def test_a_groups_coordinator_is_asked_for_again_until_it_answers(question: str) -> None:
    """Formerly the first backup of a new Kafka, of which no group was ever asked, said that it was away."""
    kafka = Coordinators(ABSENT, ABSENT, 0, LOADING, 0, ANOTHER, 0, 0)
    found = asyncio.run(getattr(admin(kafka), question)({GROUP: None}))
    assert (list(found), kafka.errors) == ([GROUP], [])
    assert kafka.asked[0] == kafka.asked[4] == kafka.asked[6], "whom to ask is asked anew"


def test_who_never_answers_is_said_at_last() -> None:
    with pytest.raises(CoordinatorNotAvailableError):
        asyncio.run(admin(Coordinators(ABSENT, ABSENT), seconds=-1)._async_list_group_offsets({GROUP: None}))


def test_offsets_are_asked_for_once_all_topics_are_known() -> None:
    """Before, those of a topic that had not been looked up were left out of the answer."""
    known, new = TopicPartition("known", 0), TopicPartition("new", 0)
    leaders = {known: 1}
    asked: list[object] = []

    async def call_soon(_: object, node: int, timestamps: dict[TopicPartition, object]) -> Any:
        asked.append((node, sorted(timestamps)))
        return dict.fromkeys(timestamps, 7), set()

    def look_up(topic: str) -> None:
        leaders[TopicPartition(topic, 0)] = 1

    cluster = SimpleNamespace(
        leader_for_partition=leaders.get, add_topic=look_up, request_update=lambda: None
    )
    fetcher = SimpleNamespace(
        _manager=SimpleNamespace(cluster=cluster, call_soon=call_soon), _send_list_offsets_request=None
    )
    fetcher._group_list_offset_requests = partial(Fetcher._group_list_offset_requests, fetcher)
    ask = partial(Fetcher._send_list_offsets_requests, fetcher, {known: -1, new: -1})
    with pytest.raises(StaleMetadata):
        asyncio.run(ask())
    assert asked == []
    assert asyncio.run(ask()) == ({known: 7, new: 7}, set())
    assert asked == [(1, [known, new])]
