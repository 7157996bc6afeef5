"""Class codes: issued where they are missing, the same from every side."""

import pytest

from producers.model import Target
from schemas import issued_codes
from tests.unit.producers.made import CLASS, PUPIL, SCHOOL, YEAR, packet, read, table

ISSUED = issued_codes.code("LH", [SCHOOL, YEAR, "6A1"])


@pytest.mark.parametrize("name", ["6A1", "6 a1", "6a1 ", "Lớp 6A1", "6\u00a0A1"])
def test_spellings_of_a_class_name_are_one_class(name: str) -> None:
    assert issued_codes.code("LH", [SCHOOL, YEAR, name]) == ISSUED


@pytest.mark.parametrize(
    "values", [(SCHOOL, YEAR, "6A2"), (SCHOOL, 2020, "6A1"), ("19164998", YEAR, "6A1"), (SCHOOL, YEAR, "6.1")]
)
def test_another_class_school_or_year_gets_another_code(values: tuple[object, ...]) -> None:
    assert issued_codes.code("LH", values) != ISSUED


def test_a_separator_between_digits_stays() -> None:
    assert issued_codes.fold("1/1") == issued_codes.fold("1_1") == issued_codes.fold("1.1") == "1.1"
    assert issued_codes.fold("1.1_CS2") == "1.1CS2"
    assert issued_codes.fold("11") == "11"


def test_no_code_is_issued_for_a_class_without_a_name() -> None:
    assert issued_codes.code("LH", [SCHOOL, YEAR, None]) is None
    assert issued_codes.code("LH", [SCHOOL, YEAR, "  "]) is None


@pytest.mark.parametrize("reference", ["L-1", "6A1", "6a1", ISSUED])
def test_a_pupil_may_name_its_class_by_client_id_name_or_code(reference: str) -> None:
    pupil = {**PUPIL, "MaLopHocDn": reference, "MaLopHocCn": reference}
    reading = read(packet(LstLopHocInfo=[CLASS], LstHocSinh=[pupil]))
    assert table(reading, "LopHoc").records["MaLopHoc"].to_list() == [ISSUED]
    assert table(reading).records.select("MaLopHocDn", "MaLopHocCn").rows() == [(ISSUED, ISSUED)]


def test_a_given_class_code_is_kept() -> None:
    reading = read(packet(LstLopHocInfo=[{**CLASS, "MaLopHoc": "LH0000001"}], LstHocSinh=[PUPIL]))
    assert table(reading).records["MaLopHocDn"].to_list() == ["LH0000001"]


def test_a_reference_that_the_push_cannot_explain_is_left_to_the_check() -> None:
    assert table(read(packet(LstHocSinh=[{**PUPIL, "MaLopHocDn": "LH9"}]))).records[
        "MaLopHocDn"
    ].to_list() == ["LH9"]


def test_a_name_that_two_classes_bear_refuses_who_uses_it() -> None:
    classes = [{**CLASS, "MaLopHoc": "A"}, {**CLASS, "ClientId": "L-2", "MaLopHoc": "B"}]
    by_name = {**PUPIL, "MaLopHocDn": "6A1", "MaLopHocCn": "L-2"}
    found = table(read(packet(LstLopHocInfo=classes, LstHocSinh=[by_name, {**PUPIL, "ClientId": "HS-2"}])))
    assert list(found.refused.iter_rows()) == [("HS-1", 1, "CELL-107", ["MaLopHocDn"])]
    assert found.records.select("MaLopHocDn", "MaLopHocCn").rows() == [("A", "A")]


def test_the_code_of_a_class_does_not_depend_on_the_vendor() -> None:
    other = read(packet(LstLopHocInfo=[{**CLASS, "ClientId": "khác"}]), Target("vnedu", SCHOOL, YEAR, "1"))
    assert table(other, "LopHoc").records["MaLopHoc"].to_list() == [ISSUED]
