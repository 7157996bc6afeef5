"""What load stores is the same with the part in C and without it."""

import pytest

from schemas.encoding.native import build, library
from tests import records
from tests.pushed import pupil, whole

WHY = build.build()
pytestmark = pytest.mark.skipif(bool(WHY), reason=f"no native part: {WHY}")

STAFF = records.VALID["CanBo"]
SENT = {
    "HocSinh": [
        records.VALID["HocSinh"],
        pupil(1, HoTenMe=" Trần  Thị Mẫu", NoiSinh="a\\b"),
        pupil(2, HoTenMe="Nguye\u0302\u0303n Thị Mẫu", DiaChi=""),
        pupil(3, NoiSinh="\x00"),
    ],
    "CanBo": [
        STAFF,
        {**STAFF, "ClientId": "CB-2", "MaCanBo": "1900000002", "SoCmnd": "019185000002", "HeSo": 1 / 3},
    ],
}


@pytest.mark.parametrize("record_type", SENT)
def test_both_ways_store_the_same_rows_with_the_same_hashes(book, record_type, monkeypatch):
    rows = []
    for way, then, push in (("1", "0", "c"), ("0", "1", "python")):
        school = f"1916450{way}"
        monkeypatch.setenv(library.SWITCH, way)
        book.arrive(*whole(record_type, SENT[record_type], push=push, school=school))
        monkeypatch.setenv(library.SWITCH, then)
        book.arrive(*whole(record_type, SENT[record_type], push=f"{push} again", school=school, hour=1))
        assert (book.push(push)[0], book.push(f"{push} again")[0]) == ("version", "unchanged")
        table = {"HocSinh": "hoc_sinh", "CanBo": "can_bo"}[record_type]
        place = "'{school,dataset_id,identity}'::text[]"
        rows.append(
            book.ask(
                f"SELECT to_jsonb(t) - {place} FROM {table} t WHERE school = %s ORDER BY client_id", school
            )
        )
    assert rows[0] == rows[1]
    assert len(rows[0]) == (3 if record_type == "HocSinh" else 2), "a NUL is refused in both ways"
