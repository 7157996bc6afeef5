"""States in memory while the topic is read again: what held long ago is not shown on the way."""

from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import KafkaError

from runtime import kafka
from runtime.settings import Settings
from schemas.encoding import codec
from streams.grants.machine import MACHINE
from streams.grants.state import Standing, State
from streams.machines import state_cache, wire
from streams.machines.state_cache import StateCache

SCHOOL = "19164101"


def states(*standings: Standing) -> list[Any]:
    values = [State("smas", SCHOOL, n, state=standing) for n, standing in enumerate(standings, 1)]
    encoded = [codec.encode(MACHINE.state_contract, wire.to_record(value)) for value in values]
    key = f"smas/{SCHOOL}".encode()
    partition = kafka.partition_of(SCHOOL.encode())
    return [
        SimpleNamespace(
            topic=MACHINE.state_topic, partition=partition, offset=n, key=key, value=value, headers=[]
        )
        for n, value in enumerate(encoded)
    ]


class Log:
    """A topic of one partition, read one message a poll. The broker goes away where ``until`` says."""

    def __init__(
        self, messages: list[Any], until: int, seen: list[Any], cache: list[StateCache[State]]
    ) -> None:
        self._messages, self._until, self._seen, self._cache = messages, until, seen, cache
        self._at = 0

    def assign(self, _: Any) -> None: ...

    def seek_to_beginning(self, *_: Any) -> None: ...

    def close(self) -> None: ...

    def end_offsets(self, partitions: Any) -> dict[Any, int]:
        return dict.fromkeys(partitions, len(self._messages))

    def position(self, _: Any) -> int:
        return self._at

    def poll(self, timeout_ms: int) -> dict[Any, list[Any]]:
        state = self._cache[0].get(f"smas/{SCHOOL}")
        self._seen.append(state.state if state else None)
        if self._at == self._until:
            raise KafkaError
        found = self._messages[self._at : self._at + 1]
        self._at += len(found)
        return {"p": found}


def test_states_of_long_ago_are_not_shown_while_the_topic_is_read_again(monkeypatch: pytest.MonkeyPatch):
    log = states(Standing.ALLOWED, Standing.SUSPENDED)
    seen: list[Any] = []
    caches: list[StateCache[State]] = []
    made = iter([Log(log, 2, seen, caches), Log(log, 2, seen, caches)])
    monkeypatch.setattr(kafka, "consumer", lambda _: next(made))
    monkeypatch.setattr(state_cache, "AGAIN_S", 0.0)
    caches.append(StateCache(MACHINE, Settings()))
    for _ in range(2):
        with pytest.raises(KafkaError):
            caches[0]._follow()
    assert seen == [None, None, Standing.SUSPENDED, *[Standing.SUSPENDED] * 3]
