"""The vendors' client: one key a push however often it is tried, what is retried, what a cut list leaves."""

import ast
import json
import os
import ssl
import subprocess
import sys
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path

import pytest

from csdl_client import Again, Client, NotSent, Refused, push_all
from csdl_client.__main__ import main
from tests.support import ROOT, wait_until
from tests.unit.client.stub import Asked, Said, gateway

AT_ONCE = Again(tries=4, first_s=0.0)
KEY = "csdl_test_mau_khoa"
REFUSAL = {
    "status": 422,
    "code": "FILE-024",
    "retryable": False,
    "title": "Không nhận",
    "problems": [
        {
            "code": "FILE-024",
            "place": {"file": "a.json", "row": 3},
            "message_vi": "sai",
            "message_en": "wrong",
        }
    ],
}


def accepted(asked: Asked, before: int) -> Said:
    """Each body is one push, whose id is what it says."""
    return Said(202, {"push_id": f"p{before}", "received": 1, "accepted": 1, "refused": 0})


def test_all_tries_of_a_push_have_one_key_and_another_push_another():
    def answer(asked, before):
        return Said(cut=True) if before < 2 else accepted(asked, before)

    with gateway(answer) as stub:
        client = Client(stub.url, KEY, again=AT_ONCE)
        assert (
            client.push(b"{}", school="19164560", year=2019, kind="1", parts=["HocSinh"])["push_id"] == "p2"
        )
        client.push(b"{}")
    assert len(set(stub.keys[:3])) == 1 and stub.keys[3] not in ("", stub.keys[0])
    assert stub.asked[0].path == "/v1/pushes?school=19164560&year=2019&kind=1&part=HocSinh"
    assert {one.headers["authorization"] for one in stub.asked} == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("said", "again"),
    [
        (Said(503, {"retryable": True}, {"Retry-After": "0"}), True),
        (Said(429, {"retryable": True}), True),
        (Said(409, {"retryable": True}), True),
        (Said(504, b"<html>a proxy's page</html>"), True),
        (Said(413, {"retryable": False}), False),
        (Said(500, {"retryable": False}), False),
        (Said(302, b"", {"Location": "http://127.0.0.1:1/"}), False),
        (Said(404, b"<html>nothing here</html>"), False),
    ],
    ids=lambda value: str(getattr(value, "status", value)),
)
def test_what_may_succeed_later_is_tried_again_and_nothing_else(said, again):
    with gateway(lambda asked, before: accepted(asked, before) if before else said) as stub:
        client = Client(stub.url, KEY, again=AT_ONCE)
        if again:
            assert client.push(b"{}")["push_id"] == "p1"
        else:
            with pytest.raises(Refused) as refused:
                client.push(b"{}")
            assert refused.value.status == said.status
    assert len(stub.asked) == (2 if again else 1)


def test_a_refusal_before_the_body_was_read_is_heard():
    refusal = Said(401, {"code": "KEY-101", "retryable": False, "title_en": "unknown key"}, unread=True)
    with (
        gateway(lambda asked, before: refusal) as stub,
        pytest.raises(Refused, match="401 KEY-101 unknown key"),
    ):
        Client(stub.url, KEY, again=AT_ONCE).push(b"x" * 20_000_000)


def test_the_proxy_of_the_environment_is_used_and_never_for_this_machine(monkeypatch):
    with gateway(accepted) as stub:
        monkeypatch.setenv("http_proxy", stub.url)
        Client("http://day.example:8080/csdl", KEY).push(b"{}")
        assert stub.asked[0].path == "http://day.example:8080/csdl/v1/pushes"
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        Client(stub.url, KEY).push(b"{}")
        assert stub.asked[1].path == "/v1/pushes"


def test_the_last_try_that_fails_says_so_with_the_key_that_repeats_the_push():
    with gateway(lambda asked, before: Said(cut=True)) as stub:
        with pytest.raises(NotSent) as fault:
            Client(stub.url, KEY, again=AT_ONCE).push(b"{}")
        assert len(stub.asked) == AT_ONCE.tries
        assert fault.value.idempotency_key == stub.keys[0]


def test_waits_grow_to_a_bound_and_are_never_shorter_than_asked():
    again = Again(tries=9, first_s=1.0, longest_s=10.0)
    assert [again.wait_s(n, 0) <= w for n, w in ((1, 1), (2, 2), (5, 10), (8, 10))] == [True] * 4
    assert again.wait_s(1, 30.0) == 30.0 and again.wait_s(8, 0) >= 5.0


def files(folder: Path, number: int = 4) -> list[Path]:
    for n in range(number):
        (folder / f"{n}.json").write_text(json.dumps({"file": n}))
    return sorted(folder.glob("?.json"))


def test_a_list_that_is_cut_goes_on_with_the_same_keys_and_pushes_nothing_twice(tmp_path):
    paths, journal = files(tmp_path), tmp_path / "journal"
    with gateway(lambda asked, before: Said(cut=True) if before >= 2 else accepted(asked, before)) as stub:
        found = push_all(Client(stub.url, KEY, again=AT_ONCE), paths, journal)
        assert [one.said is not None for one in found] == [True, True, False, False]
        cut_off = stub.keys[2]
        assert set(stub.keys[2:]) == {cut_off}
    with gateway(accepted) as stub:
        found = push_all(Client(stub.url, KEY, again=AT_ONCE), paths, journal)
        assert [json.loads(one.body or b"")["file"] for one in stub.asked] == [2, 3]
        assert stub.keys[0] == cut_off != stub.keys[1]
    assert [one.before for one in found] == [True, True, False, False]
    assert not journal.exists()


def test_a_list_whose_client_was_killed_goes_on_with_the_key_that_was_on_its_way(tmp_path, monkeypatch):
    paths = files(tmp_path, 3)
    monkeypatch.chdir(tmp_path)
    clients: list[subprocess.Popen[bytes]] = []

    def answer(asked, before):
        if before == 1:
            clients[0].kill()
            clients[0].wait()
            return Said(cut=True)
        return accepted(asked, before)

    with gateway(answer) as stub:
        command = [sys.executable, "-m", "csdl_client", "--url", stub.url, "push", *map(str, paths)]
        environment = {"PYTHONPATH": str(ROOT / "client"), "PATH": os.environ["PATH"], "CSDL_KEY": KEY}
        with (tmp_path / "said").open("wb") as out:
            clients.append(subprocess.Popen(command, env=environment, stdout=out, stderr=out))
            wait_until(lambda: len(stub.asked) == 2)
        assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
    whole = [one for n, one in enumerate(stub.asked) if n != 1]
    assert [json.loads(one.body or b"")["file"] for one in whole] == [0, 1, 2]
    assert stub.keys[1] == stub.keys[2] and len(set(stub.keys)) == 3


def test_a_certificate_that_is_not_the_gateways_is_told_at_once(monkeypatch):
    def other(*_: object) -> None:
        fault = ssl.SSLCertVerificationError()
        fault.verify_message = "Hostname mismatch"
        raise fault

    monkeypatch.setattr("csdl_client.sending.Door._once", other)
    with pytest.raises(NotSent, match="Hostname mismatch"):
        Client("https://day.example", KEY).push(b"{}")


def test_another_list_begins_anew_and_so_does_the_same_after_it_was_sent(tmp_path):
    paths, journal = files(tmp_path), tmp_path / "journal"
    with gateway(lambda asked, before: Said(cut=True)) as stub:
        push_all(Client(stub.url, KEY, again=AT_ONCE), paths, journal)
        cut_off = stub.keys[0]
    with gateway(accepted) as stub:
        client = Client(stub.url, KEY, again=AT_ONCE)
        push_all(client, paths[:2], journal)
        push_all(client, paths[:2], journal)
        paths[0].write_text("{}")
        push_all(client, paths[:2], journal)
    assert len(set(stub.keys)) == 6 and cut_off not in stub.keys


def test_a_refused_file_is_passed_over_and_named(tmp_path, capsys, monkeypatch):
    paths = files(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CSDL_KEY", KEY)

    def answer(asked, before):
        return Said(422, REFUSAL) if before == 1 else accepted(asked, before)

    with gateway(answer) as stub:
        assert main(["--url", stub.url, "push", *map(str, paths)]) == 1
    out, err = capsys.readouterr()
    assert out.split() == ["p0", "p2", "p3"]
    assert "FILE-024 a.json 3: sai" in err and f"not sent: {paths[1]}" in err
    assert not (tmp_path / ".csdl-push.json").exists()


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_worth_nothing_stops_the_list_and_another_goes_on_with_it(tmp_path, status):
    paths, journal = files(tmp_path, 2), tmp_path / "journal"
    with gateway(lambda asked, before: Said(status, {"retryable": False})) as stub:
        first, second = push_all(Client(stub.url, KEY, again=AT_ONCE), paths, journal)
        assert isinstance(first.fault, Refused) and second.fault is None and len(stub.asked) == 1
        kept = stub.keys[0]
    with gateway(accepted) as stub:
        assert all(one.said for one in push_all(Client(stub.url, "another"), paths, journal))
        assert stub.keys[0] == kept


def test_errors_are_read_to_their_last_page():
    def answer(asked, before):
        after = int(asked.path.partition("after=")[2].partition("&")[0])
        return Said(200, {"errors": [{"row": after}], "next_after": after + 1, "has_more": after < 2})

    with gateway(answer) as stub:
        assert [one["row"] for one in Client(stub.url, KEY).errors("p1")] == [0, 1, 2]


def test_the_command_that_could_not_send_ends_with_3_and_names_what_is_left(tmp_path, capsys, monkeypatch):
    paths = files(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CSDL_KEY", KEY)
    with gateway(lambda asked, before: Said(cut=True) if before else accepted(asked, before)) as stub:
        assert main(["--url", stub.url, "--tries", "1", "push", *map(str, paths)]) == 3
    out, err = capsys.readouterr()
    assert out.split() == ["p0"]
    assert "not sent: " + ", ".join(map(str, paths[1:])) in err


def test_several_files_are_one_push_as_a_form(tmp_path):
    paths = files(tmp_path, 2)
    (odd := tmp_path / "Học sinh; 6A.xlsx").write_bytes(b"PK\r\n--x")
    with gateway(accepted) as stub:
        Client(stub.url, KEY).push([*paths, odd])
        [asked] = stub.asked
    form = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + asked.headers["content-type"].encode() + b"\r\n\r\n" + (asked.body or b"")
    )
    parts = {part.get_filename(): part.get_payload(decode=True) for part in form.iter_parts()}
    assert parts == {path.name: path.read_bytes() for path in (*paths, odd)}


def test_a_push_by_kafka_that_nobody_has_seen_yet_is_waited_for(monkeypatch):
    monkeypatch.setattr("csdl_client.client.LOOK_S", 0.0)
    unseen = Said(404, {"code": "GATE-070", "retryable": False})
    said = [unseen, Said(200, {"outcome": "open"}), Said(200, {"outcome": "version"})]
    with gateway(lambda asked, before: said[before]) as stub:
        assert Client(stub.url, KEY).wait_until_loaded("p1")["outcome"] == "version"
    monkeypatch.setattr("csdl_client.client.UNSEEN_S", -1.0)
    with gateway(lambda asked, before: unseen) as stub, pytest.raises(Refused, match="GATE-070"):
        Client(stub.url, KEY).wait_until_loaded("p1")


def test_events_go_on_where_they_stopped_and_a_page_that_was_not_taken_comes_again(tmp_path):
    def answer(asked, before):
        after = int(asked.path.partition("after=")[2] or 0)
        last = min(after + 2, 5)
        events = [{"event_id": n} for n in range(after + 1, last + 1)]
        return Said(200, {"events": events, "next": str(last), "has_more": last < 5})

    cursor = tmp_path / "cursor"
    with gateway(answer) as stub:
        client = Client(stub.url, KEY)
        for event in client.events(cursor, limit=2):
            if event["event_id"] == 4:
                break  # killed in the middle of the second page
        assert [event["event_id"] for event in client.events(cursor)] == [3, 4, 5]
        assert list(client.events(cursor)) == []


def test_the_command_alone_needs_nothing_that_is_not_in_its_folder():
    asked = [sys.executable, "-S", "-m", "csdl_client", "status", "x"]
    environment = {"PYTHONPATH": str(ROOT / "client"), "PATH": os.environ["PATH"]}
    run = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr.strip()) == (2, "CSDL_URL, CSDL_KEY_FILE?")


def test_its_text_is_that_of_the_oldest_python_it_names():
    for path in (ROOT / "client" / "csdl_client").glob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
