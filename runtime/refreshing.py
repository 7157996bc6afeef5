"""A client of kafka-python that has lost its broker in the middle of a word asks the others who leads now.

What asks for new metadata is a task of the client's own, made once. An error that is none of Kafka's ends it
for good: the system's own "connection reset", which it meets when a broker is killed while it asks. From then
on such a client knows the leaders of before alone, and waits for one that is gone (seen with 3.0.12).
"""

from typing import Any

from kafka.cluster import ClusterMetadata

_start = ClusterMetadata.start_refresh_loop


def _start_again(self: Any) -> None:
    """Called by whoever wants new metadata: a task that has ended is made anew."""
    ended = self._refresh_loop_future
    if ended is not None and ended.is_done and not self.closed:
        self._refresh_loop_future = None
    _start(self)


def mend() -> None:
    """For all clients of this process. Twice is once."""
    ClusterMetadata.start_refresh_loop = _start_again
