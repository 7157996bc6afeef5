"""Who did what to a school's data, in the order of time: from the events of all machines and the database.

Every act has its actor (unit, role, account; a vendor; the system), its time by Kafka or PostgreSQL, and
where it is on record. No value of a person is in it, but for what an officer wrote as a reason.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from psycopg2.extensions import connection

from readings.database import rows

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "opened": ("mở đợt báo cáo", "campaign opened"),
    "version_checked": ("đã soát phiên bản", "version checked"),
    "version_held": ("phiên bản mới phải chờ", "version held"),
    "version_adopted": ("nhận phiên bản đã chờ", "held version adopted"),
    "submitted": ("trường gửi xác nhận", "submitted"),
    "recalled": ("trường rút lại", "recalled"),
    "claimed": ("nhận xử lý", "claimed"),
    "confirmed": ("xác nhận", "confirmed"),
    "unconfirmed": ("hủy xác nhận", "confirmation taken back"),
    "returned": ("trả lại", "returned"),
    "approved": ("duyệt", "approved"),
    "forwarded": ("chuyển lên Bộ", "forwarded"),
    "receipts_recorded": ("Bộ trả lời", "answered by the Ministry"),
    "locked": ("khóa", "locked"),
    "unlocked": ("mở khóa", "unlocked"),
    "late_admitted": ("cho nộp muộn", "admitted late"),
    "allowed": ("cấp quyền đẩy dữ liệu", "right to push granted"),
    "requested": ("trường đề nghị kết nối", "connection requested"),
    "checked": ("kiểm tra đề nghị", "request checked"),
    "batched": ("lập danh sách gửi Sở", "request batched"),
    "issued": ("cấp cho trường", "issued to the school"),
    "handed_over": ("giao cho nhà cung cấp", "handed to the vendor"),
    "used": ("nhà cung cấp gửi lần đầu", "first push of the vendor"),
    "rotated": ("đổi khóa", "credentials renewed"),
    "amended": ("sửa phạm vi quyền", "what it allows was changed"),
    "suspended": ("tạm dừng quyền", "suspended"),
    "resumed": ("cho chạy lại", "resumed"),
    "reminded": ("báo sắp hết hạn", "end announced"),
    "expired": ("hết hạn", "expired"),
    "revoked": ("thu hồi quyền đẩy dữ liệu", "right to push revoked"),
    "recorded": ("ghi đơn vị vào danh mục", "unit recorded"),
    "withdrawn": ("rút đơn vị khỏi danh mục", "unit withdrawn"),
    "first_push": ("dùng quyền lần đầu", "right first used"),
    "last_push": ("dùng quyền lần gần nhất", "right last used"),
    "removal": ("đề nghị xóa bản ghi", "removal of records asked"),
    "removal_decided": ("kết quả đề nghị xóa", "removal decided"),
    "exported": ("xuất cho Bộ", "exported to the Ministry"),
    "answered": ("Bộ trả biên nhận", "receipts of the Ministry complete"),
    "refused": ("bị từ chối", "refused"),
    "looked": ("xem dữ liệu nhạy cảm", "sensitive fields looked at"),
    "key": ("khóa của nhà cung cấp", "a vendor's credential"),
}
"""What acts are called: Vietnamese, English. An event without a word here goes by its name."""


@dataclass(frozen=True)
class Act:
    """``subject``: a dataset, or a vendor's grant for the school; ``code``: of a refusal or a reason;
    ``source``: the topic and the sequence in its chain, or the table."""

    at: datetime
    act: str
    subject: str
    unit: str = ""
    role: str = ""
    account: str = ""
    version: int = 0
    code: str = ""
    reason: str = ""
    records: int | None = None
    source: str = ""

    @property
    def words(self) -> tuple[str, str]:
        """(Vietnamese, English)."""
        return WORDS.get(self.act, (self.act, self.act))

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        vi, en = self.words
        return asdict(self) | {"act_vi": vi, "act_en": en}


def of_event(topic: str, subject: str, record: Mapping[str, Any]) -> Act:
    """An event of any machine: all have these fields."""
    return Act(
        at=record["At"],
        act=record["Event"],
        subject=subject,
        unit=record["Unit"],
        role=record["Role"],
        account=record["Account"],
        version=record.get("Version", 0),
        code=record.get("ReasonCode", ""),
        reason=record.get("ReasonText", ""),
        source=f"{topic} #{record['Sequence']}",
    )


def of_refusal(topic: str, record: Mapping[str, Any]) -> Act:
    """A command that was refused: who tried what, and the code. Kafka keeps these for a month."""
    return Act(
        at=record["At"],
        act="refused",
        subject=record["Subject"],
        unit=record["Unit"],
        role=record["Role"],
        code=record["Code"],
        reason=record["Command"],
        source=topic,
    )


def in_order(acts: Iterable[Act]) -> list[Act]:
    """By time; of one moment as they came."""
    return sorted(acts, key=lambda act: act.at)


_PUSHES = """
SELECT vendor, dataset_id, opened_at AS at, outcome, version, received,
       count(*) OVER of_vendor AS pushes,
       row_number() OVER (PARTITION BY vendor ORDER BY opened_at, push_id) AS nth
FROM push WHERE dataset_id LIKE %(datasets)s
WINDOW of_vendor AS (PARTITION BY vendor)
"""

_REMOVALS = """
SELECT dataset_id, record_type, state, code, cardinality(identities) AS asked, records, vendor, role, account,
       asked_at, decided_at, consented_by, version
FROM removal WHERE dataset_id LIKE %(datasets)s
"""

_EXPORTS = """
SELECT dataset_id, version, code, accepted, refused, sent_at, answered_at,
       (SELECT coalesce(sum(value::int), 0)::int FROM jsonb_each_text(records)) AS records
FROM ministry_export WHERE school = %(school)s
"""

_AT_THE_DOOR = """
SELECT at, kind, account, unit, role, act, subject, code FROM audit_event
WHERE kind IN ('refused', 'looked', 'key') AND (subject LIKE %(datasets)s OR subject LIKE %(grants)s)
ORDER BY number
"""
"""What was done is an event of a machine; these reached none."""


def of_database(conn: connection, school: str) -> list[Act]:
    """Of pushes the first and the last of each vendor, removals, exports, and what the access service refused
    or showed of sensitive fields."""
    asked = {"datasets": f"{school}.%", "grants": f"%/{school}", "school": school}
    first_and_last = f"SELECT * FROM ({_PUSHES}) p WHERE nth IN (1, pushes)"
    return [
        *(act for row in rows(conn, first_and_last, asked) for act in _pushes(row, school)),
        *(act for row in rows(conn, _REMOVALS, asked) for act in _removal(row)),
        *(act for row in rows(conn, _EXPORTS, asked) for act in _export(row)),
        *(_at_the_door(row) for row in rows(conn, _AT_THE_DOOR, asked)),
    ]


def _pushes(row: Mapping[str, Any], school: str) -> Iterator[Act]:
    """The only push of a vendor is its first and its last."""
    told = {"version": row["version"], "records": row["received"], "code": row["outcome"] or ""}
    told |= {"role": "vendor", "account": row["vendor"], "source": "push"}
    told |= {"reason": f"{row['nth']}/{row['pushes']} {row['dataset_id']}"}
    for act, n in (("first_push", 1), ("last_push", row["pushes"])):
        if row["nth"] == n:
            yield Act(row["at"], act, f"{row['vendor']}/{school}", **told)


def _removal(row: Mapping[str, Any]) -> Iterator[Act]:
    told = {"subject": row["dataset_id"], "version": row["version"], "reason": row["record_type"]}
    told |= {"source": "removal"}
    who = {"role": row["role"] or "vendor", "account": row["account"] or row["vendor"]}
    yield Act(row["asked_at"], "removal", records=row["asked"], **told, **who)
    if row["decided_at"]:
        head = row["consented_by"]
        who = {"role": "school_head" if head else "system", "account": head}
        ended = {"records": row["records"], "code": row["code"] or row["state"]}
        yield Act(row["decided_at"], "removal_decided", **told, **who, **ended)


def _at_the_door(row: Mapping[str, Any]) -> Act:
    who = {"unit": row["unit"], "role": row["role"], "account": row["account"]}
    told = {"code": row["code"], "reason": row["act"], "source": "audit_event"}
    return Act(row["at"], row["kind"], row["subject"], **who, **told)


def _export(row: Mapping[str, Any]) -> Iterator[Act]:
    told = {"subject": row["dataset_id"], "version": row["version"], "source": "ministry_export"}
    if row["sent_at"]:
        yield Act(row["sent_at"], "exported", role="system", records=row["records"], **told)
    if row["answered_at"]:
        counts = f"{row['accepted']} accepted, {row['refused']} refused"
        yield Act(row["answered_at"], "answered", role="ministry_adapter", reason=counts, **told)
