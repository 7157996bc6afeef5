"""What is due is written to the system's topic once, however often the process looks."""

from datetime import date
from typing import Any

import pytest

from schemas.encoding import codec
from schemas.topics import GRANTS_SYSTEM
from streams.grants import process
from streams.grants.process import Grants
from streams.machines.wire import replace
from tests.unit.streams.grant_steps import SCHOOL, Story


class Looking(Grants):
    """The process with one grant in memory, and what it would commit."""

    def __init__(self, story: Story) -> None:
        self.states = {story.state.grant_id: story.state}
        self._asked = set()
        self.written: list[tuple[str, bytes, dict[str, Any]]] = []

    def _commit(self, outputs, ends):
        self.written += [(o.topic, o.key, codec.decode(o.value)[1]) for o in outputs]


@pytest.fixture
def looking(monkeypatch):
    story = Story().until("in_use")
    story.state = replace(story.state, valid_until=date(2020, 12, 31), contract=None)
    monkeypatch.setattr(process, "today", lambda: date(2020, 12, 11))
    return lambda: Looking(story)


def told(it):
    return [(topic, key, command["Command"]) for topic, key, command in it.written]


def test_it_is_written_once_while_it_waits_to_be_decided(looking, monkeypatch):
    it = looking()
    for _ in range(3):
        it._look()
    assert told(it) == [(GRANTS_SYSTEM, SCHOOL.encode(), "remind")]
    monkeypatch.setattr(process, "today", lambda: date(2021, 1, 1))
    it._look()
    assert told(it)[1:] == [(GRANTS_SYSTEM, SCHOOL.encode(), "expire")]


def test_a_restart_before_it_was_decided_writes_the_very_same_command(looking):
    first, second = looking(), looking()
    first._look()
    second._look()
    assert first.written == second.written
