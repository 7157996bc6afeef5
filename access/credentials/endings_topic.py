"""The topic of ends: read whole at the start, written by the process ``credentials`` alone."""

from collections.abc import Sequence

from access.credentials.endings import Ending
from runtime import kafka
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.topics import CREDENTIALS_ENDED
from streams.machines import topic_log

CONTRACT = "CredentialEnded"
TAKEN_S = 30.0


class EndingsTopic:
    """``known``: handle → its end, as it stands in Kafka."""

    def __init__(self, settings: Settings) -> None:
        """Raises KafkaError."""
        self.known: dict[str, Ending] = {}
        for message in topic_log.read(settings, kafka.partitions(CREDENTIALS_ENDED)):
            if record := topic_log.record(message, CONTRACT):
                self._know(Ending.from_record(record))
        self._producer = kafka.producer(settings)

    def close(self) -> None:
        """Close the producer."""
        self._producer.close()

    def keep(self, endings: Sequence[Ending]) -> None:
        """Write them; each is known once Kafka has it. Raises KafkaError."""
        sent = [
            self._producer.send(
                CREDENTIALS_ENDED, codec.encode(CONTRACT, one.record()), key=one.handle.encode()
            )
            for one in endings
        ]
        for one, future in zip(endings, sent, strict=True):
            future.get(timeout=TAKEN_S)
            self._know(one)

    def _know(self, one: Ending) -> None:
        if one.ends_more(self.known.get(one.handle)):
            self.known[one.handle] = one
