"""What the pipeline has said so far: answers to pushes, states of datasets, dead letters."""

from typing import Any, Final, Self

from runtime import kafka, positions
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_STATE, PUSH_ANSWERS, dlq, in_topic
from streams.confirmation.state import State
from streams.machines import wire

POLL_MS: Final = 200


class Ledger:
    """Follows the topics from their beginning; ``poll`` brings it up to date. A context manager."""

    def __init__(self, settings: Settings) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        """Push id → its first PushAnswered."""
        self.states: dict[str, State] = {}
        """Dataset id → its state."""
        self.letters: list[bytes] = []
        """Values in the vendors' dead-letter topics."""
        self._letters = [dlq(in_topic(v)) for v in settings.vendors]
        self._consumer = kafka.consumer(settings)
        partitions = kafka.partitions(PUSH_ANSWERS, CONFIRMATION_STATE, *self._letters)
        self._consumer.assign(partitions)
        self._consumer.seek_to_beginning(*partitions)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._consumer.close()

    def poll(self, timeout_ms: int = POLL_MS) -> int:
        """Read what there is; how many messages were new."""
        found = 0
        for partition, messages in self._consumer.poll(timeout_ms=timeout_ms, max_records=5000).items():
            found += len(messages)
            for message in messages:
                # Where the machine stands is kept beside its states.
                if partition.topic != CONFIRMATION_STATE or not positions.is_key(message.key):
                    self._note(partition.topic, message.value)
        return found

    def _note(self, topic: str, value: bytes) -> None:
        if topic in self._letters:
            self.letters.append(value)
            return
        _, record = codec.decode(value)
        if topic == PUSH_ANSWERS:
            self.answers.setdefault(record["PushId"], record)
        else:
            state = wire.from_record(State, record)
            self.states[state.dataset_id] = state
