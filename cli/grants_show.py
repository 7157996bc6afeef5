"""`csdl grants list`, `show`, `table`: how grants stand, their story, the machine's table."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import click

from access.grants import shown
from cli.answers import REFUSED, json_option, print_json, print_table, tell
from readings import school_acts
from runtime.settings import Settings
from schemas.days import VIETNAM
from streams.grants import words
from streams.grants.commands import RETURN_REASONS
from streams.grants.machine import MACHINE
from streams.grants.state import Signature, Standing, State
from streams.grants.table import TABLE
from streams.machines import topic_log, wire

CHECKED: Final = {
    Signature.COMPARED: " chữ ký và nội dung đúng — signature and text verified",
    Signature.VERIFIED: " chữ ký đúng, nội dung phải xem — signature verified, text to be read",
    Signature.BY_HAND: " kiểm tra thủ công — by hand",
}
"""How a document's signature was checked, as an event is told."""


@click.command(name="list")
@click.option("--vendor", help="Only this vendor's.")
@click.option("--turn", help="Only what waits for this unit.")
@click.option("--all", "every", is_flag=True, help="Ended ones too.")
@json_option
def list_grants(vendor: str | None, turn: str | None, every: bool, as_json: bool) -> None:
    """Các quyền và đề nghị — grants and requests: how they stand, whose turn it is, since when."""
    found = sorted(topic_log.read_states(MACHINE, Settings()).items())
    ended = (Standing.NONE, Standing.REVOKED, Standing.EXPIRED)
    states = [
        s
        for _, s in found
        if (every or s.state not in ended) and vendor in (None, s.vendor) and turn in (None, s.turn)
    ]
    if as_json:
        print_json([shown.row(s) for s in states])
        return
    heads = ("vendor", "school", "state", "turn", "since", "until", "#", "allows")
    print_table(heads, [_cells(s) for s in states])


@click.command()
@click.argument("school")
@json_option
def show(school: str, as_json: bool) -> None:
    """Cả câu chuyện kết nối của trường — how SCHOOL's connection came about: who did what, when; whose turn.

    Its grants with every vendor, what they allow, their papers, every event; and what suspends a vendor or a
    product version as a whole.
    """
    settings = Settings()
    states = topic_log.read_states(MACHINE, settings)
    own = [s for _, s in sorted(states.items()) if s.ma_truong_hoc == school]
    vendors = {s.vendor for s in own}
    above = [s for _, s in sorted(states.items()) if s.is_level and s.vendor in vendors]
    events = [e for s in (*own, *above) for e in _events(settings, s)]
    events.sort(key=lambda e: (e["at"], e["sequence"]))
    if as_json:
        told = [shown.row(s) | {"state_record": wire.to_record(s)} for s in own]
        print_json(
            {"school": school, "grants": told, "above": [shown.row(s) for s in above], "events": events}
        )
        return
    if not own:
        tell(f"Trường {school} chưa có quyền hay đề nghị nào — school {school} has no grant and no request")
        return
    for state in own:
        _say(state)
    heads = ("at", "grant", "event", "who", "document", "reason")
    print_table(heads, [_event_cells(e) for e in events])


@click.command()
@json_option
def table(as_json: bool) -> None:
    """Bảng trạng thái — the state machine: state, command, role, unit, next state, what must hold."""
    if as_json:
        print_json([row.as_dict() for row in TABLE])
        return
    for row in TABLE:
        r = row.as_dict()
        needs = " ".join(row.guards) if row.event or row.guards else row.code or "silent"
        when = f"[{row.when}] " if row.when else ""
        after = r["next_state"] if row.event else "—"
        head = f"{r['of']:5} {r['state']:12} {r['command']:10} {r['role']:18} {r['unit']:10} {after:12}"
        tell(f"{head} {when}{needs}".rstrip())


@click.command()
@json_option
def reasons(as_json: bool) -> None:
    """Mã lý do trả lại — the codes that a return may give."""
    if as_json:
        rows = [{"code": c, "message_vi": vi, "message_en": en} for c, (vi, en) in RETURN_REASONS.items()]
        print_json(rows)
        return
    for code, (vi, en) in RETURN_REASONS.items():
        tell(f"{code:16} {vi} — {en}")


def show_many(done: dict[str, Any], *, as_json: bool) -> None:
    """What became of each grant, and end: 1 if any was refused."""
    if as_json:
        print_json(done)
    else:
        for one in done["grants"]:
            texts = (one["message_vi"], one["message_en"]) if one["code"] else (one["state"],)
            tell(*(f"{one['grant']} {one['code']} {text}" for text in texts), err=bool(one["code"]))
        tell(f"{done['done']} xong, {done['refused']} bị từ chối — done, refused")
    raise SystemExit(REFUSED if done["refused"] else 0)


def _cells(state: State) -> tuple[object, ...]:
    row = shown.row(state)
    return (
        state.vendor, state.ma_truong_hoc, words.stands(state), state.turn, _at(state.since),
        state.valid_until or "", state.sequence, (row["allows_vi"], row["allows_en"]),
    )  # fmt: skip


def _events(settings: Settings, state: State) -> Iterator[dict[str, Any]]:
    for record in topic_log.read_events(MACHINE, settings, state.ma_truong_hoc):
        if record["Vendor"] != state.vendor or record["MaTruongHoc"] != state.ma_truong_hoc:
            continue
        vi, en = school_acts.WORDS.get(record["Event"], (record["Event"],) * 2)
        yield {
            "at": record["At"],
            "grant": state.grant_id,
            "sequence": record["Sequence"],
            "event": record["Event"],
            "event_vi": vi,
            "event_en": en,
            "state": record["State"],
            "unit": record["Unit"],
            "role": record["Role"],
            "account": record["Account"],
            "reason_code": record["ReasonCode"],
            "reason": record["ReasonText"],
            "document": record.get("Document"),
            "signature": record.get("Signature", ""),
            "contract": record.get("Contract"),
            "due": record.get("Due"),
            "late": record.get("Late", False),
            "command_id": record["CommandId"],
        }


def _event_cells(event: dict[str, Any]) -> tuple[object, ...]:
    paper = event["document"] or event["contract"]
    document = f"{paper['Number']} {paper['Date']}" if paper else ""
    late = " muộn — late" if event["late"] and event["document"] else ""
    late += CHECKED.get(event["signature"], "")
    who = " ".join(filter(None, (event["role"], event["unit"], event["account"])))
    reason = " ".join(filter(None, (event["reason_code"], event["reason"])))
    words_ = (event["event_vi"], event["event_en"])
    return _at(event["at"]), event["grant"], words_, who, document + late, reason


def _say(state: State) -> None:
    vi, en = words.stands(state)
    turn = f"; đến lượt — turn: {state.turn}" if state.turn else ""
    tell(f"{state.grant_id}: {vi} — {en}{turn}; từ — since {_at(state.since)}")
    row = shown.row(state)
    tell(f"  {row['allows_vi']}", f"  {row['allows_en']}")


def _at(at: datetime | None) -> str:
    return at.astimezone(VIETNAM).isoformat(sep=" ", timespec="seconds") if at else ""


COMMANDS: Final = (list_grants, show, table, reasons)
