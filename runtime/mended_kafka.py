"""What kafka-python 3.0.12 gets wrong where one broker of several goes away, or has just begun; mended for
every client of ours.

- Its task for metadata ends for good at an error that is none of Kafka's: the system's own "connection
  reset", where a broker is killed while it is asked. Such a client knows the leaders of before alone, and
  waits for one that is gone. So whoever asks for new metadata starts the task again.
- A transaction's request whose coordinator does not answer is dropped, where it should be sent to the next
  one: who waits for it is told that as an exception, and expects False.
- Whoever waits for a transaction's request waits without end. No transaction is kept open for longer than
  ``WAIT_S`` (``transaction.max.timeout.ms``): after that there is nothing to wait for, and the process ends,
  to go on from what was committed.
- Who coordinates a group or a transaction may not be known yet (Kafka makes the topic for it when somebody
  asks for the first time), may still be reading, or may have become another. Consumers and producers ask
  again; the admin client gives up, or takes that for the answer. It asks again now, for as long as it waits.
- Offsets of several topics at once leave those out that it has not looked up before. To ask for each topic
  alone cost a tenth of a second a topic, the least time between two looks: all are looked up first now.
"""

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.cluster import ClusterMetadata
from kafka.consumer.fetcher import Fetcher
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    KafkaTimeoutError,
    NotCoordinatorError,
    StaleMetadata,
)
from kafka.net.compat import KafkaNetClient
from kafka.producer.transaction_manager import TransactionalRequestResult

WAIT_S: Final = 60.0

_start = ClusterMetadata.start_refresh_loop
_await = KafkaNetClient.await_ready
_wait = TransactionalRequestResult.wait
_offsets = Fetcher._send_list_offsets_requests
_described = KafkaAdminClient._describe_groups_process_response

NO_COORDINATOR: Final = {
    error.errno: error
    for error in (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError)
}


def _start_again(self: Any) -> None:
    """Called by whoever wants new metadata."""
    ended = self._refresh_loop_future
    if ended is not None and ended.is_done and not self.closed:
        self._refresh_loop_future = None
    _start(self)


def _await_or_not(self: Any, node_id: Any, timeout_ms: float = 30_000) -> bool:
    try:
        return bool(_await(self, node_id, timeout_ms))
    except KafkaConnectionError:
        return False


def _wait_and_end(self: Any, timeout_ms: float | None = None) -> bool:
    done = bool(_wait(self, WAIT_S * 1000 if timeout_ms is None else timeout_ms))
    if not done and timeout_ms is None:
        raise KafkaTimeoutError(f"a transaction's request was not answered in {WAIT_S:.0f} s")
    return done


def _again(ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Until its coordinator answers, or the admin client's longest wait is over."""

    @wraps(ask)
    async def asked(self: Any, *given: Any, **named: Any) -> Any:
        deadline = time.monotonic() + self.config["request_timeout_ms"] / 1000
        while True:
            try:
                return await ask(self, *given, **named)
            except tuple(NO_COORDINATOR.values()):
                self._manager.cluster._coordinators.clear()
                if time.monotonic() > deadline:
                    raise
            await self._net.sleep(self.config["retry_backoff_ms"] / 1000)

    return asked


def _described_or_not(self: Any, response: Any) -> Any:
    """What is no description is raised, as of every other question."""
    for group in response.groups:
        if group.error_code in NO_COORDINATOR:
            raise NO_COORDINATOR[group.error_code]
    return _described(self, response)


async def _offsets_of_all(self: Any, timestamps: Any) -> Any:
    """StaleMetadata, at which it looks up what is not known and asks again."""
    if sum(map(len, self._group_list_offset_requests(timestamps).values())) < len(timestamps):
        raise StaleMetadata
    return await _offsets(self, timestamps)


ASKS_COORDINATORS: Final = {
    name: _again(getattr(KafkaAdminClient, name))
    for name in ("_async_list_group_offsets", "_async_describe_groups", "_async_describe_transactions")
}


def mend() -> None:
    """For all clients of this process. Twice is once."""
    Fetcher._send_list_offsets_requests = _offsets_of_all
    KafkaAdminClient._describe_groups_process_response = _described_or_not
    for name, ask in ASKS_COORDINATORS.items():
        setattr(KafkaAdminClient, name, ask)
    ClusterMetadata.start_refresh_loop = _start_again
    KafkaNetClient.await_ready = _await_or_not
    TransactionalRequestResult.wait = _wait_and_end
