"""A list sent the way that the libraries' documentation shows: openpyxl gives a row, fastavro encodes it, the
producer sends it. Cells as they stand, but dates as days; no codes mapped, nothing checked or counted."""

import json
from contextlib import closing
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import fastavro
import openpyxl
from kafka import KafkaProducer
from kafka.admin import NewTopic

from producers.layouts import vnedu_student_list
from producers.model import Target
from producers.synthetic.pupil_list import HEADER_ROW
from runtime import credentials, kafka
from runtime.settings import Settings
from schemas.contracts.contracts import record
from schemas.topics import PARTITIONS

TOPIC: Final = "bench.row_by_row.in"

TIMEOUT_S: Final = 10


def prepare(settings: Settings) -> None:
    """Its topic."""
    with closing(kafka.admin(settings)) as admin:
        if TOPIC not in admin.list_topics():
            admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])


def push(settings: Settings, path: Path, target: Target, *, awaited: bool = False) -> int:
    """Send every row below the captions; how many. ``awaited``: each is confirmed before the next is sent."""
    contract = record("HocSinh")
    schema = fastavro.parse_schema(json.loads((contract.folder / "record.avsc").read_text("utf-8")))
    kinds = {f.name: f.avro_type for f in contract.fields}
    fields_of = {c.caption: c.targets[0] for c in vnedu_student_list().columns if c.targets}
    sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
    rows = sheet.iter_rows(min_row=HEADER_ROW, values_only=True)
    fields = [fields_of.get(str(caption), "") for caption in next(rows)]
    producer = KafkaProducer(bootstrap_servers=settings.brokers, **credentials.client(settings))
    key, sent = target.school.encode(), 0
    for row in rows:
        cells = zip(fields, row, strict=True)
        pupil = {name: _value(str(cell), kinds[name]) for name, cell in cells if name and cell is not None}
        out = BytesIO()
        fastavro.schemaless_writer(out, schema, pupil)
        sending = producer.send(TOPIC, key=key, value=out.getvalue())
        if awaited:
            sending.get(timeout=TIMEOUT_S)
        sent += 1
    producer.flush()
    producer.close()
    return sent


def _value(text: str, kind: str) -> Any:
    match kind:
        case "date":
            day, month, year = map(int, text.split("/")) if "/" in text else (1, 1, int(text))
            return date(year, month, day)
        case "boolean":
            return text == "x"
        case _:
            return text
