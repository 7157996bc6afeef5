"""Units for tests of whoever reads them, without the machine that keeps them."""

from contextlib import closing
from pathlib import Path

from runtime import kafka
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.organisation import files, province
from schemas.organisation.importing import units_of
from schemas.organisation.organisation import Organisation
from schemas.topics import ORGANISATION_STATE
from streams.machines import wire
from streams.organisation.machine import MACHINE
from streams.organisation.state import Standing, State


def put_units(settings: Settings) -> Settings:
    """The units of the settings' file into the machine's compacted topic, as it would write them."""
    rows = files.units(settings.register_file, province.load())
    with closing(kafka.producer(settings)) as producer:
        for unit in units_of(rows).values():
            state = State(unit.code, unit.kind, 1, "", Standing.KNOWN, unit.periods)
            value = codec.encode(MACHINE.state_contract, wire.to_record(state))
            producer.send(ORGANISATION_STATE, value, key=unit.code.encode())
        producer.flush()
    return settings


def of_register(path: Path) -> Organisation:
    """The organisation that a file describes."""
    return files.load(path, province.load())
