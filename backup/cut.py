"""Where Kafka's copy ends: one end a partition, such that what was read is there and what was decided is
whole.

Three rules, so that a copy of a pipeline at work is one that it could have stopped at:

1. **Readers before what they read.** Where validation stands and the machines' states are looked at first,
   the topics that they read afterwards: no position lies beyond the end of its log.
2. **A machine's partition is cut between two of its transactions.** Events, refusals and states of one
   partition are written together; their ends are taken when two looks in a row saw the same of all three.
3. **PostgreSQL was copied before.** So its positions lie before these ends, too.

What lies behind an end (an outbox's message sent again, a verdict given twice) is what the pipeline repeats
by itself after any crash.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from runtime import agreement, kafka
from runtime.positions import Log
from schemas.errors import Problem, ProblemList
from schemas.topics import RECORDS_ACCEPTED, RECORDS_REFUSED, VALIDATION_POSITIONS
from streams.confirmation.machine import MACHINE as CONFIRMATION
from streams.grants.machine import MACHINE as GRANTS
from streams.machines.machine import AnyMachine
from streams.organisation.machine import MACHINE as ORGANISATION

MACHINES: Final = (CONFIRMATION, GRANTS, ORGANISATION)

NEVER_STILL: Final = "BAK-014"
LOOKS: Final = 2_000
PAUSE_S: Final = 0.005

Ends = dict[TopicPartition, Log]
Groups = dict[str, dict[TopicPartition, int]]


def take(
    consumer: KafkaConsumer, admin: KafkaAdminClient, topics: Sequence[str], groups: Sequence[str]
) -> tuple[Ends, Groups]:
    """(the log of every partition of the topics, the offset of every group). Raises KafkaError, ProblemList
    (BAK-014)."""
    stood = offsets_of(admin, groups)
    found = agreement.logs(consumer, kafka.partitions(VALIDATION_POSITIONS))
    for machine in MACHINES:
        found |= _still(consumer, machine)
    # What validation passes on before what the machines and it read; what vendors send last of all.
    then = [t for t in (RECORDS_ACCEPTED, RECORDS_REFUSED) if t in topics]
    found |= agreement.logs(consumer, kafka.partitions_there(consumer, *then))
    rest = [tp for tp in kafka.partitions_there(consumer, *topics) if tp not in found]
    return found | agreement.logs(consumer, rest), stood


def offsets_of(admin: KafkaAdminClient, groups: Iterable[str]) -> Groups:
    """What each group has committed."""
    answer = admin.list_group_offsets(dict.fromkeys(groups))
    return {
        group: {tp: at.offset for tp, at in offsets.items() if at.offset >= 0}
        for group, offsets in answer.items()
    }


def _still(consumer: KafkaConsumer, machine: AnyMachine) -> Ends:
    """Ends of a machine's outputs, of each partition between two transactions."""
    outputs = (machine.state_topic, machine.events_topic, machine.refusals_topic)
    found: Ends = {}
    before: Mapping[TopicPartition, Log] = {}
    for _ in range(LOOKS):
        now = agreement.logs(consumer, kafka.partitions(*outputs))
        for number in {tp.partition for tp in now} - {tp.partition for tp in found}:
            of_number = {tp: log for tp, log in now.items() if tp.partition == number}
            if all(before.get(tp) == log for tp, log in of_number.items()):
                found |= of_number
        if len(found) == len(now):
            return found
        before = now
        time.sleep(PAUSE_S)
    raise ProblemList([Problem(NEVER_STILL, params={"machine": machine.name})])
