"""Readers of a chain verify it before they act: what does not belong to it is put aside, marked and said."""

import json

import pytest
from click.testing import CliRunner

from cli.main import main
from readings import chains
from runtime.process import Fenced
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_EVENTS, MINISTRY_EXPORT
from sinks.chains import faults
from sinks.chains.chains import CONFIRMATION, GRANTS
from sinks.chains.reader import ChainReader
from sinks.ministry.export import store as exports
from sinks.ministry.export.forwarding import Forwarding
from sinks.ministry.export.process import Exporter
from sinks.projection import store as read_model
from sinks.projection.project import project
from streams.confirmation.events import Event, Fact
from streams.machines import chain, wire
from tests.chained import chain_of, chained, message, raw, sealed
from tests.integration.ministry_road import event, export_all, forward, states, store
from tests.support import wait_until

ROAD = chain_of("opened", "version_checked", "submitted", "claimed", "confirmed", "approved")
LAST = ROAD[-1]
FORWARDED = chained(LAST, Event="forwarded")

NO_HASH = FORWARDED | {"Hash": "not a hash"}
ANOTHER_CHAIN = sealed(FORWARDED | {"PreviousHash": "not a hash"})
TOO_FAR = sealed(FORWARDED | {"Sequence": 2**31 - 1})
IN_PLACE_OF_THE_LAST = sealed(LAST | {"Event": "forwarded"})
CHANGED = FORWARDED | {"Digest": "another"}


def take(conn, *messages):
    """As projection and exporter take a batch; what each found."""
    found = []
    for name in ("projection", "export"):
        reader = ChainReader(name, CONFIRMATION, GRANTS)
        with conn, conn.cursor() as cur:
            one = reader.verified(cur, messages)
            if name == "projection":
                project(cur, one.events)
                read_model.mark_broken(cur, {a.subject for a in one.aside} - {""})
            else:
                told = [Forwarding.of(e) for e in one.events if isinstance(e, Event)]
                exports.open_all(cur, [f for f in told if f is not None])
        found.append(one)
    return found


def take_events(conn, *events):
    return take(conn, *[message("ConfirmationEvent", e) for e in events])


def ask(conn, query):
    with conn, conn.cursor() as cur:
        cur.execute(query)
        return cur.fetchall()


def shown(conn):
    """dataset → (sequence, broken) of the read model; sequences of its events; sequences of exports."""
    return (
        {
            dataset: (sequence, broken)
            for dataset, sequence, broken in ask(
                conn, "SELECT dataset_id, sequence, chain_broken FROM confirmation"
            )
        },
        [n for (n,) in ask(conn, "SELECT sequence FROM confirmation_event ORDER BY dataset_id, sequence")],
        [n for (n,) in ask(conn, "SELECT sequence FROM ministry_export ORDER BY dataset_id, sequence")],
    )


@pytest.mark.parametrize(
    ("forged", "fault"),
    [
        (NO_HASH, "hash"),
        (CHANGED, "hash"),
        (ANOTHER_CHAIN, "link"),
        (TOO_FAR, "gap"),
        (IN_PLACE_OF_THE_LAST, "fork"),
    ],
    ids=["no hash", "changed", "another chain", "too far", "in place of the last"],
)
def test_a_made_up_event_is_neither_exported_nor_shown_and_the_genuine_next_one_is(conn, forged, fault):
    dataset = FORWARDED["DatasetId"]
    take_events(conn, *ROAD)
    for found in take_events(conn, forged):
        assert (found.events, [a.fault for a in found.aside]) == ([], [fault])
    assert shown(conn) == ({dataset: (6, True)}, [1, 2, 3, 4, 5, 6], [])
    take_events(conn, FORWARDED)
    assert shown(conn) == ({dataset: (7, True)}, [1, 2, 3, 4, 5, 6, 7], [7])
    aside = ask(conn, "SELECT reader, topic, subject, sequence, fault FROM chain_fault ORDER BY reader")
    assert aside == [
        (reader, CONFIRMATION_EVENTS, dataset, forged["Sequence"], fault)
        for reader in ("export", "projection")
    ]


def test_a_missing_event_stops_its_dataset_and_no_other_until_it_comes(conn):
    other = chain_of("opened", "forwarded", DatasetId="19164998.2019.start", MaTruongHoc="19164998")
    take_events(conn, *ROAD[:3], *ROAD[4:], FORWARDED, *other)
    states, _, exported = shown(conn)
    assert states == {"19164999.2019.start": (3, True), "19164998.2019.start": (2, False)}
    assert exported == [2]
    take_events(conn, *ROAD[3:], FORWARDED)
    states, _, exported = shown(conn)
    assert states["19164999.2019.start"] == (7, True)
    assert exported == [2, 7]


def test_an_event_that_comes_again_is_no_fault(conn):
    take_events(conn, *ROAD, FORWARDED)
    for found in take_events(conn, *ROAD, FORWARDED, ROAD[2]):
        assert (found.events, found.aside) == ([], [])


@pytest.mark.parametrize(
    "odd",
    [
        raw(CONFIRMATION_EVENTS, b"no event at all"),
        raw(CONFIRMATION_EVENTS, None),
        raw(CONFIRMATION_EVENTS, codec.encode("ExportClosed", {
            "ExportId": "x", "DatasetId": "19164999.2019.start", "MaTruongHoc": "19164999", "NamHoc": 2019,
            "Period": "start", "Version": 1, "Digest": "", "Records": {}, "Chunks": 0,
        })),
        message("ConfirmationEvent", chained(DatasetId="Nguyễn Thị Ánh, 001199000001", Event="forwarded")),
    ],
    ids=["no Avro", "empty", "another contract", "a subject that is none"],
)  # fmt: skip
def test_what_is_no_event_of_ours_stops_nobody_and_leaves_none_of_its_words(conn, odd):
    take_events(conn, *ROAD)
    for found in take(conn, odd):
        assert (found.events, [(a.subject, a.sequence, a.fault) for a in found.aside]) == (
            [],
            [("", 0, "unreadable")],
        )
    take_events(conn, FORWARDED)
    assert shown(conn)[2] == [7]


def test_an_event_with_a_name_that_the_reader_does_not_know_stops_its_dataset_only(conn):
    newer = chained(LAST, Event="dreamt of")
    take_events(conn, *ROAD, newer, chained(newer, Event="forwarded"))
    assert shown(conn) == ({"19164999.2019.start": (6, True)}, [1, 2, 3, 4, 5, 6], [])
    assert ask(conn, "SELECT fault, sequence FROM chain_fault WHERE reader = 'export' ORDER BY 2") == [
        ("unreadable", 7),
        ("gap", 8),
    ]


def test_an_event_of_the_landed_contract_hashes_as_it_did(conn):
    """Its bytes hold the fields of its version alone, and these were hashed."""
    landed = {name: value for name, value in LAST.items() if name not in ADDED_SINCE}
    landed |= {"Sequence": 1, "PreviousHash": ""}
    landed["Hash"] = chain.digest(landed)
    value = landed_bytes(landed)
    assert codec.decode(value)[1] == landed
    for found in take(conn, raw(CONFIRMATION_EVENTS, value)):
        assert (len(found.events), found.aside) == (1, [])


ADDED_SINCE = ("CommandTopic", "CommandOffset", "ExportId", "Window")


def landed_bytes(record):
    import io

    import fastavro

    from schemas.contracts import versions

    first = versions.contracts()["ConfirmationEvent"][0]
    out = io.BytesIO()
    fastavro.schemaless_writer(out, first.parsed, record)
    return codec.frame(first, out.getvalue())


def test_a_forwarding_whose_hash_is_not_a_hash_is_not_exported_and_the_genuine_one_is(settings, conn, sent):
    store(conn, "19164998", "HocSinh", 2)
    store(conn, "19164999", "HocSinh", 2)
    genuine = event(conn, "19164998")
    forged = event(conn, "19164999") | {"Hash": "not a hash"}
    forward(settings, forged)
    forward(settings, genuine)
    export_all(settings, conn)
    assert states(conn) == {"19164998.2019.start": "sent"}
    assert {m.key for m in sent(MINISTRY_EXPORT)} == {b"19164998"}
    forward(settings, event(conn, "19164999"))
    export_all(settings, conn, count=2)
    assert set(states(conn).values()) == {"sent"}
    assert ask(conn, "SELECT reader, subject, fault FROM chain_fault") == [
        ("export", "19164999.2019.start", "hash")
    ]


def test_after_the_upgrade_chains_are_read_from_their_start_and_nothing_is_exported_twice(
    settings, conn, sent
):
    """Revision 0005 puts the exporter's place back to the first event: it has verified none so far."""
    store(conn, "19164999", "HocSinh", 2)
    first = event(conn, "19164999")
    forward(settings, first)
    export_all(settings, conn)
    with conn, conn.cursor() as cur:
        cur.execute("UPDATE consumer_offset SET next_offset = 0 WHERE consumer = 'export'")
        cur.execute("DELETE FROM chain_position WHERE reader = 'export'")
        cur.execute("UPDATE ministry_export SET sequence = -1")
    forward(settings, event(conn, "19164999", after=first))
    sent_twice = "SELECT 1 FROM ministry_export HAVING count(*) FILTER (WHERE state = 'sent') = 2"
    with Exporter(settings) as exporter:
        wait_until(lambda: ask(conn, sent_twice), exporter.step)
    assert ask(conn, "SELECT sequence, state FROM ministry_export ORDER BY 1") == [(1, "sent"), (2, "sent")]
    assert [codec.contract_name(m.value) for m in sent(MINISTRY_EXPORT)].count("ExportOpened") == 2


def test_what_is_put_aside_is_listed_acknowledged_and_taken_anew(settings, conn, monkeypatch):
    """As after an upgrade: a reader met an event that it did not know yet."""
    monkeypatch.setenv("CSDL_DATABASE_URL", settings.database_url.get_secret_value())
    store(conn, "19164999", "HocSinh", 1)
    opened = chained(Event="opened")
    forward(settings, opened, event(conn, "19164999", after=opened))
    with monkeypatch.context() as earlier, Exporter(settings) as exporter:
        earlier.setattr("sinks.chains.reader.wire.from_record", not_understood(Fact.OPENED))
        wait_until(lambda: len(chains.faults(conn)) == 2, exporter.step)
    listed = json.loads(CliRunner().invoke(main, ["chains", "list", "--json"]).output)
    assert [(f["reader"], f["subject"], f["sequence"], f["fault"], f["stands_at"]) for f in listed] == [
        ("export", "19164999.2019.start", 1, "unreadable", 0),
        ("export", "19164999.2019.start", 2, "gap", 0),
    ]
    assert CliRunner().invoke(main, ["chains", "acknowledge", "19164999.2019.start"]).exit_code == 0
    assert chains.faults(conn) == [] and len(chains.faults(conn, everything=True)) == 2
    again = CliRunner().invoke(main, ["chains", "acknowledge", "--all"])
    assert again.exit_code == 1 and "CHN-001" in again.stderr
    assert "no event is put aside" in CliRunner().invoke(main, ["chains", "list"]).output
    assert CliRunner().invoke(main, ["chains", "reread", "export"]).exit_code == 0
    export_all(settings, conn)
    assert states(conn) == {"19164999.2019.start": "sent"}
    assert chains.faults(conn, everything=True) == []


def not_understood(name):
    """wire.from_record of a reader that does not know events of this name yet."""
    known = wire.from_record

    def read(kind, record):
        if record["Event"] == name:
            raise ValueError
        return known(kind, record)

    return read


def test_a_reader_that_runs_ends_when_it_is_told_to_read_again(settings, conn):
    store(conn, "19164999", "HocSinh", 1)
    forward(settings, event(conn, "19164999") | {"Hash": "not a hash"})
    with Exporter(settings) as exporter:
        wait_until(lambda: chains.faults(conn), exporter.step)
        assert faults.reread(conn, "export") == 1
        forward(settings, event(conn, "19164999"))
        with pytest.raises(Fenced):
            wait_until(lambda: states(conn), exporter.step)
    assert states(conn) == {}
    export_all(settings, conn)
    assert [f.fault for f in chains.faults(conn)] == ["hash"]
    assert states(conn) == {"19164999.2019.start": "sent"}
