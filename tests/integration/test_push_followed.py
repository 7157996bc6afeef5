"""A push from its receipt to the Ministry's answer, as the database has it: true at every moment, the same
counts everywhere, and nothing of what is another's."""

from datetime import timedelta

import pytest
from click.testing import CliRunner

from cli.main import main
from readings import followed, push_errors, steps
from sinks.projection.project import project
from sinks.provincial.check import process
from streams.confirmation.events import Event
from streams.machines import wire
from tests import pushed
from tests.chained import chained
from tests.integration.command_line import csdl
from tests.integration.provincial_book import DATASET, NOW, PUPILS
from tests.pushed import SCHOOL, chunk, pupil, whole
from tests.support import environment

THREE_ERRORS = [
    {"row": row, "client_id": f"hs{row}", "rule": rule}
    for row in (3, 4)
    for rule in ("HS-002", "HS-010", "HS-011")
]


def dirty(push, school=SCHOOL):
    """Three types. Of four pupils two have three errors each; a class comes twice."""
    classes = [{"ClientId": "l1", "MaLopHoc": "L1"}, {"ClientId": "l1", "MaLopHoc": "L2"}]
    own = {"ClientId": "t", "MaTruongHoc": school, "NamHoc": 2019, "TenTruong": "Trường số một"}
    sent = {"push": push, "school": school}
    return [
        chunk("TruongHoc", [own], **sent),
        chunk("LopHoc", classes[:1], number=1, **sent),
        chunk("LopHoc", classes[1:], number=2, **sent),
        chunk("HocSinh", [pupil(1), pupil(2)], number=3, refused=THREE_ERRORS, **sent),
        pushed.closing({"TruongHoc": 1, "LopHoc": 2, "HocSinh": 4}, chunks=4, **sent),
    ]


def one(book, push_id="p1", **whose):
    (found,) = followed.of_push(book.conn, push_id, **whose)
    return found


def told(book, push_id="p1"):
    return steps.of(one(book, push_id))


def states(book, push_id="p1"):
    return [s.state for s in told(book, push_id).steps]


def step(book, name):
    return next(s for s in told(book).steps if s.step == name)


def checked(book):
    process.check(book.conn, NOW)
    return book.ask("SELECT digest FROM version ORDER BY version DESC LIMIT 1")[0][0]


def happens(book, *events, version=1, digest, route=("164", "19")):
    """(event, state after it, role, level) in the dataset's chain."""
    of = {
        "DatasetId": DATASET,
        "MaTruongHoc": SCHOOL,
        "Version": version,
        "Digest": digest,
        "Route": list(route),
    }
    last, chain = None, []
    for name, state, role, level, *more in events:
        said = {"Event": name, "State": state, "Role": role, "Level": level, "Account": "Nguyễn Văn A"}
        last = chained(last, **of, **said, **(more[0] if more else {}))
        chain.append(wire.from_record(Event, last))
    with book.conn, book.conn.cursor() as cur:
        project(cur, chain)
    return chain


def test_four_pupils_are_two_and_two_everywhere_and_sent_again_two_unchanged(book, database):
    """Over three types, with six errors and a class that comes twice."""
    done, _ = book.arrive(*dirty("p1"))
    again, _ = book.arrive(*dirty("p2"))
    digest = checked(book)
    pupils, classes = (
        {"received": 4, "accepted": 2, "refused": 2},
        {"received": 2, "accepted": 1, "refused": 1},
    )
    for push_id, settled, written in (("p1", done, (2, 1, 1)), ("p2", again, (0, 0, 0))):
        counts = steps.counts(one(book, push_id).push)
        for record_type, expected, new in zip(
            ("HocSinh", "LopHoc", "TruongHoc"),
            (pupils, classes, dict.fromkeys(pupils, 1) | {"refused": 0}),
            written,
            strict=True,
        ):
            said = {name: counts[record_type][name] for name in (*expected, "written", "unchanged")}
            assert said == expected | {"written": new, "unchanged": expected["accepted"] - new}
        answer = next(a for a in book.told() if a["PushId"] == push_id)
        total = (answer["Received"], answer["Accepted"], answer["Refused"], answer["Written"])
        assert total == (7, 4, 3, sum(written))
        by_load = {name: settled.records[name] for name in ("written", "unchanged", "refused")}
        assert by_load == {"written": sum(written), "unchanged": 4 - sum(written), "refused": 1}
        code, status = csdl(database, "push-status", push_id)
        assert (code, [status["pushes"][0][n] for n in ("received", "accepted", "refused")]) == (0, [7, 4, 3])
        assert status["pushes"][0]["by_type"] == counts
        assert len({(r["record_type"], r["client_id"], r["row"]) for r in status["refused"]}) == 3
    assert book.ask("SELECT refused, written FROM version") == [(3, 4)]
    assert one(book, "p2").version["digest"] == digest
    assert states(book, "p2")[:4] == [
        "done",
        "done",
        "partly",
        (one(book).version["blocking"] and "refused") or "done",
    ]


def test_a_push_is_followed_until_the_ministry_has_answered(book):
    messages = whole("HocSinh", PUPILS)
    assert followed.of_push(book.conn, "p1") == []
    book.arrive(messages[0])
    assert (states(book)[:3], told(book).next) == (["done", "waiting", "waiting"], "NEXT-001")
    assert step(book, "validated").told == {"chunks_seen": 1, "chunks": None}
    book.arrive(messages[1])
    assert (states(book)[2:4], told(book).next) == (["done", "waiting"], "NEXT-006")
    digest = checked(book)
    happens(book, ("opened", "checked", "department_officer", 0), digest=digest)
    assert told(book).next == "NEXT-009"
    reason = {"ReasonCode": "RET-01", "ReasonText": "Thiếu lớp 6A"}
    happens(
        book,
        ("opened", "collecting", "department_officer", 0),
        ("version_checked", "checked", "system", 0),
        ("submitted", "submitted", "school_head", 0),
        ("claimed", "claimed", "district_officer", 0),
        ("returned", "returned", "district_officer", 0, reason),
        digest=digest,
    )
    said = step(book, "confirmed").as_dict()
    assert (said["state"], said["code"], said["reason"]) == ("returned", "RET-01", "Thiếu lớp 6A")
    assert "Nguyễn" not in str(told(book).as_dict())


def approve(book, digest):
    return happens(
        book,
        ("opened", "collecting", "department_officer", 0),
        ("version_checked", "checked", "system", 0),
        ("submitted", "submitted", "school_head", 0),
        ("confirmed", "confirmed", "district_officer", 1),
        ("approved", "approved", "department_officer", 1),
        ("forwarded", "forwarding", "department_officer", 1),
        digest=digest,
    )


def test_the_ministrys_refusals_are_counted_by_its_codes(book):
    book.arrive(*whole("HocSinh", PUPILS))
    digest = checked(book)
    approve(book, digest)
    assert told(book).next == "NEXT-016"
    ((second,),) = book.ask("SELECT identity FROM hoc_sinh WHERE client_id = 'hs2'")
    with book.conn, book.conn.cursor() as cur:
        cur.execute(
            "INSERT INTO ministry_export "
            "(export_id, dataset_id, school, school_year, period, version, digest, state, accepted, "
            " refused, opened_at, sent_at, answered_at, sequence) "
            "VALUES ('e', %s, %s, 2019, 'start', 1, %s, 'answered', 1, 2, now(), now(), now(), 6)",
            (DATASET, SCHOOL, digest),
        )
        for n, code in enumerate(("000-000", "HS-01", "HS-01")):
            cur.execute(
                "INSERT INTO ministry_export_record VALUES ('e', %s, 'HocSinh', %s)", (f"r{n}", second)
            )
            cur.execute("INSERT INTO ministry_receipt VALUES ('e', %s, %s, now())", (f"r{n}", code))
    said = push_errors.page(book.conn, one(book), 0, 100)
    assert [(e["rule"], e["client_id"]) for e in said if e["verdict"] == "ministry"] == [("HS-01", "hs2")] * 2
    rules = {r["rule"]: r["records"] for r in push_errors.by_rule(book.conn, one(book))}
    assert rules["HS-01"] == 1
    answered = step(book, "answered")
    assert (answered.state, answered.told["refused_by_code"], told(book).next) == (
        "partly",
        {"HS-01": 2},
        "NEXT-020",
    )


def test_its_acts_are_those_on_its_own_version_and_the_newer_one_is_named(book):
    book.arrive(*whole("HocSinh", PUPILS))
    digest = checked(book)
    book.arrive(
        *whole("HocSinh", [pupil(1, HoTen="mới"), *PUPILS[1:]], push="p2"), at=NOW + timedelta(hours=1)
    )
    second = checked(book)
    assert (told(book).next, told(book).newer, told(book).newer_push) == ("NEXT-015", 2, "p2")
    approve(book, digest)
    assert (states(book)[4:7], told(book).next) == (["done"] * 3, "NEXT-016")
    assert (states(book, "p2")[4:], second != digest) == (["waiting"] * 5, True)


def test_acts_on_the_same_number_with_another_digest_are_not_its_own(book):
    """A database restored from a copy gives a number again, to other records: they were never approved."""
    book.arrive(*whole("HocSinh", PUPILS))
    checked(book)
    approve(book, "digest-of-what-was-lost")
    assert (states(book)[4:], "NEXT-016" in str(told(book))) == (["waiting"] * 5, False)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([pushed.closing({}, chunks=0)], ("refused", "PUSH-006", 0)),
        (
            [chunk("HocSinh", [], refused=THREE_ERRORS), pushed.closing({"HocSinh": 2})],
            ("refused", "PUSH-007", 2),
        ),
    ],
    ids=["empty", "all refused"],
)
def test_a_push_of_nothing_is_refused_and_nothing_ran_after_it(book, messages, expected):
    book.arrive(*messages)
    push = one(book).push
    assert (push["outcome"], push["code"], push["refused"]) == expected
    assert states(book) == ["done", "done", "refused", *["not_needed"] * 6]
    assert told(book).over


def test_a_strangers_push_is_as_unknown_as_one_that_never_was(book):
    book.arrive(*whole("HocSinh", PUPILS))
    assert one(book, vendor="smas", school=SCHOOL).push["push_id"] == "p1"
    assert followed.of_push(book.conn, "p1", vendor="vnedu", school=SCHOOL) == []
    assert followed.of_push(book.conn, "p1", vendor="smas", school="19164502") == []
    assert followed.of_push(book.conn, "p\x001", vendor="smas") == []


def test_what_came_by_the_gateway_is_known_before_load_has_seen_it(book):
    with book.conn, book.conn.cursor() as cur:
        cur.execute(
            "INSERT INTO gateway_push "
            "(push_id, vendor, school, dataset_id, kind, credential, fingerprint, records) "
            "VALUES ('p1', 'smas', %s, %s, '1', 1, '\\x00', '{}')",
            (SCHOOL, DATASET),
        )
    assert (states(book), told(book).next) == (["waiting"] * 9, "NEXT-022")
    book.ask("UPDATE gateway_push SET state = 'sent', sent_at = now() RETURNING 1")
    assert (states(book)[:2], told(book).next) == (["done", "waiting"], "NEXT-002")
    book.arrive(*whole("HocSinh", PUPILS))
    assert states(book)[:3] == ["done"] * 3
    assert step(book, "received").told == {"by": "http"}


def test_push_status_prints_the_steps_that_matter_and_what_to_do(book, database):
    book.arrive(*dirty("p1"))
    printed = CliRunner(env=environment(database)).invoke(main, ["push-status", "p1"], catch_exceptions=False)
    assert printed.exit_code == 0
    lines = printed.stdout.splitlines()
    assert [line for line in lines if "HocSinh: 4 = 2 + 2 (0 =)" in line]
    assert [line for line in lines if "loaded: một phần — partly" in line]
    assert [line for line in lines if line.startswith(f"NEXT-006 {DATASET}")]
