"""Clients of Kafka where one broker of several goes away."""

import socket
from collections.abc import Iterator
from functools import partial

import pytest
from kafka.cluster import ClusterMetadata
from kafka.errors import KafkaTimeoutError
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
