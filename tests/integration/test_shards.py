"""Shards of a machine: one number of them shares the work, another number ends the first."""

from contextlib import ExitStack

import pytest
from kafka.errors import KafkaError

from runtime.process import Share, fenced
from schemas.topics import PARTITIONS
from streams.confirmation.process import Confirmation
from tests.integration.test_processor import assert_equals_the_replay, lives, wait_until_answered, write
from tests.support import wait_until


def test_two_shards_share_the_commands(topics, run_process):
    commands = lives(schools=20, seed=3)
    halves = topics.model_copy(update={"instances": {"confirmation": 2}})
    with run_process("confirmation-1", halves), run_process("confirmation-2", halves) as second:
        write(topics, commands)
        wait_until_answered(second, topics, commands)
    assert_equals_the_replay(topics, len(commands))


class InTurn:
    """Shards of this process, each taking a step in its turn."""

    def __init__(self, shards):
        self._shards = shards

    def wait_until(self, done):
        wait_until(done, meanwhile=lambda: [shard.step() for shard in self._shards])


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (2, 3)])
def test_a_shard_of_another_number_writes_no_more(topics, before, after):
    """Whoever changes the number and forgets to stop the old ones: they end, whatever they had in hand."""
    commands = lives(schools=12, seed=4)
    with ExitStack() as opened:
        first, second = (
            [opened.enter_context(Confirmation(topics, Share(n, of))) for n in range(1, of + 1)]
            for of in (before, after)
        )
        write(topics, commands)
        for shard in first:
            with pytest.raises(KafkaError) as ended:
                for _ in range(PARTITIONS * 10):
                    shard.step()
            assert fenced(ended.value)
        wait_until_answered(InTurn(second), topics, commands)
    assert_equals_the_replay(topics, len(commands))
