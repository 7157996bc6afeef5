"""The books say what the product goes by: every rule, code list, layout and code of an error, each once."""

import json

import pytest

from producers.gateway import book_pages
from producers.layouts import library
from schemas.codes import codelists
from schemas.contracts.contracts import record, record_types
from schemas.errors import catalogue
from schemas.rules.catalogue import all_rules


def test_every_rule_is_told_with_all_its_fields_and_both_texts_of_each():
    shown = {rule.id: rule for rule in book_pages.rule_page().rules}
    assert len(shown) == len(book_pages.rule_page().rules)
    for rule in all_rules():
        told = shown[rule.id]
        assert set(rule.places) <= set(told.fields)
        assert (rule.severity, rule.object) == (told.severity, told.object)
        assert (rule.places, rule.message_vi, rule.message_en) in [
            (case.fields, case.message_vi, case.message_en) for case in told.cases
        ]
    assert set(shown) == {rule.id for rule in all_rules()}


def test_what_follows_a_violation_is_what_the_stream_and_the_check_do():
    effects = {(rule.judged, rule.severity): rule.effect for rule in book_pages.rule_page().rules}
    assert effects[("record", "block")] == "record_refused"
    assert effects[("dataset", "block")] == "version_not_submittable"
    assert {effect for (_, severity), effect in effects.items() if severity == "warn"} == {
        "acknowledged_by_school"
    }


@pytest.mark.parametrize("record_type", record_types())
def test_rules_of_a_type_are_those_of_its_records_and_of_the_records_in_them(record_type):
    page = book_pages.rule_page(record_type)
    assert {rule.record_type for rule in page.rules} == {record_type}
    nested = {field.record.name for field in record(record_type).fields if field.record}
    assert nested <= {rule.object for rule in page.rules} | _without_rules()
    assert page.version == book_pages.rule_page().version


def _without_rules():
    """Records in records of which no rule speaks."""
    return {field.record.name for t in record_types() for field in record(t).fields if field.record} - {
        rule.object for rule in all_rules()
    }


def test_filters_part_the_book_and_lose_nothing():
    whole = book_pages.rule_page().rules
    parts = [
        rule
        for record_type in record_types()
        for severity in ("block", "warn")
        for rule in book_pages.rule_page(record_type, severity).rules
    ]
    assert sorted(parts, key=lambda r: r.id) == sorted(whole, key=lambda r: r.id)


def test_every_code_list_is_told_with_its_codes_in_order_zeros_in_front_kept():
    page = book_pages.codelist_page()
    assert [named.name for named in page.codelists] == sorted(codelists())
    for named in page.codelists:
        shown = book_pages.codelist(named.name)
        assert [code.code for code in shown.codes] == list(codelists()[named.name])
        assert named.count == len(shown.codes)
    assert [code.code for code in book_pages.codelist("GIOI_TINH").codes] == ["01", "02"]
    assert "HocSinh.GioiTinh" in book_pages.codelist("GIOI_TINH").used_by


def test_a_code_of_two_lists_is_told_in_both():
    places = {named.name: set(named.used_by) for named in book_pages.codelist_page().codelists}
    for record_type in record_types():
        for field in record(record_type).fields:
            for name in field.codelists:
                assert f"{record_type}.{field.name}" in places[name]


def test_every_layout_is_told_with_every_column_that_is_read():
    known = library()
    page = book_pages.layout_page(known)
    assert [named.name for named in page.layouts] == sorted(known.layouts)
    for named in page.layouts:
        shown, layout = book_pages.layout(known, named.name), known.layout(named.name)
        assert [(c.caption, tuple(c.fields), c.required) for c in shown.columns] == [
            (c.caption, c.targets, c.required) for c in layout.columns
        ]
        assert shown.record_type != ""


def test_a_layout_of_a_province_s_own_folder_is_told_too(tmp_path):
    header = "name,record_type,carries,sent,vendors,codemap,kind,title_vi,title_en,note\n"
    (tmp_path / "formats.csv").write_text(
        header + "made_up,HocSinh,pupils,yes,,ministry,sheet,Mẫu thử,Made up,\n", encoding="utf-8"
    )
    (tmp_path / "made_up.csv").write_text(
        "caption,synonyms,targets,format,codelist,required,rank,note\nMã,,ClientId,id,,yes,,\n",
        encoding="utf-8",
    )
    known = library(tmp_path)
    assert book_pages.layout(known, "made_up").columns[0].fields == ["ClientId"]
    assert book_pages.layout_page(known).version != book_pages.layout_page(library()).version


def test_every_code_of_an_error_is_told():
    page = book_pages.error_page()
    assert [error.code for error in page.errors] == sorted(catalogue())
    told = {error.code: (error.status, error.retryable) for error in page.errors}
    assert (told["GATE-017"], told["GATE-031"], told["GATE-032"]) == ((503, True), (409, True), (422, False))


@pytest.mark.parametrize("look", [book_pages.rule, book_pages.codelist])
def test_what_is_not_in_a_book_is_not_found(look):
    with pytest.raises(KeyError):
        look("NONE")


def test_the_same_data_give_the_same_bytes():
    first, second = (book_pages.rule_page().model_dump_json() for _ in range(2))
    assert first == second and json.loads(first)["version"]


def test_the_version_of_the_rules_changes_with_any_text(monkeypatch):
    before = book_pages.rule_page().version
    rules = all_rules()
    mended = [*rules[:-1], type(rules[-1])(**{**vars(rules[-1]), "message_en": "said better"})]
    monkeypatch.setattr(book_pages, "all_rules", lambda: mended)
    assert book_pages.rule_page().version != before
