"""A running pipeline to treat badly: through the command line, and past it as any producer may."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from access import confirmation_acts
from producers.client import PushReceipt, chunks_of, closing, totals
from producers.model import SourceTable, Target
from runtime import kafka
from runtime.settings import Settings
from schemas import errors
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_COMMANDS, CONFIRMATION_REFUSALS, dlq, in_topic
from streams.confirmation.commands import Act
from streams.machines import topic_log, wire
from tests.integration import command_line
from tests.people import Person
from tests.support import ANSWER_S

YEAR: Final = 2019
SMAS: Final = in_topic("smas")
FILE, LIST = "goi.json", "LstHocSinh"


class Told(NamedTuple):
    """What whoever sent the bad input is told."""

    code: str
    place: str
    vi: str
    en: str


@dataclass
class Bench:
    """The running pipeline, one small school with a grant and an open dataset, and ways to do it wrong."""

    settings: Settings
    school: str
    folder: Path
    packet: dict[str, Any]
    tables: list[SourceTable]
    people: dict[str, Person]
    """Unit → its officer, who is logged in."""
    places: dict[bytes, str] = field(default_factory=dict)
    """Bytes sent past the door → topic/partition/offset where they lie."""

    @property
    def dataset(self) -> str:
        return f"{self.school}.{YEAR}.start"

    # -- at the door

    def csdl(self, *args: str) -> tuple[int, Any]:
        """(exit code, JSON printed)."""
        return command_line.csdl(self.settings, *args)

    def push(
        self,
        content: bytes | None = None,
        *,
        school: str = "",
        year: int = YEAR,
        more: Any = (),
        **parts: Any,
    ) -> list[Told]:
        """`csdl push` of pupils, or of this content; what it says, or what becomes of it."""
        header = {"MaTruongHoc": school or self.school, "NamHoc": year, "LoaiDongBo": 1}
        pupils = {LIST: self.packet[LIST]}
        path = self.folder / FILE
        path.write_bytes(json.dumps(header | pupils | parts).encode() if content is None else content)
        return self.push_file(path, school, year, more)

    def push_file(self, path: Path, school: str = "", year: int = YEAR, more: Any = ()) -> list[Told]:
        target = ("--vendor", "smas", "--school", school or self.school, "--year", str(year))
        code, said = self.csdl("push", *target, *more, str(path))
        if "problems" not in said:
            return self.status(said["push_id"])
        assert code == 1
        return [_of_problem(p) for p in said["problems"]]

    def act(self, act: str, school: str, unit: str) -> list[Told]:
        """`csdl confirmation ACT` by a unit's officer; the place is the dataset, which both messages name."""
        seen = ("--year", str(YEAR), "--kind", "1", "--version", "0", "--digest", "", "--sequence", "0")
        code, said = command_line.csdl(self.people[unit].settings, "confirmation", act, school, *seen)
        dataset = f"{school}.{YEAR}.start"
        assert code == 1 and dataset in said["message_vi"] and dataset in said["message_en"]
        return [Told(said["code"], dataset, said["message_vi"], said["message_en"])]

    def status(self, push_id: str) -> list[Told]:
        """What `csdl push-status` says once the push has its outcome."""
        said = command_line.answer(self.settings, push_id)
        (push,) = said["pushes"]
        notes = [Told(n["code"], push["dataset_id"], *_messages(n)) for n in push["notes"]]
        return notes + [_of_refusal(r) for r in said["refused"]]

    # -- past the door

    def send(self, topic: str, *values: bytes, key: str = "") -> None:
        """As any producer may, to the school's partition; where each lies is noted."""
        producer = kafka.producer(self.settings)
        partition = kafka.partition_of(self.school.encode())
        name = (key or self.school).encode()
        sent = [(v, producer.send(topic, v, key=name, partition=partition)) for v in values]
        producer.flush()
        for value, future in sent:
            at = future.get(ANSWER_S)
            self.places[value] = f"{at.topic}/{at.partition}/{at.offset}"
        producer.close()

    def sending(
        self, tables: list[SourceTable] | None = None, *, school: str = "", year: int = YEAR, kind: str = "3"
    ) -> tuple[str, list[bytes], PushReceipt]:
        """A push made by somebody else's producer: its id, its chunks, and what it would be closed with."""
        push_id, target = str(uuid.uuid4()), Target("smas", school or self.school, year, kind)
        given = self.pupils() if tables is None else tables
        chunks = [value for _, value in chunks_of(given, target, push_id, 10)]
        now = datetime.now(UTC)
        return push_id, chunks, PushReceipt(push_id, target, len(chunks), now, now, totals(given))

    def sent(self, *, closed: dict[str, Any] | None = None, drop: int = 0, **made: Any) -> str:
        """A whole push past the door, closed as ``closed`` says, without its last ``drop`` chunks."""
        push_id, chunks, receipt = self.sending(**made)
        end = codec.encode("PushClosed", closing(receipt) | (closed or {}))
        self.send(SMAS, *chunks[: len(chunks) - drop], end)
        return push_id

    def letter(self, value: bytes, topic: str = SMAS, key: str = "") -> bytes:
        """Bytes that no process can use."""
        self.send(topic, value, key=key)
        return value

    def pupils(self, **columns: dict[int, Any]) -> list[SourceTable]:
        """The school's pupils; ``columns`` gives some rows (from 0) other values."""
        (table,) = [t for t in self.tables if t.record_type == "HocSinh"]
        frame = table.records
        for name, values in columns.items():
            column = [values.get(i, old) for i, old in enumerate(frame[name].to_list())]
            frame = frame.with_columns(pl.Series(name, column, dtype=frame.schema[name]))
        return [SourceTable("HocSinh", FILE, LIST, frame)]

    def command(self, dataset: str, unit: str) -> str:
        """A claim that somebody else's producer writes; its id."""
        asked = confirmation_acts.act(
            dataset, Act.CLAIM, unit, sequence=0, account="test", route=("164", "19")
        )
        school = dataset.split(".")[0]
        value = codec.encode("ConfirmationCommand", wire.to_record(asked))
        producer = kafka.producer(self.settings)
        producer.send(CONFIRMATION_COMMANDS, value, key=school.encode())
        producer.close()
        return asked.command_id

    # -- what the topics say

    def messages(self, topic: str) -> list[Any]:
        """All messages of a topic."""
        return list(topic_log.read(self.settings, kafka.partitions(topic)))

    def of_letter(self, value: bytes) -> list[Told]:
        """What the cover of the dead letter with this value says."""
        topics = [dlq(SMAS), dlq(CONFIRMATION_COMMANDS)]
        found = [m for t in topics for m in self.messages(t) if m.value == value]
        covers = [{name: text.decode() for name, text in m.headers} for m in found]
        return [
            Told(
                c["error-code"],
                f"{c['source-topic']}/{c['source-partition']}/{c['source-offset']}",
                *errors.message(c["error-code"]),
            )
            for c in covers
        ]

    def of_command(self, command_id: str) -> list[Told]:
        """The refusal of a command."""
        refusals = [codec.decode(m.value)[1] for m in self.messages(CONFIRMATION_REFUSALS)]
        return [
            Told(
                r["Code"],
                r["Subject"],
                *errors.message(r["Code"], **{n.lower(): v for n, v in r.items() if n != "Code"}),
            )
            for r in refusals
            if r["CommandId"] == command_id
        ]


def _messages(said: dict[str, Any]) -> tuple[str, str]:
    return said["message_vi"], said["message_en"]


def _of_problem(p: dict[str, Any]) -> Told:
    return Told(
        p["code"], str(errors.SourceLocation(p["file"], p["sheet"], p["row"], p["field"])), *_messages(p)
    )


def _of_refusal(r: dict[str, Any]) -> Told:
    place = errors.SourceLocation(r["source"], r["sheet"], r["row"], ", ".join(r["fields"]))
    return Told(r["rule"], str(place), *_messages(r))
