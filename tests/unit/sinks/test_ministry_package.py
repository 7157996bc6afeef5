"""An export is a pure function of the forwarding and the version's rows."""

import polars as pl
import pytest

from schemas.contracts.chunks import MAX_RECORDS
from schemas.encoding import codec, columnar
from schemas.topics import MAX_MESSAGE
from sinks.ministry.export.forwarding import Forwarding, export_id
from sinks.ministry.export.package import digest, package
from streams.confirmation.events import Event
from streams.machines import wire
from tests.chained import chained

FORWARDED = {"Event": "forwarded", "Version": 2, "Sequence": 9, "Digest": "d" * 64}


def forwarding(**changed):
    made = Forwarding.of(wire.from_record(Event, chained(**FORWARDED | changed)))
    assert made is not None
    return made


def frame(record_type, count):
    schema = columnar.frame_schema(record_type)
    columns = {name: pl.Series([None] * count, dtype=dtype) for name, dtype in schema.items()}
    clients = [f"CL-{n:04}" for n in range(count)]
    identities = pl.Series("_identity", [f"id-{n:04}" for n in range(count)])
    return pl.DataFrame(columns).with_columns(identities, ClientId=pl.Series(clients))


@pytest.fixture
def rows():
    return {"HocSinh": frame("HocSinh", MAX_RECORDS + 1), "LopHoc": frame("LopHoc", 3)}


@pytest.mark.parametrize("event", ["approved", "receipts_recorded", "returned"])
def test_only_a_forwarding_is_exported(event):
    assert Forwarding.of(wire.from_record(Event, chained(Event=event))) is None


def test_the_export_is_opened_and_closed_with_the_same_totals(rows):
    made = package(forwarding(), rows)
    names = [codec.contract_name(m) for m in made.messages]
    assert names == ["ExportOpened", "LopHocExported", "HocSinhExported", "HocSinhExported", "ExportClosed"]
    opened, closed = codec.decode(made.messages[0])[1], codec.decode(made.messages[-1])[1]
    assert opened == closed
    assert opened["Records"] == {"LopHoc": 3, "HocSinh": MAX_RECORDS + 1}
    assert opened["Chunks"] == 3
    assert opened["Digest"] == FORWARDED["Digest"]


def test_no_chunk_is_larger_than_the_limit_and_all_are_numbered(rows):
    chunks = columnar.decode_chunks(package(forwarding(), rows).messages[1:-1])
    assert [c.header["Chunk"] for c in chunks] == [0, 1, 2]
    assert [c.records.height for c in chunks] == [3, MAX_RECORDS, 1]
    assert all(len(c.header["Ids"]) == c.records.height for c in chunks)


def test_portraits_end_a_chunk_before_it_is_too_large_for_a_topic():
    """Kind 2: a school with portraits made one message above 8 MiB, for which the export failed for ever."""
    portraits = frame("HocSinh", 120).with_columns(AnhChanDung=pl.lit("p" * 100_000))
    made = package(forwarding(), {"HocSinh": portraits})
    assert max(map(len, made.messages)) < MAX_MESSAGE
    chunks = columnar.decode_chunks(made.messages[1:-1])
    assert [c.header["Chunk"] for c in chunks] == list(range(len(chunks))) and made.chunks == len(chunks)
    assert sum(c.records.height for c in chunks) == 120
    assert [i for c in chunks for i in c.header["Ids"]] == made.ids["record_id"].to_list()


def test_every_record_has_an_id_of_its_own_and_the_list_of_ids_says_whose(rows):
    made = package(forwarding(), rows)
    sent = [i for c in columnar.decode_chunks(made.messages[1:-1]) for i in c.header["Ids"]]
    assert sent == made.ids["record_id"].to_list()
    assert len(set(sent)) == MAX_RECORDS + 4
    assert made.ids.filter(pl.col("record_type") == "LopHoc")["identity"].to_list() == [
        "id-0000",
        "id-0001",
        "id-0002",
    ]


def test_the_same_rows_in_another_order_give_the_same_bytes(rows):
    shuffled = {name: of_type.sample(fraction=1.0, shuffle=True, seed=3) for name, of_type in rows.items()}
    backwards = dict(reversed(shuffled.items()))
    assert package(forwarding(), rows).messages == package(forwarding(), backwards).messages


def test_a_version_that_is_forwarded_again_is_a_new_export_with_new_ids(rows):
    first, again = package(forwarding(), rows), package(forwarding(Sequence=15), rows)
    assert set(first.ids["record_id"]).isdisjoint(again.ids["record_id"])
    assert (
        export_id("19164999.2019.start", 2, 9) == forwarding().export_id != forwarding(Sequence=15).export_id
    )


def test_an_empty_version_is_opened_and_closed():
    made = package(forwarding(), {"HocSinh": frame("HocSinh", 0)})
    assert [codec.contract_name(m) for m in made.messages] == ["ExportOpened", "ExportClosed"]
    assert made.ids.is_empty()


def test_one_changed_field_changes_the_digest(rows):
    changed = rows | {"LopHoc": rows["LopHoc"].with_columns(TenLopHoc=pl.lit("9A"))}
    reversed_rows = {name: of_type.reverse() for name, of_type in rows.items()}
    assert digest("d", 1, rows) != digest("d", 1, changed)
    assert digest("d", 1, rows) == digest("d", 1, reversed_rows)
