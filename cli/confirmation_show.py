"""`csdl confirmation show, history, verify, table, reasons`: what there is to look at."""

import sys
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

import click

from cli.answers import document, exit_code, json_option, print_json, say, tell
from readings.chains import ReadEvent, read_events
from readings.database import database
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from streams.confirmation.commands import RETURN_REASONS
from streams.confirmation.machine import MACHINE
from streams.confirmation.state import OPEN_FOR_DATA, STAGE_VI, State
from streams.confirmation.table import INTERNAL, TABLE
from streams.documents import confirmation_page
from streams.machines import chain, machine_log, topic_log, wire
from streams.machines.replay import Replayed


def possible(state: State) -> list[str]:
    """What may be done in the dataset's state, each with the role that may: the table's acts, and a push."""
    rows = [r for r in TABLE if r.state is state.state and r.event and r.command not in INTERNAL]
    acts = {f"{r.command.value} ({r.role.value})" for r in rows if r.role != "system"}
    return sorted(acts | ({"push (vendor)"} if state.state in OPEN_FOR_DATA else set()))


@click.command()
@click.argument("school")
@json_option
def show(school: str, as_json: bool) -> None:
    """Bộ dữ liệu của trường đang ở đâu — where the datasets of SCHOOL stand.

    Version, digest and sequence to name, whose turn it is, what may be done.
    """
    found = topic_log.read_states(MACHINE, Settings(), school)
    states = sorted((s for s in found.values() if s.ma_truong_hoc == school), key=lambda s: s.dataset_id)
    if as_json:
        print_json([wire.to_record(s) | {"Turn": s.turn, "Possible": possible(s)} for s in states])
        return
    if not states:
        tell(f"Chưa có bộ dữ liệu nào của trường {school} — school {school} has no dataset yet")
    for s in states:
        route = " → ".join(f"[{unit}]" if unit == s.turn else unit for unit in s.route)
        counts = ", ".join(f"{name} {n}" for name, n in sorted(s.counts.items()))
        tell(f"{s.dataset_id}: {STAGE_VI[s.state]} — {s.state}{_marks(s)}")
        tell(f"  tuyến — route:      {route}")
        tell(f"  phiên bản — version: {s.version}  {s.digest}")
        tell(f"  sự kiện — sequence:  {s.sequence}")
        if s.window:
            days = f"{s.window.opens or '…'} → {s.window.closes or '…'}"
            tell(f"  thời hạn — window:   {days}")
        tell(f"  số liệu — counts:    {counts}")
        if s.held_version:
            tell(f"  chờ — held:          {s.held_version}  {s.held_digest}")
        tell(f"  có thể — possible:   {', '.join(possible(s))}")


def _marks(state: State) -> str:
    marks = {"đã khóa — locked": state.locked, "cho nộp muộn — admitted late": state.late}
    return "".join(f" [{mark}]" for mark, holds in marks.items() if holds)


@click.command()
@click.argument("school")
@json_option
def history(school: str, as_json: bool) -> None:
    """Lịch sử của trường — every event of SCHOOL's datasets.

    Read from the topic; says whether the chain holds (exit code 1 if not).
    """
    records = list(topic_log.read_events(MACHINE, Settings(), school))
    broken = _breaks(records)
    if as_json:
        faults = [{"dataset": b.subject, "sequence": b.sequence, "fault": b.fault} for b in broken]
        print_json({"events": records, "chain_holds": not broken, "breaks": faults})
    else:
        for r in records:
            reason = f"  {r['ReasonCode']} {r['ReasonText']}".rstrip()
            when = r["At"].isoformat(sep=" ", timespec="seconds")
            who = f"{r['Role']} {r['Unit']}"
            head = f"{r['DatasetId']} #{r['Sequence']:<3} {when} {r['Event']:18} v{r['Version']:<3} {who:28}"
            tell(head + reason)
        _say(len(records), broken)
    sys.exit(1 if broken else 0)


@click.command()
@json_option
def verify(as_json: bool) -> None:
    """Kiểm tra chuỗi sự kiện — check every chain, and decide every command once more.

    Each dataset's chain must hold, its state be the chain's end, and a replay of the commands give the
    recorded events and refusals; what PostgreSQL acted on must be in it. What an earlier release wrote is
    believed, and said. Exit code 1 if not.
    """
    settings = Settings()
    # What was acted on first, then states: an event between the readings then only lengthens a chain.
    acted_on, away = _acted_on()
    states = topic_log.read_states(MACHINE, settings)
    found = machine_log.read(MACHINE, settings)
    events = [*found.events, *found.later]
    sealed = {(r["DatasetId"], r["Sequence"]): r["Hash"] for r in events}
    broken = _breaks(events)
    broken += [
        chain.Break(s.dataset_id, s.sequence, "state")
        for s in states.values()
        if sealed.get((s.dataset_id, s.sequence)) != s.hash
    ]
    unlike = [one for one in acted_on if sealed.get((one.subject, one.sequence)) != one.hash]
    again = found.replayed(MACHINE)
    if as_json:
        faults = [{"dataset": b.subject, "sequence": b.sequence, "fault": b.fault} for b in broken]
        differ = [
            {"subject": d.subject, "topic": d.topic, "offset": d.offset, "fault": d.fault}
            for d in again.differences
        ]
        print_json(
            {
                "datasets": len(states),
                "events": len(events),
                "breaks": faults,
                "unlike_read": [
                    {
                        "dataset": one.subject,
                        "sequence": one.sequence,
                        "fault": _how(one, sealed),
                        "reader": one.reader,
                    }
                    for one in unlike
                ],
                "problems": [problem.as_dict() for problem in away],
                "replayed": again.decided,
                "believed": again.believed,
                "differences": differ,
            }
        )
    else:
        _say(len(events), broken)
        for one in unlike:
            tell(
                f"{one.subject} #{one.sequence}: {_how(one, sealed)} — {one.reader} đã làm theo một sự kiện"
                " không có trong Kafka — has acted on an event that Kafka does not have",
                err=True,
            )
        _say_replay(again)
        say(away)
    sys.exit(1 if broken or unlike or again.differences else exit_code(away))


@click.command()
@json_option
@click.option("--markdown", is_flag=True, help="Print docs/confirmation.md.")
def table(as_json: bool, markdown: bool) -> None:
    """Bảng trạng thái — the state machine: state, command, role, unit, next state, what must hold."""
    if markdown:
        document(confirmation_page.document())
        return
    if as_json:
        print_json([row.as_dict() for row in TABLE])
        return
    for r in TABLE:
        needs = " ".join(r.guards) if r.event or r.guards else r.code or "silent"
        when = f"[{r.when}] " if r.when else ""
        head = f"{r.state:16} {r.command:16} {r.role:18} {r.who:9} {r.next if r.event else '—':16}"
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
        tell(f"{code:20} {vi} — {en}")


def _acted_on() -> tuple[list[ReadEvent], list[Problem]]:
    """What PostgreSQL's readers acted on; without PostgreSQL why that cannot be compared."""
    try:
        with database("csdl confirmation verify") as conn:
            return read_events(conn), []
    except ProblemList as error:
        return [], error.problems


def _how(one: ReadEvent, sealed: Mapping[tuple[str, int], str]) -> str:
    """Kafka has no event of that number, or another one."""
    return "another" if (one.subject, one.sequence) in sealed else "lost"


COMMANDS: Final = (show, history, verify, table, reasons)


def _breaks(records: list[dict[str, Any]]) -> list[chain.Break]:
    chains: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        chains[record["DatasetId"]].append(record)
    return [fault for subject in sorted(chains) for fault in chain.breaks(subject, chains[subject])]


def _say(events: int, broken: list[chain.Break]) -> None:
    for fault in broken:
        tell(f"{fault.subject} #{fault.sequence}: {fault.fault}", err=True)
    if broken:
        tell(f"Chuỗi bị đứt ở {len(broken)} chỗ — the chain is broken in {len(broken)} places", err=True)
    else:
        tell(f"Chuỗi {events} sự kiện liền mạch — the chain of {events} events holds")


def _say_replay(again: Replayed) -> None:
    for d in again.differences:
        tell(f"{d.subject} {d.topic}@{d.offset}: {d.fault}", err=True)
    if again.differences:
        n = len(again.differences)
        tell(f"{n} lệnh cho kết quả khác khi chạy lại — {n} answers differ from a replay", err=True)
    else:
        tell(f"{again.decided} lệnh chạy lại cho cùng kết quả — commands replayed, same answers")
    if again.believed:
        tell(
            f"{again.believed} kết quả của bản phát hành trước, không chạy lại"
            " — answers of an earlier release, believed, not replayed"
        )
