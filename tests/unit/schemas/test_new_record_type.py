"""One folder more is a record type more: chunks, rules, topics, documents, table."""

from datetime import date

import polars as pl
import pytest

from schemas.contracts import versions
from schemas.contracts.contracts import record, record_types
from schemas.documents import asyncapi, contracts_book, rule_book
from schemas.encoding import columnar
from schemas.rules.catalogue import all_rules, in_context, rules, violations, violations_of_version
from schemas.topics import in_topic, topics
from sinks.provincial.records import tables
from tests import new_record
from tests.records import CHUNK_HEADER, version

PIECE = {
    "ClientId": "TB-1",
    "MaThietBi": "000001",
    "TenThietBi": "Máy chiếu",
    "MaLopHoc": "LH0000001",
    "MonHoc": "01",
    "SoLuong": 2,
    "NgayMua": date(2018, 8, 1),
    "ConDung": True,
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    new_record.add(tmp_path / "schemas", monkeypatch)


def pieces(**changes):
    return pl.DataFrame([PIECE | changes], schema=columnar.frame_schema(new_record.NAME))


def test_it_is_listed_after_what_it_refers_to():
    assert record_types().index("ThietBi") > record_types().index("LopHoc")
    assert record("ThietBi").packet == "LstThietBi"


def test_its_chunks_are_frozen_under_ids_of_their_own_and_the_others_keep_theirs():
    assert versions.newest("ThietBiReported").version == 1
    assert versions.newest("ThietBiReported").id > versions.newest("RecordsRefused").id
    assert versions.newest("TruongHocReported").id == 190_001


def test_its_records_travel():
    value = columnar.encode_chunk("ThietBi", CHUNK_HEADER, pieces())
    chunk = columnar.decode_chunk(value)
    assert chunk.record_type == "ThietBi"
    assert chunk.records.equals(pieces())


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, None),
        ({"MaThietBi": None}, "TB-090"),
        ({"MonHoc": "?"}, "TB-190"),
        ({"MaThietBi": "1"}, "TB-195"),
        ({"TenThietBi": "x" * 21}, "TB-196"),
        ({"NgayMua": date(2031, 1, 1)}, "TB-172"),
        ({"SoLuong": 0}, "TB-301"),
    ],
)
def test_its_rules_are_derived_and_its_own(changes, rule):
    frame = in_context(pieces(**changes), [CHUNK_HEADER], [1])
    assert violations(frame, rules("ThietBi")).get_column("rule").to_list() == ([rule] if rule else [])


def test_its_references_are_checked_over_the_version():
    frames = version()
    dataset = frames["LopHoc"].get_column("dataset_id")[0]
    frames["ThietBi"] = pieces(MaLopHoc="LH0000009").with_columns(dataset_id=pl.lit(dataset))
    assert violations_of_version(frames).get_column("rule").to_list() == ["TB-590"]


def test_topics_and_documents_know_it():
    listed = {t.name: t for t in topics(["smas"])}
    assert "ThietBiReported" in listed[in_topic("smas")].contracts
    assert "ThietBiReported" in asyncapi.render()
    assert "TB-301" in rule_book.render() and "Máy" not in rule_book.render()
    assert "### ThietBi — thiết bị" in contracts_book.render()
    assert {r.id for r in all_rules() if r.object == "ThietBi"} >= {"TB-090", "TB-301"}


def test_it_has_a_table_with_its_labels():
    sql = "\n".join(tables.statements("ThietBi"))
    assert "ma_thiet_bi" in sql and "Mã thiết bị" in sql
