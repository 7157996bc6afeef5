"""Every rule has both messages and a record that violates it; nulls violate nothing but "required"."""

import re
from typing import Any

import polars as pl
import pytest

from schemas.codes import codes
from schemas.contracts.contracts import Severity, record_types
from schemas.encoding import columnar
from schemas.pointers import ITEM_NUMBER
from schemas.rules import catalogue
from schemas.rules.catalogue import all_rules, in_context, rules, violations, violations_of_version
from schemas.rules.rule import INDEX, Lookup, Rule, warn
from tests.records import VALID, frame, version
from tests.unit.schemas.cases import ONE_RECORD, WHOLE_VERSION, violating

EVERY: tuple[Severity, ...] = ("block", "warn")
TIER_1 = {t: rules(t, tiers=(1,), severities=EVERY) for t in record_types()}
DERIVED = [(t, r) for t in record_types() for r in TIER_1[t] if r.kind != "written"]
REFERENCES = [(t, r) for t in record_types() for r in rules(t, (2,), EVERY) if r.kind == "references"]


def name(value: object) -> str:
    return f"{value.id}-{'.'.join(value.places)}-{value.kind}" if isinstance(value, Rule) else str(value)


def found(record_type: str, *rows: dict[str, Any]) -> set[tuple[str, tuple[str, ...]]]:
    """Rules and fields, without the numbers of items."""
    result = violations(frame(record_type, *rows), TIER_1[record_type])
    return {(rule, tuple(re.sub(ITEM_NUMBER, "", f) for f in fields)) for _, rule, fields in result.rows()}


@pytest.mark.parametrize("record_type", record_types())
def test_a_valid_record_violates_nothing(record_type):
    assert found(record_type) == set()


def test_a_valid_version_violates_nothing():
    assert violations_of_version(version()).to_dicts() == []


@pytest.mark.parametrize(("record_type", "rule"), DERIVED, ids=name)
def test_a_derived_rule_finds_what_violates_it(record_type, rule):
    assert (rule.id, tuple(rule.places)) in found(record_type, violating(rule, record_type))


@pytest.mark.parametrize(("rule_id", "record_type", "changes"), ONE_RECORD)
def test_a_written_rule_finds_what_violates_it(rule_id, record_type, changes):
    assert rule_id in {rule for rule, _ in found(record_type, changes)}


@pytest.mark.parametrize(("rule_id", "changed"), WHOLE_VERSION)
def test_a_rule_over_a_whole_version_finds_what_violates_it(
    rule_id: str, changed: dict[str, list[dict[str, Any]]]
):
    assert rule_id in violations_of_version(version(changed)).get_column("rule").to_list()


@pytest.mark.parametrize(("record_type", "rule"), REFERENCES, ids=name)
def test_a_reference_to_nobody_is_found(record_type, rule):
    changed = {record_type: [violating(rule, record_type)]}
    result = violations_of_version(version(changed)).filter(pl.col("rule") == rule.id)
    assert result.get_column("fields").to_list() == [rule.places]


def test_every_rule_has_a_case():
    written = {r.id for r in all_rules() if r.kind == "written"}
    assert written == {case[0] for case in ONE_RECORD} | {case[0] for case in WHOLE_VERSION}


@pytest.mark.parametrize("rule", all_rules(), ids=name)
def test_a_rule_speaks_both_languages_and_says_what_to_do(rule):
    for text in (rule.message_vi, rule.message_en):
        assert text.count(". ") >= 1 and text.endswith("."), text
        assert "{" not in text and "None" not in text and "  " not in text, text
    assert rule.condition
    assert rule.fields


def test_an_id_means_one_severity_of_one_object_and_kind():
    seen: dict[tuple[str, str], set[object]] = {}
    for rule in all_rules():
        kind = "codelist or format" if rule.kind in ("codelist", "digits") else rule.kind
        kind = "required" if kind == "conditional" else kind
        seen.setdefault((rule.id, rule.object), set()).add((rule.severity, rule.tier, kind))
    assert {key: kinds for key, kinds in seen.items() if len(kinds) > 1} == {}


def test_an_id_and_a_field_name_one_rule():
    keys = [(r.id, tuple(r.places), r.object) for r in all_rules()]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("record_type", record_types())
def test_nothing_given_violates_only_what_is_required(record_type):
    schema = columnar.frame_schema(record_type)
    empty = pl.DataFrame({n: pl.Series(n, [None], dtype=t) for n, t in schema.items()})
    result = violations(in_context(empty, [{"NamHoc": 2019, "LoaiDongBo": "1"}], [1]), TIER_1[record_type])
    required = {r.id for r in TIER_1[record_type] if r.kind in ("required", "conditional")}
    assert set(result.get_column("rule")) <= required
    assert {r.id for r in TIER_1[record_type] if r.kind == "required" and not r.path} <= set(
        result.get_column("rule")
    )


@pytest.mark.parametrize("record_type", record_types())
def test_one_null_more_violates_nothing_but_what_is_required(record_type):
    """Every field of a full record in turn is taken away: the rules about it fall silent."""
    for field in VALID[record_type]:
        if field == "ClientId":
            continue
        fired = found(record_type, {field: None})
        kinds = {r.kind for r in TIER_1[record_type] if (r.id, tuple(r.places)) in fired}
        assert kinds <= {"required", "conditional"}, field


@pytest.mark.parametrize("record_type", record_types())
def test_texts_of_spaces_count_as_absent(record_type):
    texts = [n for n, t in columnar.frame_schema(record_type).items() if t == pl.String]
    result = violations(frame(record_type, dict.fromkeys(texts, "  ")), TIER_1[record_type])
    kinds = {r.kind for r in TIER_1[record_type] if r.id in set(result.get_column("rule"))}
    assert "required" in kinds
    assert kinds <= {"required", "conditional", "written"}, kinds


@pytest.mark.parametrize("record_type", record_types())
def test_asking_any_first_finds_what_asking_each_row_finds(record_type):
    rows: list[dict[str, Any]] = [{}] + [violating(r, record_type) for t, r in DERIVED if t == record_type]
    whole = frame(record_type, *rows)
    found_at_once = {(i, r) for i, r, _ in violations(whole, TIER_1[record_type]).iter_rows()}
    one_by_one = set()
    for rule in TIER_1[record_type]:
        if not rule.path:
            at = whole.with_row_index(INDEX).filter(rule.violated.fill_null(False)).get_column(INDEX)
            one_by_one |= {(i, rule.id) for i in at}
    flat = {r.id for r in TIER_1[record_type] if not r.path}
    assert {pair for pair in found_at_once if pair[1] in flat} == one_by_one


def test_a_violation_names_the_record_it_stands_in():
    good = VALID["LopHoc"]["DsMonHoc"][0]
    wrong = {**good, "MaMonHoc": "?"}
    lessons = [[], [good, wrong, good, wrong], None, [wrong]]
    result = violations(frame("LopHoc", *({"DsMonHoc": d} for d in lessons)), TIER_1["LopHoc"])
    assert result.rows() == [
        (1, "LM-101", ["DsMonHoc[1].MaMonHoc", "DsMonHoc[3].MaMonHoc"]),
        (3, "LM-101", ["DsMonHoc[0].MaMonHoc"]),
    ]


def test_a_violation_names_an_item_of_an_item():
    lesson = VALID["LopHoc"]["DsMonHoc"][0]
    teacher = {"HocKy": "1", "MaGiaoVien": "1900000101"}
    lessons = [lesson, {**lesson, "DsGiaoVien": [teacher, {**teacher, "HocKy": "9"}]}]
    result = violations(frame("LopHoc", {"DsMonHoc": lessons}), TIER_1["LopHoc"])
    assert [fields for _, _, fields in result.rows()] == [["DsMonHoc[1].DsGiaoVien[1].HocKy"]]


def test_refused_records_count_as_received():
    declared = version({"TruongHoc": [{"TongSoHocSinh": 3}]})
    dataset = declared["HocSinh"].get_column("dataset_id")[0]
    assert violations_of_version(declared).get_column("rule").to_list() == ["TR-501"]
    assert violations_of_version(declared, {(dataset, "HocSinh"): 2}).is_empty()


def test_a_refused_change_of_a_record_that_is_held_does_not_count_twice():
    declared = version({"TruongHoc": [{"TongSoHocSinh": 1}]})
    dataset = declared["HocSinh"].get_column("dataset_id")[0]
    assert violations_of_version(declared, {(dataset, "HocSinh"): 1}).is_empty()


def test_datasets_do_not_see_each_other():
    """The same ClientId in two datasets is no duplicate, a class of another school is no class."""
    one, two = (
        version(),
        version({"LopHoc": [{"MaLopHoc": "LH0000002"}]}, "19165301.2019.start"),
    )
    both = {t: pl.concat([one[t], two[t]]) for t in one}
    result = violations_of_version(both)
    assert set(result.get_column("dataset_id")) == {"19165301.2019.start"}
    assert {"HS-502"} <= set(result.get_column("rule")) <= {"HS-502", "LH-505"}


def test_a_type_without_records_is_referred_to_in_vain():
    alone = version()
    del alone["LopHoc"]
    rules_found = violations_of_version(alone).get_column("rule").to_list()
    assert "HS-502" in rules_found and "TR-502" in rules_found


def test_findings_carry_the_identity_they_are_given():
    with_identity = {
        t: f.with_columns(identity=pl.lit(f"{t} 1"))
        for t, f in version({"HocSinh": [{"KhoiHoc": "07"}]}).items()
    }
    finding = violations_of_version(with_identity).row(0, named=True)
    assert finding["identity"] == "HocSinh 1"
    assert finding["severity"] == "block"


def test_without_its_context_a_frame_is_not_judged():
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        violations(frame("HocSinh").drop("_NamHoc"), TIER_1["HocSinh"])


def test_every_code_of_a_list_passes():
    for grade in codes("KHOI"):
        assert "HS-115" not in {r for r, _ in found("HocSinh", {"KhoiHoc": grade})}


def test_the_check_reads_the_fields_that_its_rules_name_and_no_others() -> None:
    named = catalogue.fields_read()
    assert "MaLopHocDn" in named["HocSinh"]
    assert "AnhChanDung" not in named["HocSinh"]
    assert "DsMonHoc" in named["LopHoc"], "a nested field is read by its list"


def test_a_new_rule_widens_what_the_check_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    def asks(expression: pl.Expr, **more: Any) -> set[str]:
        rule = warn("HS-999", "HocSinh", "HoTen", "vi", "en", expression, condition="", tier=2, **more)
        monkeypatch.setattr(catalogue, "_rules", lambda _, t: (rule,) if t == "HocSinh" else ())
        return catalogue.fields_read()["HocSinh"]

    assert asks(pl.col("AnhChanDung") == pl.col("_NamHoc")) == {"AnhChanDung"}
    assert asks(pl.lit(True), needs="NoiSinh") == {"NoiSinh"}
    looked_up = Lookup("LopHoc", "MaLopHocDn", "MaLopHoc", {"TenLopHoc": "_name"})
    assert asks(pl.col("_name") == "", lookups=(looked_up,)) == {"MaLopHocDn"}
    assert catalogue.fields_read()["LopHoc"] == {"MaLopHoc", "TenLopHoc"}
    assert asks(pl.all().is_null()) == set(columnar.frame_schema("HocSinh")), "a rule may look at everything"
