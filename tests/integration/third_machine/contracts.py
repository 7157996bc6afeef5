"""Its contracts and topics, added to a copy of ours."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import NewTopic

from runtime import kafka
from runtime.settings import Settings
from schemas.contracts.contracts_folder import contracts_folder
from schemas.contracts.freeze import freeze
from schemas.topics import PARTITIONS, dlq
from tests.integration.third_machine.machine import MACHINE

DAY = {"type": "int", "logicalType": "date"}
TIME = {"type": "long", "logicalType": "timestamp-millis"}
SEAT = {
    "type": "record",
    "name": "Seat",
    "doc": "Where a unit sits.",
    "fields": [
        {"name": "Place", "type": "string", "doc": "Place"},
        {"name": "Since", "type": ["null", DAY], "default": None, "doc": "First day"},
    ],
}
SEATS = {"type": "array", "items": SEAT}
COUNTS = {"type": "map", "values": "int"}

FIELDS: dict[str, dict[str, Any]] = {
    "UnitCommand": {
        "CommandId": "string", "UnitCode": "string", "Command": "string", "Unit": "string", "Role": "string",
        "Kind": "string", "Seats": SEATS, "Schools": COUNTS, "Sequence": "int",
    },
    "UnitEvent": {
        "EventId": "string", "CommandId": "string", "UnitCode": "string", "Sequence": "int",
        "PreviousHash": "string", "Hash": "string", "Event": "string", "At": TIME, "CommandTopic": "string",
        "CommandOffset": "long", "Kind": "string", "Seats": SEATS, "MainSeat": ["null", "Seat"],
        "Schools": COUNTS,
    },
    "UnitState": {
        "UnitCode": "string", "Sequence": "int", "Hash": "string", "Kind": "string", "Seats": SEATS,
        "MainSeat": ["null", "Seat"], "Schools": COUNTS,
    },
}  # fmt: skip


def add(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the contracts with these, frozen; this process and those it starts use it."""
    for name in ("records", "events", "codelists", "versions"):
        shutil.copytree(contracts_folder() / name, target / name)
    shutil.copy(contracts_folder() / "ids.json", target)
    for name, fields in FIELDS.items():
        contract = {
            "type": "record",
            "name": name,
            "namespace": "vn.csdl.events",
            "doc": f"Made up for tests: {name}",
            "fields": [{"name": n, "type": t, "doc": n} for n, t in fields.items()],
        }
        (target / "events" / f"{name}.avsc").write_text(json.dumps(contract), encoding="utf-8")
    monkeypatch.setenv("CSDL_SCHEMAS", str(target))
    freeze()


@contextmanager
def created(settings: Settings) -> Iterator[None]:
    """Its topics, stamped by the broker as ours are; deleted at the end."""
    names = [*MACHINE.input_topics(), *MACHINE.answer_topics(), *map(dlq, MACHINE.input_topics())]
    stamped = {"message.timestamp.type": "LogAppendTime"}
    new = [NewTopic(name, PARTITIONS, 1, topic_configs=stamped) for name in names]
    new.append(NewTopic(MACHINE.state_topic, PARTITIONS, 1, topic_configs={"cleanup.policy": "compact"}))
    with closing(kafka.admin(settings)) as admin:
        admin.create_topics(new)
        yield
        admin.delete_topics([*names, MACHINE.state_topic])
