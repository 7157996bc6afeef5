"""Bad input, item by item, on the real processes: at the door (the command line), and past it by a producer
of somebody else's. Each is told with its code, its place and both languages; nothing is lost beside it, and
no process ends.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from kafka import KafkaProducer
from kafka.errors import MessageSizeTooLargeError

from producers import files
from producers.model import ROW, Target
from producers.synthetic import province
from producers.synthetic.write import write, write_register
from runtime import credentials
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_COMMANDS, PUSH_ANSWERS
from tests import people
from tests.conftest import empty_topics, fresh_database
from tests.integration.bad_input_bench import FILE, LIST, SMAS, YEAR, Bench, Told
from tests.integration.command_line import answer, csdl
from tests.organisation import put_units
from tests.people import DEPARTMENT
from tests.support import ANSWER_S, Running, run_process, wait_until

NOBODY, NINE, NO_YEAR = "19999999", "191733261", 2021
BESIDES: Final = ("PUSH-007", "PUSH-008", "PUSH-010", "PUSH-011")
"""Said of the push as a whole, besides what is said of its records: all or some refused, nothing new, some
not in the list."""
PROCESSES: Final = ("grants", "validation", "load", "outbox", "confirmation")
TIMEOUT_S: Final = 15.0


def changed(bench: Bench, row: int, **values: Any) -> list[dict[str, Any]]:
    """The packet's pupils, one of them (from 0) with other values."""
    return [p | values if i == row else p for i, p in enumerate(bench.packet[LIST])]


def cut(bench: Bench) -> bytes:
    return json.dumps(bench.packet).encode()[:-40]


def large(bench: Bench) -> list[Told]:
    path = bench.folder / "large.json"
    with path.open("wb") as out:
        out.truncate(50 * 1024 * 1024)
    return bench.push_file(path)


def twice(bench: Bench) -> list[Told]:
    """The same push id again."""
    push_id = str(uuid.uuid4())
    bench.push(more=("--push-id", push_id))
    bench.push(more=("--push-id", push_id))

    def told() -> list[Told]:
        status = bench.status(push_id)
        return status if "PUSH-009" in {t.code for t in status} else []

    return wait_until(told)


def first_id(bench: Bench) -> str:
    (table,) = bench.pupils()
    return str(table.records["ClientId"][0])


DOOR: list[tuple[str, str, str, Callable[[Bench], list[Told]]]] = [
    ("unknown school", "ENV-301", "MaTruongHoc", lambda b: b.push(school=NOBODY)),
    ("unknown year", "ENV-303", "NamHoc", lambda b: b.push(year=NO_YEAR)),
    ("wrong object", "FILE-006", f"{FILE} · LstHocSinhs", lambda b: b.push(LstHocSinhs=[])),
    ("missing file", "FILE-001", "none.json", lambda b: b.push_file(b.folder / "none.json")),
    ("truncated JSON", "FILE-004", f"{FILE} · dòng 1", lambda b: b.push(cut(b))),
    ("a 50 MB file", "FILE-002", "large.json", large),
    ("wrong encoding", "FILE-003", FILE, lambda b: b.push(json.dumps(b.packet).encode("utf-16"))),
    ("nine characters", "FILE-010", f"{FILE} · MaTruongHoc", lambda b: b.push(MaTruongHoc=NINE)),
    (
        "unmapped code",
        "CELL-101",
        f"{FILE} · {LIST} · dòng 3 · TrangThai",
        lambda b: b.push(LstHocSinh=changed(b, 2, TrangThai=99)),
    ),
    (
        "a ClientId twice",
        "HS-501",
        f"{FILE} · {LIST} · dòng 5 · ClientId",
        lambda b: b.push(LstHocSinh=changed(b, 4, ClientId=first_id(b))),
    ),
    ("the same push twice", "PUSH-009", "DATASET", twice),
    ("the same data twice", "PUSH-008", "DATASET", lambda b: b.push()),
    ("a unit off the route", "CONF-UNIT", "DATASET", lambda b: b.act("claim", b.school, "165")),
    ("no such dataset", "CONF-ABSENT", f"{NOBODY}.{YEAR}.start", lambda b: b.act("claim", NOBODY, "164")),
]
"""item → code, place, how. A push that `csdl push` sends is counted and closed by it."""

Past = tuple[str, str, str, Callable[[Bench], Any], Callable[[Bench, Any], list[Told]]]
END: Final = f"SCHOOL.{YEAR}.end"
SENT: Final = "where it was sent"

PAST: list[Past] = [
    ("unknown school", "ENV-301", "MaTruongHoc", lambda b: b.sent(school=NOBODY), Bench.status),
    ("unknown year", "ENV-303", "NamHoc", lambda b: b.sent(year=NO_YEAR), Bench.status),
    ("nine characters", "VAL-003", "MaTruongHoc", lambda b: b.sent(school=NINE), Bench.status),
    (
        "wrong object",
        "VAL-004",
        SENT,
        lambda b: b.letter(codec.encode("CommandRefused", wrong_object(b))),
        Bench.of_letter,
    ),
    (
        "no command",
        "CMD-CONTRACT",
        SENT,
        lambda b: b.letter(codec.encode("CommandRefused", wrong_object(b)), CONFIRMATION_COMMANDS),
        Bench.of_letter,
    ),
    ("cut off", "AVRO-003", SENT, lambda b: b.letter(b.sending()[1][0][:-4]), Bench.of_letter),
    (
        "too many bytes",
        "VAL-009",
        SENT,
        lambda b: b.letter(b.sending()[1][0] + bytes(5 << 20)),
        Bench.of_letter,
    ),
    (
        "wrong encoding",
        "AVRO-005",
        SENT,
        lambda b: b.letter(b.sending()[1][0].replace(first_id(b).encode(), b"\xff" * len(first_id(b)))),
        Bench.of_letter,
    ),
    (
        "unmapped code",
        "HS-103",
        f"{FILE} · {LIST} · dòng 3 · GioiTinh",
        lambda b: b.sent(tables=b.pupils(GioiTinh={2: "99"})),
        Bench.status,
    ),
    (
        "a ClientId twice in a chunk",
        "HS-501",
        f"{FILE} · {LIST} · dòng 5 · ClientId",
        lambda b: b.sent(tables=b.pupils(ClientId={4: first_id(b)})),
        Bench.status,
    ),
    (
        "a ClientId twice in two chunks",
        "HS-501",
        f"{FILE} · {LIST} · dòng 15 · ClientId",
        lambda b: b.sent(tables=b.pupils(ClientId={14: first_id(b)})),
        Bench.status,
    ),
    ("closed with too few chunks", "PUSH-001", END, lambda b: b.sent(closed={"Chunks": 1}), Bench.status),
    (
        "closed with the wrong count",
        "PUSH-002",
        END,
        lambda b: b.sent(closed={"Records": {"HocSinh": 7}}),
        Bench.status,
    ),
    ("never closed", "PUSH-003", END, lambda b: never_closed(b), Bench.status),
    ("closed, a chunk missing", "PUSH-004", END, lambda b: b.sent(drop=1), Bench.status),
    (
        "a unit off the route",
        "CONF-UNIT",
        "DATASET",
        lambda b: b.command(b.dataset, "165"),
        Bench.of_command,
    ),
    (
        "no such dataset",
        "CONF-ABSENT",
        f"{NOBODY}.{YEAR}.start",
        lambda b: b.command(f"{NOBODY}.{YEAR}.start", "164"),
        Bench.of_command,
    ),
]
"""item → code, place, what is sent, where its sender reads what came of it."""


def wrong_object(bench: Bench) -> dict[str, Any]:
    texts = dict.fromkeys(("CommandId", "Subject", "Command", "Code", "Unit", "Role", "State", "Digest"), "")
    return texts | {"MaTruongHoc": bench.school, "At": datetime.now(UTC), "Version": 0}


def never_closed(bench: Bench) -> str:
    push_id, chunks, _ = bench.sending()
    bench.send(SMAS, *chunks)
    return push_id


@dataclass
class Seen:
    """All that was told, and how the pipeline stood afterwards."""

    bench: Bench
    door: dict[str, list[Told]]
    past: dict[str, list[Told]]
    sent: dict[str, Any]
    good: dict[str, dict[str, Any]]
    processes: list[Running]
    answers: list[dict[str, Any]]


@pytest.fixture(scope="module")
def seen(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("bad")
    empty_topics(stack)
    plans = [s for s in province.choose(province.plan(3), 40, 3) if s.vendor == "smas"]
    plan = min(plans, key=lambda s: s.pupils)
    ((_, (path,)),) = list(write(folder, [plan], 3))
    tables = files.read([path], Target("smas", plan.code, YEAR, "1")).tables
    with fresh_database(stack, folder) as fresh, ExitStack() as running:
        register = folder / "register.csv"
        write_register(register, [plan])
        told = {"register_file": register, "push_timeout_s": TIMEOUT_S}
        settings = put_units(fresh.model_copy(update=told))
        settings, _ = running.enter_context(people.access_service(settings))
        staff = {unit: people.reviewer(settings, unit) for unit in ("164", "165")}
        staff[DEPARTMENT] = people.department(settings)
        bench = Bench(settings, plan.code, folder, json.loads(path.read_bytes()), list(tables), staff)
        started = {n: running.enter_context(run_process(n, settings, wait=False)) for n in PROCESSES}
        for process in started.values():
            process.wait_until(process.is_ready)
        (folder / "schools.txt").write_text(plan.code, encoding="utf-8")
        opening = ("--year", str(YEAR), "--kind", "1", "--schools", str(folder / "schools.txt"))
        office = staff[DEPARTMENT].settings
        assert csdl(office, "grants", "allow", "smas", plan.code)[0] == 0
        assert csdl(office, "campaign", "open", *opening)[0] == 0

        before = bench.sent(tables=list(tables), kind="1")
        sent = {item: send(bench) for item, _, _, send, _ in PAST}
        after = bench.sent(tables=list(tables), kind="2")
        good = {name: whole(bench, push_id) for name, push_id in (("before", before), ("after", after))}
        door = {item: act(bench) for item, _, _, act in DOOR}
        past = {item: look(bench, sent[item]) for item, _, _, _, look in PAST}
        answers = [codec.decode(m.value)[1] for m in bench.messages(PUSH_ANSWERS)]
        yield Seen(bench, door, past, sent, good, list(started.values()), answers)


def whole(bench: Bench, push_id: str) -> dict[str, Any]:
    """Outcome and counts of a push that is good."""
    (push,) = answer(bench.settings, push_id)["pushes"]
    return {n: push[n] for n in ("outcome", "received", "accepted", "refused")}


def expected(seen: Seen, place: str) -> str:
    return place.replace("DATASET", seen.bench.dataset).replace("SCHOOL", seen.bench.school)


def understandable(told: Told) -> bool:
    """Both languages say something, with every blank filled in."""
    return all(len(text) > 20 and "{" not in text for text in (told.vi, told.en)) and told.vi != told.en


@pytest.mark.parametrize(("item", "code", "place"), [c[:3] for c in DOOR], ids=[c[0] for c in DOOR])
def test_at_the_door(seen: Seen, item: str, code: str, place: str) -> None:
    told = [t for t in seen.door[item] if t.code == code or t.code not in BESIDES]
    assert [(t.code, t.place) for t in told] == [(code, expected(seen, place))]
    assert all(map(understandable, seen.door[item]))


@pytest.mark.parametrize(("item", "code", "place"), [c[:3] for c in PAST], ids=[c[0] for c in PAST])
def test_past_the_door(seen: Seen, item: str, code: str, place: str) -> None:
    told = [t for t in seen.past[item] if t.code == code or t.code not in BESIDES]
    pupils = seen.bench.pupils()[0].records[ROW].to_list()
    if code in ("ENV-301", "ENV-303", "VAL-003"):
        # Each record is refused for the header's fault, and so is the push, whose closing has the same one.
        dataset = {"ENV-301": f"{NOBODY}.{YEAR}", "VAL-003": f"{NINE}.{YEAR}"}.get(
            code, f"{seen.bench.school}.{NO_YEAR}"
        )
        places = [f"{dataset}.end", *(f"{FILE} · {LIST} · dòng {row} · {place}" for row in pupils)]
    elif place == SENT:
        places = [seen.bench.places[seen.sent[item]]]
    else:
        places = [expected(seen, place)]
    assert [(t.code, t.place) for t in told] == [(code, p) for p in places]
    assert all(map(understandable, seen.past[item]))


def test_what_is_good_beside_it_arrives_whole(seen: Seen) -> None:
    n = sum(t.count for t in seen.bench.tables)
    good = {"outcome": "version", "received": n, "accepted": n, "refused": 0}
    assert seen.good == {"before": good, "after": good}


def test_no_process_ends(seen: Seen) -> None:
    """Nobody restarts them here: one that runs and is ready is the one that was started."""
    for process in seen.processes:
        process.wait_until(process.is_ready)


def test_a_vendor_reads_the_same_codes_in_the_answers(seen: Seen) -> None:
    told = {t.code for lines in seen.past.values() for t in lines if t.code.startswith("PUSH-")}
    assert told | {"PUSH-008", "PUSH-009"} <= {a["Code"] for a in seen.answers}


def test_the_broker_itself_refuses_50_megabytes(seen: Seen) -> None:
    own = credentials.client(seen.bench.settings)
    producer = KafkaProducer(bootstrap_servers=seen.bench.settings.brokers, max_request_size=64 << 20, **own)
    with pytest.raises(MessageSizeTooLargeError):
        producer.send(SMAS, bytes(50 << 20)).get(ANSWER_S)
    producer.close()
