"""Whose record is it, in the whole province: pushes of several schools, years and vendors."""

from datetime import date

import polars as pl
import pytest

from sinks.provincial.records import claims, keys
from sinks.provincial.records.claims import Kinds
from sinks.provincial.records.mac import Mac

PUPIL = Kinds(
    "HocSinh",
    [["MaHocSinh"], ["MaCongDan"], ["Vendor", "ClientId"]],
    "province",
    ["HoTen", "NgaySinh", "HoTenMe"],
)
AUTUMN, SUMMER = "19164501.2019.start", "19164501.2019.end"
ELSEWHERE = "19164777.2019.end"

AN = {"HoTen": "Nguyễn Văn Mẫu", "NgaySinh": date(2008, 5, 20), "HoTenMe": "Trần Thị Mẫu"}
BINH = {"HoTen": "Lê Thử", "NgaySinh": date(2010, 1, 2), "HoTenMe": "Phạm Thị Thử"}


class Province:
    """A ledger, and pushes to it, with rows ``(ministry code, citizen number, ClientId, witnesses)``."""

    def __init__(self, secret=b"of the province", kinds=PUPIL):
        self.mac, self.kinds = Mac(secret), kinds
        self.ledger = pl.DataFrame(schema=claims.HELD)

    def push(self, *pushes, vendor="smas", version=1):
        """Several at once, ``(dataset, rows)`` each: decided."""
        flat = [
            {
                "_row": n,
                "_turn": turn,
                "_version": version,
                "_dataset": dataset,
                "_identity": None,
                "Vendor": vendor,
                "MaHocSinh": code,
                "MaCongDan": number,
                "ClientId": client,
                **dict.fromkeys(PUPIL.witnesses),
                **who,
            }
            for n, (turn, dataset, (code, number, client, who)) in enumerate(
                (turn, dataset, row) for turn, (dataset, rows) in enumerate(pushes) for row in rows
            )
        ]
        text = dict.fromkeys(
            ["_dataset", "_identity", "Vendor", *keys.fields_of(PUPIL.keys), "HoTen", "HoTenMe"]
        )
        schema = {
            **dict.fromkeys(text, pl.String),
            "NgaySinh": pl.Date,
            "_row": pl.UInt32,
            "_turn": pl.UInt32,
            "_version": pl.Int32,
        }
        rows = keys.with_keys(pl.DataFrame(flat, schema_overrides=schema), self.kinds.keys)
        claimed = claims.claims(self.kinds, rows, self.mac)
        held = self.ledger.join(claimed.select("key").unique(), on="key", how="semi")
        nobody = pl.DataFrame(schema={"_dataset": pl.String, "_identity": pl.String})
        decided = claims.decide(claimed, held, nobody, self.mac)
        entries = pl.concat([decided.added, decided.renewed])
        assert entries["key"].is_unique().all()
        self.ledger = pl.concat([self.ledger.join(entries, on="key", how="anti"), entries])
        return decided

    def who(self, *pushes, **how):
        """Identities, in the order of the rows."""
        return self.push(*pushes, **how).identities.sort("_row")["_identity"].to_list()


def test_a_pupil_known_by_client_id_in_autumn_and_by_ministry_code_in_summer_is_one():
    it = Province()
    autumn = it.who((AUTUMN, [(None, None, "c1", AN)]))
    assert it.who((SUMMER, [("1", None, "c1", AN)])) == autumn
    assert it.who((ELSEWHERE, [("1", None, "x7", AN)]), vendor="vnedu") == autumn


def test_both_pushes_may_come_at_once():
    it = Province()
    first, second = it.who((AUTUMN, [(None, None, "c1", AN)]), (SUMMER, [("1", None, "c1", AN)]))
    assert first == second


def test_three_pushes_at_once_are_joined_by_what_each_adds():
    it = Province()
    said = it.who(
        (AUTUMN, [(None, None, "c1", AN)]),
        ("19164501.2019.changes", [(None, "A", "c1", AN)]),
        (SUMMER, [("1", "A", "c2", AN)]),
    )
    assert len(set(said)) == 1


def test_another_vendors_or_another_schools_id_says_nothing():
    it = Province()
    of_smas = it.who((AUTUMN, [(None, None, "c1", AN)]))
    assert it.who((AUTUMN, [(None, None, "c1", AN)]), vendor="vnedu") != of_smas
    assert it.who((ELSEWHERE, [(None, None, "c1", AN)])) != of_smas


def test_a_recycled_client_id_makes_somebody_new_and_is_said():
    it = Province()
    leaver = it.who((AUTUMN, [("1", None, "c1", AN)]))
    decided = it.push(("19164501.2020.start", [(None, None, "c1", BINH)]))
    newcomer = decided.identities["_identity"].to_list()
    assert newcomer != leaver
    assert decided.moved.rows() == [(0, 2, True)]
    # From now on the id is the newcomer's, and the code still the leaver's.
    assert it.who(("19164501.2020.end", [(None, None, "c1", BINH)])) == newcomer
    assert it.who((ELSEWHERE, [("1", None, "y1", AN)])) == leaver


def test_an_id_recycled_again_and_again_never_gives_an_identity_twice():
    it = Province()
    people = [AN, BINH, AN, BINH]
    said = [it.who((AUTUMN, [(None, None, "c1", who)]), version=n)[0] for n, who in enumerate(people)]
    assert len(set(said)) == 4


def test_a_number_that_stood_for_somebody_else_refuses_the_record():
    it = Province()
    owner = it.who((AUTUMN, [(None, "034123456789", "c1", AN)]))
    decided = it.push((ELSEWHERE, [(None, "034123456789", "z1", BINH)]))
    assert decided.refused.rows() == [(0, 1)]
    assert decided.identities.is_empty()
    assert it.who((SUMMER, [(None, "034123456789", None, AN)])) == owner


@pytest.mark.parametrize(
    "corrected",
    [
        {"HoTen": "Nguyễn Văn Mậu"},
        {"NgaySinh": date(2008, 5, 21)},
        {"HoTen": "khác", "NgaySinh": date(2001, 1, 1)},  # the mother is the same
        {"HoTen": "khác", "NgaySinh": None, "HoTenMe": None},  # one alone does not contradict
        {"HoTen": "NGUYEN VAN  MAU", "NgaySinh": None, "HoTenMe": "tran thi mau"},
    ],
)
def test_a_correction_is_no_contradiction(corrected):
    it = Province()
    before = it.who((AUTUMN, [(None, None, "c1", AN)]))
    assert it.who((SUMMER, [(None, None, "c1", AN | corrected)])) == before


def test_witnesses_follow_what_was_corrected_one_at_a_time():
    it = Province()
    before = it.who((AUTUMN, [(None, None, "c1", AN)]))
    steps = AN
    for name in PUPIL.witnesses:
        steps = steps | {name: BINH[name]}
        assert it.who((SUMMER, [(None, None, "c1", steps)])) == before


def test_a_weaker_key_joins_nothing_whose_stronger_keys_differ():
    it = Province()
    first = it.who((AUTUMN, [("1", "A", "c1", {})]))
    decided = it.push((SUMMER, [("2", "A", "c1", {})]))
    assert decided.identities["_identity"].to_list() != first
    assert decided.moved.rows() == [(0, 2, False)]
    assert it.who((ELSEWHERE, [(None, "A", "z1", {})])) == first


def test_an_identity_is_taken_once_in_a_dataset_by_the_stronger_claim():
    it = Province()
    known = it.who((AUTUMN, [("1", None, "c1", {})]))
    weak, strong = it.who((SUMMER, [(None, None, "c1", {}), ("1", None, "c2", {})]))
    assert [strong] == known != [weak]


def test_numbers_cannot_be_found_back_without_the_key():
    numbers = [f"03412345{n:04}" for n in range(31)]
    it, other = Province(), Province(b"somebody else's")
    said = it.push((AUTUMN, [(None, number, f"c{n}", AN) for n, number in enumerate(numbers)]))
    guessed = other.push((AUTUMN, [(None, number, f"c{n}", AN) for n, number in enumerate(numbers)]))
    for name in ("_identity",):
        assert not set(said.identities[name]) & set(guessed.identities[name])
    for name in ("key", "identity", "stronger", "witnesses"):
        ours = {t for t in said.added[name] if t.strip("0")}
        assert not ours & set(guessed.added[name])


def test_a_class_is_a_class_of_its_year():
    kinds = Kinds("HocSinh", PUPIL.keys, "school_year", [])
    it = Province(kinds=kinds)
    this = it.who((AUTUMN, [("6A1", None, None, {})]))
    assert it.who((SUMMER, [("6A1", None, None, {})])) == this
    assert it.who(("19164501.2020.start", [("6A1", None, None, {})])) != this


def test_the_same_pushes_make_the_same_identities_whoever_repeats_them():
    def everything():
        it = Province()
        return [
            it.who((AUTUMN, [("1", "A", "c1", AN), (None, None, "c2", BINH)])),
            it.who(("19164501.2020.start", [(None, None, "c1", BINH)])),
        ]

    assert everything() == everything()
