"""What kafka-python 3.0.12 gets wrong where one broker of several goes away, mended for every client of ours.

- Its task for metadata ends for good at an error that is none of Kafka's: the system's own "connection
  reset", where a broker is killed while it is asked. Such a client knows the leaders of before alone, and
  waits for one that is gone. So whoever asks for new metadata starts the task again.
- A transaction's request whose coordinator does not answer is dropped, where it should be sent to the next
  one: who waits for it is told that as an exception, and expects False.
- Whoever waits for a transaction's request waits without end. No transaction is kept open for longer than
  ``WAIT_S`` (``transaction.max.timeout.ms``): after that there is nothing to wait for, and the process ends,
  to go on from what was committed.
"""

from typing import Any, Final

from kafka.cluster import ClusterMetadata
from kafka.errors import KafkaConnectionError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient
from kafka.producer.transaction_manager import TransactionalRequestResult

WAIT_S: Final = 60.0

_start = ClusterMetadata.start_refresh_loop
_await = KafkaNetClient.await_ready
_wait = TransactionalRequestResult.wait


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


def mend() -> None:
    """For all clients of this process. Twice is once."""
    ClusterMetadata.start_refresh_loop = _start_again
    KafkaNetClient.await_ready = _await_or_not
    TransactionalRequestResult.wait = _wait_and_end
