"""A client's task for metadata that has ended of an error is made anew when somebody asks."""

from functools import partial

import pytest
from kafka.cluster import ClusterMetadata
from kafka.future import Future
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from runtime import refreshing
from tests.support import wait_until


def test_metadata_is_asked_for_again_after_an_error_that_is_none_of_kafkas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refreshing.mend()
    asked: list[object] = []

    async def reset(_: ClusterMetadata, node: object) -> None:
        asked.append(node)
        raise ConnectionResetError

    monkeypatch.setattr(ClusterMetadata, "_do_refresh_metadata", reset)
    net = NetworkSelector(client_id="test")
    manager = KafkaConnectionManager(net, bootstrap_servers="127.0.0.1:1")
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
