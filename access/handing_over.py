"""Setup hands the province and the register of an earlier release over to the organisation's machine, once.

Invariant: **setup adds units that nobody has spoken of, and changes none.** As soon as a person has imported
anything it adds nothing more: from then on the organisation is what people say. Cut off in the middle, the
next setup hands over the rest.
"""

from collections.abc import Iterable
from contextlib import closing

from kafka.errors import KafkaError

from access import organisation_acts
from runtime import kafka
from runtime.settings import Settings
from schemas import topics
from schemas.encoding import codec
from schemas.organisation import files, province
from schemas.organisation.importing import units_of
from schemas.organisation.units import Unit
from streams.machines import topic_log, wire
from streams.organisation.commands import SYSTEM
from streams.organisation.machine import MACHINE


def hand_over(settings: Settings) -> int:
    """How many units were handed over. Raises ProblemList: SYS-001 if Kafka is away, SYS-003 and all that is
    wrong with the register: then nothing is handed over."""
    if any(True for _ in topic_log.read(settings, kafka.partitions(topics.ORGANISATION_COMMANDS))):
        return 0
    its_province = province.load(settings.province)
    if settings.register_file.exists():
        rows = files.units(settings.register_file, its_province)
    else:
        rows = its_province.rows.rows
    known = _handed_over(settings)
    new = [unit for unit in units_of(rows).values() if unit.code not in known]
    _send(settings, new)
    return len(new)


def _handed_over(settings: Settings) -> set[str]:
    found = set()
    for message in topic_log.read(settings, kafka.partitions(topics.ORGANISATION_SETUP)):
        try:
            _, record = codec.decode(message.value or b"")
            found.add(str(record["UnitCode"]))
        except (codec.Undecodable, KeyError):
            continue  # not of setup: the machine puts it aside
    return found


def _send(settings: Settings, units: Iterable[Unit]) -> None:
    try:
        with closing(kafka.producer(settings)) as producer:
            sent = []
            for unit in units:
                command = organisation_acts.record(unit, acting=SYSTEM, account="", role=SYSTEM)
                value = codec.encode(MACHINE.command_contract, wire.to_record(command))
                key = unit.code.encode("utf-8")
                sent.append(producer.send(topics.ORGANISATION_SETUP, value, key=key))
            producer.flush()
            for future in sent:
                future.get(timeout=0)
    except KafkaError:
        raise kafka.away(settings) from None
