"""Shards of a machine: one number of them shares the work, another number ends the first."""

import pytest
from kafka.errors import KafkaError

from runtime.process import Share, fenced
from schemas.topics import PARTITIONS
from streams.confirmation.process import MACHINE, Confirmation
from streams.machines.commands_client import CommandsClient
from tests.integration.test_processor import assert_equals_the_model, lives, write


def test_two_shards_share_the_commands(topics, run_process):
    commands = lives(schools=20, seed=3)
    halves = topics.model_copy(update={"instances": {"confirmation": 2}})
    with (
        run_process("confirmation-1", halves),
        run_process("confirmation-2", halves),
        CommandsClient(MACHINE, topics) as client,
    ):
        client.send_many(commands)
    assert_equals_the_model(topics)


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (2, 3)])
def test_a_shard_of_another_number_writes_no_more(topics, before, after):
    """Whoever changes the number and forgets to stop the old ones: they end, whatever they had in hand."""
    commands = lives(schools=12, seed=4)
    first = [Confirmation(topics, Share(n, before)) for n in range(1, before + 1)]
    second = [Confirmation(topics, Share(n, after)) for n in range(1, after + 1)]
    try:
        for shard in (*first, *second):
            shard.open()
        write(topics, commands)
        for shard in first:
            with pytest.raises(KafkaError) as ended:
                for _ in range(PARTITIONS * 10):
                    shard.step()
            assert fenced(ended.value)
        for shard in second:
            for _ in range(3):
                shard.step()
    finally:
        for shard in (*first, *second):
            shard.close()
    assert_equals_the_model(topics)
