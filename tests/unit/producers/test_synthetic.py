"""The made-up province: the same for a seed, of the real one's shape, in files that our readers accept."""

import json
import re
from collections import Counter
from datetime import date

import polars as pl
import pytest

from producers import files as reader
from producers.model import Target
from producers.synthetic import province, pupils, scenarios, school, shape, write
from schemas.organisation.units import Kind
from schemas.rules import catalogue
from tests.organisation import of_register

SEED = 7
CHUNK = {"NamHoc": 2019, "LoaiDongBo": "1"}
TOLERANCE = 0.01


@pytest.fixture(scope="module")
def plans():
    return province.plan(SEED)


@pytest.fixture(scope="module")
def chosen(plans):
    return province.choose(plans, 30, SEED)


def read(plan, contents, tmp_path):
    return reader.read(write.save(tmp_path, contents), Target(plan.vendor, plan.code, 2019, "1"))


def test_the_whole_province_has_the_real_ones_size(plans):
    assert len(plans) == province.every() == 760
    for kind, total in shape.totals().items():
        assert sum(getattr(p, kind) for p in plans) == pytest.approx(total, rel=TOLERANCE)


def test_schools_by_district_level_and_manager_are_as_counted(plans):
    planned = Counter((p.district, p.level, "department" if p.direct else "district") for p in plans)
    assert planned == Counter({(d, lv, m): n for d, lv, m, n in shape.school_counts()})


def test_codes_are_unique_and_look_like_the_ministrys(plans):
    assert len({p.code for p in plans}) == len(plans)
    assert all(re.fullmatch(r"19[0-9]{3}[0-9A-Z][0-9]{2}|19[0-9]{8}", p.code) for p in plans)


def test_four_schools_coded_19000_belong_to_districts(plans):
    odd = [p for p in plans if p.code.startswith("19000") and not p.direct]
    assert len(odd) == 4
    assert all(p.managing_unit == p.district for p in odd)


def test_three_schools_in_five_use_the_first_vendor(plans):
    assert Counter(p.vendor for p in plans) == {"smas": 456, "vnedu": 304}


def test_sizes_follow_the_counted_quantiles(plans):
    # Scaling moves all sizes by one factor, so the middle school keeps its place among the others.
    for level in ("preschool", "primary", "lower_secondary"):
        sizes = sorted(p.pupils for p in plans if p.level == level)
        middle = sizes[len(sizes) // 2] / shape.size(level, "pupils", 0.5)
        high = sizes[int(len(sizes) * 0.9)] / shape.size(level, "pupils", 0.9)
        assert high == pytest.approx(middle, rel=0.05)


@pytest.mark.parametrize("number", [30, 31, 100, 400, 759])
def test_a_choice_keeps_three_districts_and_four_direct_units(plans, number):
    chosen = province.choose(plans, number, SEED)
    assert len(chosen) == len({p.code for p in chosen}) == number
    assert len({p.managing_unit for p in chosen if not p.direct}) >= 3
    assert sum(p.direct for p in chosen) >= 4
    assert {p.vendor for p in chosen} == {"smas", "vnedu"}


@pytest.mark.parametrize("number", [1, 2, 5, 12])
def test_a_small_choice_has_the_schools_asked_for(plans, number):
    assert len(province.choose(plans, number, SEED)) == number


def test_a_choice_of_none_or_too_many_is_refused(plans):
    for number in (0, 761):
        with pytest.raises(ValueError):
            province.choose(plans, number, SEED)


def test_the_same_seed_gives_the_same_bytes(chosen):
    again = province.choose(province.plan(SEED), 30, SEED)
    assert again == chosen
    for plan in (next(p for p in chosen if p.vendor == v) for v in ("smas", "vnedu")):
        first, second = (write.files(school.make(plan, SEED)) for _ in range(2))
        assert first == second


def test_another_seed_gives_another_province(plans):
    other = province.plan(SEED + 1)
    assert {p.code for p in other} != {p.code for p in plans}


def test_a_school_keeps_its_records_in_a_larger_choice(plans, chosen):
    many = {p.code: p for p in province.choose(plans, 300, SEED)}
    shared = next(p for p in chosen if p.code in many)
    assert many[shared.code] == shared


def test_ages_fit_grades(chosen):
    for plan in chosen[:12]:
        frame = school.make(plan, SEED).frames["HocSinh"]
        ages = 2019 - frame["NgaySinh"].dt.year()
        grades = frame["KhoiHoc"]
        for grade in grades.unique():
            seen = ages.filter(grades == grade).to_list()
            low = 1 if grade in ("16", "17") else pupils.age(grade, "")
            high = 6 if grade in ("16", "17") else low + (6 if grade in ("13", "14", "15") else 1)
            assert low <= min(seen) and max(seen) <= high, (plan.code, grade)


def test_every_reference_is_to_a_record_of_the_school(chosen):
    for plan in chosen[:12]:
        frames = school.make(plan, SEED).frames
        staff = set(frames["CanBo"]["MaCanBo"])
        assert set(frames["HocSinh"]["MaLopHocDn"]) == set(frames["LopHoc"]["ClientId"])
        assert set(frames["LopHoc"]["MaGvcnDn"]) <= staff
        taught = frames["LopHoc"]["DsMonHoc"].explode().drop_nulls()
        if len(taught):
            assert set(taught.struct.field("MaGiaoVien")) <= staff


def test_control_totals_are_right(chosen):
    for plan in chosen[:6]:
        frames = school.make(plan, SEED).frames
        own = frames["TruongHoc"].row(0, named=True)
        totals = own["TongSoLopHoc"], own["TongSoHocSinh"], own["TongSoCanBo"]
        assert totals == tuple(len(frames[t]) for t in ("LopHoc", "HocSinh", "CanBo"))


def test_citizen_numbers_are_unique_and_of_no_province(plans):
    some = [school.make(p, SEED).frames["HocSinh"]["MaCongDan"].drop_nulls() for p in plans[:20]]
    numbers = pl.concat(some)
    assert numbers.n_unique() == len(numbers)
    assert numbers.str.starts_with("099").all()


def test_about_sixty_fields_of_a_pupil_are_filled(chosen):
    plan = next(p for p in chosen if p.vendor == "smas" and p.level == "lower_secondary")
    frame = school.make(plan, SEED).frames["HocSinh"]
    assert 50 <= len(frame.columns) - frame.null_count().sum_horizontal()[0] / len(frame) <= 75


def test_districts_then_communes_confirm_and_for_direct_units_the_department_alone(chosen, tmp_path):
    path = tmp_path / "register.csv"
    write.write_register(path, chosen)
    known = of_register(path)
    for plan in chosen:
        route = [unit.code for unit in known.route(plan.code, date(2019, 9, 5))]
        assert route == (["19"] if plan.direct else [plan.district, "19"])
        since = [unit.kind for unit in known.route(plan.code, date(2025, 7, 1))]
        assert since == ([Kind.DEPARTMENT] if plan.direct else [Kind.COMMUNE, Kind.DEPARTMENT])
    before, after = (known.totals(date.fromisoformat(day)) for day in ("2025-06-30", "2025-07-01"))
    assert sum(sum(n.values()) for n in before.values()) == sum(sum(n.values()) for n in after.values())
    assert before["19"] == after["19"]


def test_our_readers_and_rules_accept_every_record(chosen, tmp_path):
    for n, plan in enumerate(chosen):
        made = school.make(plan, SEED)
        reading = read(plan, write.files(made), tmp_path / str(n))
        frames = {}
        for table in reading.tables:
            assert table.refused_count == 0, (plan.code, table.refused)
            rows = catalogue.in_context(table.records, [CHUNK], [table.records.height])
            broken = catalogue.violations(rows, catalogue.rules(table.record_type))
            assert broken.is_empty(), (plan.code, broken["rule"].value_counts())
            frames[table.record_type] = table.records.with_columns(dataset_id=pl.lit("1.2019.start"))
        assert {t: f.height for t, f in frames.items()} == {t: f.height for t, f in made.frames.items()}
        findings = catalogue.violations_of_version(frames)
        blocking = findings.filter(pl.col("severity") == "block")
        assert blocking.is_empty(), (plan.code, blocking["rule"].value_counts())


def test_a_packet_says_codes_as_vendors_do(chosen):
    plan = next(p for p in chosen if p.vendor == "smas" and p.level == "lower_secondary")
    packet = json.loads(write.files(school.make(plan, SEED))[f"smas/{plan.code}.json"])
    pupil, member = packet["LstHocSinh"][0], packet["LstCanBo"][-1]
    assert pupil["GioiTinh"] in (0, 1, 2)
    assert isinstance(pupil["KhoiHoc"], int)
    assert member["LoaiCanBo"] == 3  # a vendor's 3 is an employee, the ministry's 02
    assert pupil["NgaySinh"].endswith("T00:00:00.0")
    assert "MaHocSinh" not in pupil and "MaLopHoc" not in packet["LstLopHocInfo"][0]


@pytest.mark.parametrize("vendor", ["smas", "vnedu"])
def test_bad_records_are_refused_by_the_rule_that_the_edit_breaks(chosen, vendor, tmp_path):
    plan = next(p for p in chosen if p.vendor == vendor and p.level in ("primary", "lower_secondary"))
    variant = scenarios.bad_records(school.make(plan, SEED))
    assert found(plan, variant, tmp_path) >= {(r.record_type, r.client_id, r.rule) for r in variant.refused}
    assert len(found(plan, variant, tmp_path, records_only=True)) == len(variant.refused)


def test_a_repeated_client_id_is_refused_once(chosen, tmp_path):
    plan = next(p for p in chosen if p.vendor == "smas")
    variant = scenarios.duplicate_client_id(school.make(plan, SEED))
    expected = {(r.record_type, r.client_id, r.rule) for r in variant.refused}
    assert found(plan, variant, tmp_path) == expected


def test_a_corrected_version_differs_in_one_pupil(chosen):
    plan = next(p for p in chosen if p.vendor == "smas")
    made = school.make(plan, SEED)
    name = f"smas/{plan.code}.json"
    before, after = (json.loads(c[name]) for c in (write.files(made), scenarios.corrected(made).contents))
    assert before.keys() == after.keys()
    assert sum(a != b for a, b in zip(before["LstHocSinh"], after["LstHocSinh"], strict=True)) == 1


def found(plan, variant, tmp_path, records_only=False):
    """(type, ClientId, rule) of all that reading and the tier-1 rules refuse; or only the records."""
    refusals = set()
    for table in read(plan, variant.contents, tmp_path).tables:
        for row in table.refused.iter_rows(named=True):
            refusals.add((table.record_type, row["ClientId"], row["Rule"]))
        rows = catalogue.in_context(table.records, [CHUNK], [table.records.height])
        broken = catalogue.violations(rows, catalogue.rules(table.record_type))
        for index, rule in zip(broken["index"], broken["rule"], strict=True):
            refusals.add((table.record_type, table.records["ClientId"][index], rule))
    return {r[:2] for r in refusals} if records_only else refusals
