"""A made-up province that is pushed for twenty turns: dirty and clean schools, records that change, leave and
come back. Nothing is drawn at random: what becomes of a record follows from its number, always the same.

Besides: two vendors, and one school that goes from the one to the other; a pupil's own id given to a
newcomer, a pupil's code to somebody else; refused records and wrong totals; whole lists without anybody;
parts; removals by tombstone and by the head; classes and teachers that there are not; lists in lists; a
school with a single pupil, one with many, one without any.
"""

from typing import Any

from sinks.provincial.load.removals import HEAD, Asked
from tests import pushed
from tests.integration import many_records
from tests.integration.many_records import Row, School, chance
from tests.integration.provincial_book import NOW


def push_of(school: School, turn: int) -> list[bytes]:
    """The school's messages of a turn."""
    push = f"{school.dataset}-{turn}"
    sender: dict[str, Any] = {
        "push": push,
        "vendor": school.vendor_in(turn),
        "school": school.code,
        "kind": school.kind,
    }
    lists = _lists(school, turn)
    out: list[bytes] = []
    totals: dict[str, int] = {}
    for record_type, rows in lists.items():
        some = -(-len(rows) // 2) if chance(5, push, record_type) == 0 else len(rows)
        for start in range(0, len(rows), some or 1):
            refused = _refused(school, turn, record_type, start)
            part = rows[start : start + some]
            out.append(pushed.chunk(record_type, part, number=len(out), refused=refused, **sender))
            totals[record_type] = totals.get(record_type, 0) + len(part) + len(refused)
    removed = {t: gone for t in school.held if (gone := _tombstones(school, turn, t))}
    for record_type, gone in removed.items():
        out.append(pushed.tombstones(record_type, gone, number=len(out), **sender))
    closing = pushed.closing(
        totals,
        chunks=len(out),
        hour=turn,
        whole=_whole(school, turn),
        removed={t: len(gone) for t, gone in removed.items()},
        **sender,
    )
    return [*out, closing]


def act_of(school: School, turn: int, newest: int) -> Asked | None:
    """What the school's head asks for after the push: that all who are absent leave."""
    if turn % 6 or not school.pupils:
        return None
    return Asked(
        removal_id=f"{school.dataset}-r{turn}",
        dataset_id=school.dataset,
        record_type=("HocSinh", "LopHoc")[turn // 6 % 2],
        version=newest,
        identities=(),
        unit=school.code,
        school=school.code,
        role=HEAD,
        account="hieu-truong",
        reason="Đã chuyển trường",
        at=NOW,
    )


def _lists(school: School, turn: int) -> dict[str, list[Row]]:
    """What the push brings, by type."""
    make = {"CanBo": many_records.teacher, "LopHoc": many_records.class_, "HocSinh": many_records.pupil}
    part = _is_part(school, turn)
    lists: dict[str, list[Row]] = {}
    for record_type, held in school.held.items():
        if record_type != "HocSinh" and (part or _is_left_out(school, turn, record_type)):
            continue
        numbers = [n for n in range(held) if _is_brought(school, turn, record_type, n)]
        lists[record_type] = [
            many_records.spoilt(school, turn, record_type, n, make[record_type](school, turn, n))
            for n in numbers
        ]
    if many_records.has_newcomers(school, turn):
        lists["HocSinh"] += many_records.newcomers(school, turn)
    if _is_empty_list(school, turn):
        lists["HocSinh"] = []
    lists["TruongHoc"] = [many_records.school_record(school, turn, lists)]
    return lists


def _is_left_out(school: School, turn: int, record_type: str) -> bool:
    """A push that says nothing of the staff, or nothing of the classes."""
    return turn > 1 and school.turns > 4 and chance(2, "left out", school.dataset, turn, record_type) == 0


def _is_part(school: School, turn: int) -> bool:
    return turn > 1 and chance(7, "part", school.dataset, turn) == 0


def _is_empty_list(school: School, turn: int) -> bool:
    return turn in (8, 15) and school.number in (1, 2)


def _whole(school: School, turn: int) -> list[str] | None:
    if _is_part(school, turn):
        return ["TruongHoc"]
    return ["TruongHoc", "CanBo", "LopHoc", "HocSinh"] if _is_empty_list(school, turn) else None


def _is_brought(school: School, turn: int, record_type: str, n: int) -> bool:
    """Some are lacked for three turns and come back, so do those who left; of a clean school fewer."""
    if turn == 1:
        return True
    if record_type == "HocSinh" and n in (0, school.pupils - 1) and many_records.has_newcomers(school, turn):
        return False
    often = 30 if school.wrong else 60
    who = (school.code, record_type, n)
    lacked = any(chance(often, *who, "lacked", t) == 0 for t in range(max(2, turn - 2), turn + 1))
    return not lacked and not any(
        _leaves(school, t, record_type, n) for t in range(max(2, turn - 3), turn + 1)
    )


def _leaves(school: School, turn: int, record_type: str, n: int) -> bool:
    return turn > 1 and chance(90, school.code, record_type, n, "leaves", turn) == 0


def _tombstones(school: School, turn: int, record_type: str) -> list[str | dict[str, str]]:
    leave = [n for n in range(school.held[record_type]) if _leaves(school, turn, record_type, n)]
    return [
        many_records.code_of(school, record_type, n)
        if n % 2 or record_type == "LopHoc"
        else many_records.client_id(school.vendor_in(turn), record_type, n)
        for n in leave
    ]


def _refused(school: School, turn: int, record_type: str, start: int) -> list[dict[str, Any]]:
    """What validation refused of a chunk."""
    if not school.wrong or record_type == "TruongHoc" or chance(4, school.dataset, turn, record_type, start):
        return []
    return [
        {
            "row": 1000 + n,
            "client_id": many_records.client_id(school.vendor_in(turn), record_type, n),
            "rule": "HS-002",
            "fields": ["HoTen", "NgaySinh"][: 1 + n % 2],
        }
        for n in range(1 + chance(3, school.dataset, turn, "refused"))
    ]
