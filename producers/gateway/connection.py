"""A connection to the gateway: what comes there and is no HTTP is told like every other refusal."""

import h11

from producers.gateway.problems import NOT_HTTP, answer
from runtime import http_connection
from schemas.errors import Problem


class Connection(http_connection.Connection):
    """Of whatever was sent, the answer is a problem."""

    def send_400_response(self, msg: str) -> None:
        """What came is no request, or no body: told if nothing was answered yet."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        said = answer([Problem(NOT_HTTP)], {"Connection": "close"})
        try:
            for event in (
                h11.Response(status_code=said.status_code, headers=said.raw_headers),
                h11.Data(data=bytes(said.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # an answer is on its way already
            pass
        self.transport.close()
