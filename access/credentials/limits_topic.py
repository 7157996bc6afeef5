"""The topic of limits: read whole at the start, written by the process ``credentials`` alone."""

from collections.abc import Sequence

from access.credentials.limits import CONTRACT, ENDED, Limits
from runtime import kafka
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.topics import CREDENTIALS_ENDED
from streams.machines import topic_log

TAKEN_S = 30.0


class LimitsTopic:
    """``known``: handle → its limits, as they stand in Kafka."""

    def __init__(self, settings: Settings) -> None:
        """Raises KafkaError."""
        self.known: dict[str, Limits] = {}
        for message in topic_log.read(settings, kafka.partitions(CREDENTIALS_ENDED)):
            for contract in (CONTRACT, ENDED):
                if record := topic_log.record(message, contract):
                    self._know(Limits.from_record(contract, record))
        self._producer = kafka.producer(settings)

    def close(self) -> None:
        """Close the producer."""
        self._producer.close()

    def keep(self, limits: Sequence[Limits]) -> None:
        """Write them; each is known once Kafka has it. Raises KafkaError."""
        sent = [
            self._producer.send(
                CREDENTIALS_ENDED, codec.encode(CONTRACT, one.record()), key=one.handle.encode()
            )
            for one in limits
        ]
        for one, future in zip(limits, sent, strict=True):
            future.get(timeout=TAKEN_S)
            self._know(one)

    def _know(self, one: Limits) -> None:
        self.known[one.handle] = one.joined(self.known.get(one.handle))
