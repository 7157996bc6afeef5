"""A connection to a service of ours, below what an ASGI application sees: how long it may be silent.

uvicorn waits for the head of a request as long as it takes, and for a client that reads no answer: a thousand
of either would keep everybody out.
"""

import resource
from asyncio import TimerHandle, Transport
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S: Final = 10.0
"""For the head of a request, from its connection or from its first byte."""
READ_S: Final = 60.0
"""For a client to take what is ready for it."""

CONNECTIONS: Final = 8_192
"""At once, or as many as the system gives us. One more, and who has asked nothing for longest is put out."""
OTHER_FILES: Final = 256
"""What else a process has open."""

_without_a_request: dict["Connection", None] = {}
"""Those of this process that have no request under way, longest first."""


class Connection(H11Protocol):
    """uvicorn's, with an end to each kind of silence."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head: TimerHandle | None = None
        self._read: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()
        if len(self.connections) > _most() and _without_a_request:
            next(iter(_without_a_request)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head = _ended(self._head)
        self._read = _ended(self._read)
        _without_a_request.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._under_way:
            self._head = _ended(self._head)
            _without_a_request.pop(self, None)
        elif self._head is None:
            self._wait_for_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._under_way and not self.transport.is_closing():
            _without_a_request[self] = None
            if self.conn.trailing_data[0]:
                self._wait_for_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._read = self._read or self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._read = _ended(self._read)

    @property
    def _under_way(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_head(self) -> None:
        self._head = _ended(self._head)
        self._head = self.loop.call_later(HEAD_S, self.transport.abort)
        _without_a_request[self] = None


def _most() -> int:
    return min(CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - OTHER_FILES)


def _ended(timer: TimerHandle | None) -> TimerHandle | None:
    """What stands in its place."""
    if timer is not None:
        timer.cancel()
    return None
