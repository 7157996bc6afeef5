"""An act on a document asks for its unit's signature, by a name of the province's data, judged at the act."""

from datetime import date
from threading import Semaphore
from types import SimpleNamespace
from typing import Any

import pytest

from access.documents import kept
from access.service import signatures
from runtime.settings import Settings
from schemas.errors import ProblemList
from schemas.organisation import province
from streams.grants.state import Document
from tests.unit.documents import authorities as made

GOVERNMENT, PUBLIC = made.Issuer("Gốc Chính phủ"), made.Issuer("Gốc công cộng")
UNIT, OFFICE = "167", "PHÒNG GDĐT HUYỆN ĐỊNH HÓA"
SIGNED = made.signed(made.document(), made.signer(GOVERNMENT, organisation=OFFICE))
PUBLICLY = made.signed(made.document(), made.signer(PUBLIC, organisation=OFFICE))
DAY = date(2020, 3, 4)


@pytest.fixture
def settings(tmp_path) -> Settings:
    made.trusted(tmp_path / "trust", GOVERNMENT)
    made.trusted(tmp_path / "trust", PUBLIC, "public")
    return Settings.of({"CSDL_DATA_DIR": str(tmp_path)})


def request(settings: Settings) -> Any:
    known = province.organisation(province.load())
    turns = {"documents": Semaphore(3), "judging": Semaphore(1)}
    return SimpleNamespace(parts=SimpleNamespace(settings=settings, units_of=lambda _: known, **turns))


def document(settings: Settings, pdf: bytes, kind: str = "form_2", day: date = DAY) -> Document:
    return Document(kind, "7/DS", day, kept.keep(settings.documents_dir, pdf))


def refused(settings: Settings, *papers: tuple[str, Document]) -> list[tuple[str, str]]:
    with pytest.raises(ProblemList) as found:
        signatures.checked(request(settings), papers)
    return [(p.code, p.place.file) for p in found.value.problems]


def test_an_office_signs_by_a_name_of_the_provinces_data(settings):
    good = document(settings, SIGNED)
    assert signatures.checked(request(settings), [(UNIT, good), (UNIT, good)]) == "verified"
    assert refused(settings, ("168", good)) == [("SIG-032", "7/DS")]
    # Its district has gone, and the name with it.
    assert refused(settings, (UNIT, document(settings, SIGNED, day=date(2025, 7, 1)))) == [
        ("SIG-032", "7/DS")
    ]


def test_an_office_signs_by_the_governments_authority_a_school_by_either(settings):
    assert refused(settings, (UNIT, document(settings, PUBLICLY))) == [("SIG-022", "7/DS")]
    assert (
        signatures.checked(request(settings), [(UNIT, document(settings, PUBLICLY, "form_1"))]) == "verified"
    )


def test_all_that_speaks_against_any_document_is_told_at_once(settings):
    away = Document("form_2", "8/DS", DAY, "0" * 64)
    assert refused(settings, (UNIT, away), ("168", document(settings, SIGNED))) == [
        ("FORM-063", "8/DS"), ("SIG-032", "7/DS"),
    ]  # fmt: skip


def test_without_roots_nothing_passes_unless_the_province_says_that_people_look(settings, tmp_path):
    none = settings.model_copy(update={"trust_dir": tmp_path / "none"})
    good = document(settings, SIGNED)
    assert refused(none, (UNIT, good)) == [("SIG-041", "7/DS")]
    by_hand = Settings.of({"CSDL_DATA_DIR": str(tmp_path / "none"), "CSDL_SIGNATURES": "by_hand"})
    assert signatures.checked(request(by_hand), [(UNIT, good)]) == "by_hand"
    signatures.handed_in(request(by_hand), good)
    with pytest.raises(ProblemList):
        signatures.handed_in(request(none), Document("form_1", "1", DAY, "0" * 64))


def test_who_must_wait_too_long_is_told_to_come_again(settings):
    busy = request(settings)
    busy.parts.documents = Semaphore(0)
    with pytest.raises(ProblemList) as found:
        signatures.checked(busy, [(UNIT, document(settings, SIGNED))])
    assert [p.code for p in found.value.problems] == ["SIG-009"]
