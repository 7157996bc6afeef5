"""`csdl pushes`, `csdl push-status`: what became of the pushes and of each record that was refused."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from access import audit
from cli.answers import json_option, print_json, print_table, tell
from producers.preflight import explain
from readings import followed, steps
from readings import pushes as readings
from readings.database import database
from schemas import left_to_do
from schemas.errors import Problem, ProblemList, SourceLocation

Row = Mapping[str, Any]

SHOWN: Final = 10
"""Places printed of records that are refused alike; --json has them all."""

OUTCOME_VI: Final = {
    "open": "đang chờ",
    "version": "đã nhận, phiên bản mới",
    "unchanged": "đã nhận, không thay đổi",
    "refused": "bị từ chối",
    "mismatch": "sai số lượng",
    "superseded": "cũ hơn dữ liệu hiện có",
    "incomplete": "chưa đủ",
}

STEP_VI: Final = {
    "received": "đến",
    "validated": "kiểm tra từng bản ghi",
    "loaded": "nạp",
    "checked": "soát phiên bản",
    "submitted": "trường gửi xác nhận",
    "confirmed": "phòng xác nhận",
    "approved": "Sở duyệt",
    "exported": "xuất lên Bộ",
    "answered": "Bộ trả lời",
}

STATE_VI: Final = {
    "waiting": "chờ",
    "done": "xong",
    "partly": "một phần",
    "refused": "bị từ chối",
    "returned": "bị trả lại",
    "superseded": "có lần mới hơn",
}

BY_TYPE: Final = {
    "stayed": "giữ từ lần trước — stayed from an earlier push",
    "absent": "danh sách đầy đủ không có, vẫn giữ — absent from the whole list, kept",
    "removed": "đã rời đi — removed",
    "waiting": "chờ hiệu trưởng đồng ý xóa — removal waits for the head",
}


@click.command()
@click.option("--newest", type=click.IntRange(min=1), help="Only so many. Default: all.")
@json_option
def pushes(newest: int | None, as_json: bool) -> None:
    """Các lần đẩy và kết quả — list the pushes and what became of them, newest first: all of them."""
    with database("csdl push") as conn:
        found, total = readings.listed(conn, newest)
    if as_json:
        print_json(found)
        return
    print_table(
        ("push", "vendor", "dataset", "outcome", "code", "version", "received", "accepted", "refused"),
        [
            (
                p["push_id"],
                p["vendor"],
                p["dataset_id"],
                _outcome(p),
                p["code"],
                p["version"],
                p["received"],
                p["accepted"],
                p["refused"],
            )
            for p in found
        ],
        of=total,
    )
    for code in sorted({p["code"] for p in found if p["code"]}):
        _say(code, "")


@click.command("push-status")
@click.argument("push_id")
@json_option
def push_status(push_id: str, as_json: bool) -> None:
    """Kết quả một lần đẩy — what became of a push step by step, and of each record that was refused."""
    with database("csdl push") as conn:
        known = followed.of_push(conn, push_id)
        refused = readings.refused(conn, push_id)
        if refused:
            audit.record_operators(conn, audit.Kind.LOOKED, act="push-status", subject=push_id)
    if not known:
        raise ProblemList([Problem("SEND-002", params={"push_id": push_id})])
    courses = [steps.of(one) for one in known]
    for line in refused:
        line["message_vi"], line["message_en"] = explain(line["rule"])
    found = [
        {
            **one.push,
            "notes": [_note(c) for c in left_to_do.codes(one.push)],
            "by_type": steps.counts(one.push),
        }
        | course.as_dict()
        for one, course in zip(known, courses, strict=True)
    ]
    if as_json:
        print_json({"pushes": found, "refused": refused})
        return
    for p, course in zip(found, courses, strict=True):
        tell(f"{p['dataset_id']} ({p['vendor']}): {_outcome(p)}")
        tell(
            f"  phiên bản — version {p['version']}; đã đến — received {p['received']}, "
            f"nhận — accepted {p['accepted']}, từ chối — refused {p['refused']}, "
            f"mới hoặc đổi — new or changed {p['written']}"
        )
        for name, words in BY_TYPE.items():
            if p[name]:
                counts = ", ".join(f"{record_type} {n}" for record_type, n in sorted(p[name].items()))
                tell(f"  {words}: {counts}")
        for record_type, n in p["by_type"].items():
            if n["received"] is not None and len(p["by_type"]) > 1:
                told = f"{n['received']} = {n['accepted']} + {n['refused']} ({n['unchanged']} =)"
                tell(f"  {record_type}: {told}")
        for step in course.steps:
            if step.state != "not_needed":
                at = f"{step.at:%Y-%m-%d %H:%M}" if step.at else "–"
                tell(f"  {STEP_VI[step.step]} — {step.step}: {STATE_VI[step.state]} — {step.state} ({at})")
        for note in p["notes"]:
            _say(note["code"], f"{p['dataset_id']}: ")
        _say(course.next, f"{p['dataset_id']}: ")
    _print_refused(refused)


def _print_refused(refused: Sequence[Row]) -> None:
    """Each reason once, with its places: one wrong code refuses a whole school's records alike."""
    reasons: dict[tuple[Any, ...], list[Row]] = {}
    for r in refused:
        fields = ", ".join(r["fields"])
        reasons.setdefault((r["rule"], r["record_type"], r["source"], r["sheet"], fields), []).append(r)
    for (rule, record_type, source, sheet, fields), rows in reasons.items():
        alone = rows[0]["row"] if len(rows) == 1 else 0
        who = f"{record_type} {rows[0]['client_id']}".strip() if alone else f"{len(rows)} {record_type}"
        _say(rule, f"{SourceLocation(source, sheet, alone, fields)} ({who}): ")
        if not alone:
            places = ", ".join(f"{r['row']} ({r['client_id']})" for r in rows[:SHOWN])
            more = f" … +{len(rows) - SHOWN} (--json)" if len(rows) > SHOWN else ""
            tell(f"  dòng — rows: {places}{more}")


def _outcome(push: Row) -> str:
    return f"{OUTCOME_VI[push['outcome']]} — {push['outcome']}"


def _note(code: str) -> dict[str, str]:
    vi, en = explain(code)
    return {"code": code, "message_vi": vi, "message_en": en}


def _say(code: str, place: str) -> None:
    """A line a language, each with code and place."""
    for text in explain(code):
        tell(f"{code} {place}{text}")
