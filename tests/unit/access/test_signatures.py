"""An act on a document asks for its unit's signature, by a name of the province's data, judged at the act."""

from dataclasses import replace
from datetime import date
from threading import Lock, Semaphore
from types import SimpleNamespace
from typing import Any

import pytest

from access.documents import kept
from access.service import signatures
from access.service.signatures import Paper
from runtime.settings import Settings
from schemas.errors import ProblemList
from schemas.organisation import province
from schemas.organisation.organisation import Organisation
from streams.grants.state import Document
from streams.machines import wire
from tests.unit.documents import authorities as made
from tests.unit.documents import made as forms

GOVERNMENT, PUBLIC = made.Issuer("Gốc Chính phủ"), made.Issuer("Gốc công cộng")
UNIT, OFFICE = "167", "PHÒNG GDĐT HUYỆN ĐỊNH HÓA"
DAY = date(2020, 3, 4)
SCAN = made.document("")


def signed(pdf: bytes, issuer: made.Issuer = GOVERNMENT, organisation: str = OFFICE) -> bytes:
    return made.signed(pdf, made.signer(issuer, organisation=organisation))


def dated(day: date) -> bytes:
    """Form 2 of that day."""
    return made.document(says=["Số: 7/DS", f"Định Hóa, ngày {day:%d} tháng {day:%m} năm {day:%Y}"])


SIGNED = signed(dated(DAY))


@pytest.fixture
def settings(tmp_path) -> Settings:
    made.trusted(tmp_path / "trust", GOVERNMENT)
    made.trusted(tmp_path / "trust", PUBLIC, "public")
    return Settings.of({"CSDL_DATA_DIR": str(tmp_path)})


def request(settings: Settings, known: Organisation | None = None) -> Any:
    known = known or province.organisation(province.load())
    turns: dict[str, Any] = {"documents": Semaphore(3), "judging": Semaphore(1)}
    turns |= {"papers_turn": Lock(), "papers_under_way": set()}
    units = SimpleNamespace(is_school=lambda code, day: known.school(code, day) is not None)
    parts = SimpleNamespace(settings=settings, units_of=lambda _: known, units=units, **turns)
    return SimpleNamespace(parts=parts, account=SimpleNamespace(unit=UNIT))


def document(settings: Settings, pdf: bytes, kind: str = "form_2", day: date = DAY) -> Document:
    return Document(kind, "7/DS", day, kept.keep(settings.documents_dir, pdf))


def paper(settings: Settings, pdf: bytes, *more: Any, unit: str = UNIT, **other: Any) -> Paper:
    return Paper(unit, document(settings, pdf, *more), (), **other)


def checked(settings: Settings, *papers: Paper) -> str:
    found = signatures.checked(request(settings), papers)
    return signatures.together(found, *(paper.document for paper in papers))


def refused(settings: Settings, *papers: Paper, known: Organisation | None = None) -> list[tuple[str, str]]:
    with pytest.raises(ProblemList) as found:
        signatures.checked(request(settings, known), papers)
    assert all(all(p.messages()) for p in found.value.problems)
    return [(p.code, f"{p.place.file} {p.place.sheet}") for p in found.value.problems]


def test_an_office_signs_by_a_name_of_the_provinces_data(settings):
    good = paper(settings, SIGNED)
    assert checked(settings, good, good) == "verified_text"
    assert refused(settings, replace(good, unit="168")) == [("SIG-032", "7/DS 168")]
    # Its district has gone, and the name with it; what it signed before then is approved after it, too.
    after = date(2025, 7, 1)
    assert refused(settings, paper(settings, signed(dated(after)), "form_2", after)) == [
        ("SIG-032", "7/DS 167")
    ]
    before = date(2025, 6, 30)
    assert checked(settings, paper(settings, signed(dated(before)), "form_2", before)) == "verified_text"


def test_an_office_signs_by_the_governments_authority_a_school_by_either(settings):
    publicly = signed(dated(DAY), PUBLIC)
    assert refused(settings, paper(settings, publicly)) == [("SIG-022", "7/DS 167")]
    assert checked(settings, paper(settings, publicly, "form_1")) == "verified_text"


def test_all_that_speaks_against_any_document_is_told_at_once(settings):
    away = Paper(UNIT, Document("form_2", "8/DS", DAY, "0" * 64), ())
    assert refused(settings, away, paper(settings, SIGNED, unit="168")) == [
        ("FORM-063", "8/DS 167"), ("SIG-032", "7/DS 168"),
    ]  # fmt: skip


def test_without_roots_nothing_passes_unless_the_province_says_that_people_look(settings, tmp_path):
    none = settings.model_copy(update={"trust_dir": tmp_path / "none"})
    good = paper(settings, SIGNED)
    assert refused(none, good) == [("SIG-041", "7/DS 167")]
    by_hand = Settings.of({"CSDL_DATA_DIR": str(tmp_path / "none"), "CSDL_SIGNATURES": "by_hand"})
    assert checked(by_hand, good) == "by_hand"
    signatures.handed_in(request(by_hand), good.document)
    with pytest.raises(ProblemList):
        signatures.handed_in(request(none), Document("form_1", "1", DAY, "0" * 64))


def test_of_a_scan_the_signature_alone_is_verified_and_who_acts_is_told_to_read_it(settings):
    scan, read = paper(settings, signed(SCAN)), paper(settings, SIGNED)
    assert (checked(settings, scan), checked(settings, read, scan)) == ("verified", "verified")
    doubts = signatures.doubts(signatures.checked(request(settings), [scan, read]))
    assert [(p.code, p.params["number"]) for p in doubts] == [("SIG-201", "7/DS")]


def test_a_batch_names_what_its_signed_paper_says_otherwise(settings):
    known = forms.organisation()
    first, second, third = forms.line(1), forms.line(2), forms.line(3)
    says = [
        "Số: 17/DS", "Định Hóa, ngày 4/3/2020", first.school, second.school, "Tổng số: 2 đơn vị",
    ]  # fmt: skip
    pdf = signed(made.document(says=says), organisation="Huyện Định Hóa")
    due = replace(
        paper(settings, pdf), schools=(first.school, third.school), area="Thành phố Thái Nguyên", whole=True
    )
    assert [code for code, _ in refused(settings, due, known=known)] == [
        "FORM-055", "FORM-057", "FORM-059", "FORM-060",
    ]  # fmt: skip


def test_a_school_signs_by_the_name_that_it_had_on_the_day_of_its_form(settings):
    known, school = forms.organisation(), forms.line(3)
    before, after = DAY, date(2020, 4, 2)

    def form_1(day: date) -> Paper:
        says = ["Số: 7/DS", f"Định Hóa, ngày {day.day}/{day.month}/{day.year}", school.name]
        pdf = signed(made.document(says=says), organisation=school.name)
        return replace(paper(settings, pdf, "form_1", day, unit=school.school), schools=(school.school,))

    old = form_1(before)
    found = signatures.checked(request(settings, known), [old])
    assert signatures.together(found, old.document) == "verified_text"
    assert [code for code, _ in refused(settings, form_1(after), known=known)] == ["SIG-032"]


def test_one_act_at_a_time_with_a_document_or_a_number(settings):
    busy = request(settings)
    one = document(settings, SIGNED)
    with signatures.alone(busy, one):
        for other in (wire.replace(one, number="8/DS"), wire.replace(one, sha256="0" * 64)):
            with pytest.raises(ProblemList) as found, signatures.alone(busy, other):
                pass
            assert [p.code for p in found.value.problems] == ["GRT-116"]
        with signatures.alone(busy, Document("form_2", "8/DS", DAY, "0" * 64)):
            pass
    with signatures.alone(busy, one):
        pass


def test_who_must_wait_too_long_is_told_to_come_again(settings):
    busy = request(settings)
    busy.parts.documents = Semaphore(0)
    with pytest.raises(ProblemList) as found:
        signatures.checked(busy, [paper(settings, SIGNED)])
    assert [p.code for p in found.value.problems] == ["SIG-009"]
