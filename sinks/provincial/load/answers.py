"""What vendors and schools are told, through the outbox: PushAnswered, one a push or removal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from psycopg2.extensions import cursor

from schemas import datasets as dataset_ids
from schemas.datasets import PERIODS
from schemas.encoding import codec
from schemas.topics import PUSH_ANSWERS
from sinks.postgres import outbox
from sinks.provincial.load.pushes import Push
from sinks.provincial.load.removals import SCHOOL

KINDS: Final = {period: kind for kind, period in PERIODS.items()}


def answer(cur: cursor, ended: Sequence[Push], now: datetime, code: str = "") -> None:
    """Tell the vendor what became of each push; ``code`` instead of the push's own."""
    events = []
    for push in ended:
        school, year, _ = dataset_ids.split(push.key.dataset_id)
        said = {
            "PushId": push.key.push_id,
            "Vendor": push.key.vendor,
            "MaTruongHoc": school,
            "NamHoc": year,
            "LoaiDongBo": push.kind,
            "DatasetId": push.key.dataset_id,
            "Outcome": push.outcome,
            "Code": code or push.code,
            "Version": push.version,
            "Received": push.received,
            "Accepted": push.accepted,
            "Refused": push.refused,
            "AnsweredAt": now,
            "Written": push.written,
            "Absent": dict(push.absent),
            "Stayed": dict(push.stayed),
            "Removed": dict(push.removed),
            "Waiting": dict(push.waiting),
        }
        events.append((school.encode(), codec.encode("PushAnswered", said)))
    outbox.put(cur, PUSH_ANSWERS, events)


def answer_removal(
    cur: cursor, dataset_id: str, removal_id: str, outcome: str, code: str, now: datetime, **more: Any
) -> None:
    """Tell a school what became of its removal; ``more`` fields of the answer: Version, Removed, Waiting."""
    school, year, period = dataset_ids.split(dataset_id)
    said = {
        "PushId": removal_id,
        "Vendor": SCHOOL,
        "MaTruongHoc": school,
        "NamHoc": year,
        "LoaiDongBo": KINDS[period],
        "DatasetId": dataset_id,
        "Outcome": outcome,
        "Code": code,
        "Version": 0,
        "Received": 0,
        "Accepted": 0,
        "Refused": 0,
        "AnsweredAt": now,
    }
    outbox.put(cur, PUSH_ANSWERS, [(school.encode(), codec.encode("PushAnswered", said | more))])
