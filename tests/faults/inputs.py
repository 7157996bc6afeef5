"""What is pushed while things are killed: small schools, four sendings each, known in advance."""

from dataclasses import dataclass, replace

import polars as pl

from producers.model import ROW, SourceTable
from producers.synthetic import province, school
from producers.synthetic.province import SchoolPlan
from schemas import issued_codes
from schemas.contracts.contracts import record

YEAR, KIND = 2019, "1"
PUPILS = 40
NAMELESS_RULE = "HS-002"


@dataclass(frozen=True)
class Sending:
    """One push: its id, its records by type, and the ClientIds that must be refused."""

    push_id: str
    frames: dict[str, pl.DataFrame]
    refused: frozenset[str] = frozenset()

    def tables(self) -> list[SourceTable]:
        """As an adapter hands them on."""
        return [SourceTable(t, "f.json", "", f.with_row_index(ROW, 1)) for t, f in self.frames.items()]


def schools(seed: int, number: int = 8) -> list[SchoolPlan]:
    """Small schools of several districts, two of them direct to the department.

    Of those that have as many pupils and more: a smaller one would share people with the next.
    """
    plans = province.choose(province.plan(seed), max(30, 3 * number), seed)
    plans = [p for p in plans if p.pupils >= PUPILS]
    direct = [p for p in plans if p.direct][:2]
    others = [p for p in plans if not p.direct][: number - len(direct)]
    return [replace(p, pupils=PUPILS, classes=2, staff=8, vendor="smas") for p in (*direct, *others)]


def sendings(plan: SchoolPlan, seed: int) -> list[Sending]:
    """A full push; one that changes a third of the pupils and spoils one; that one again as a new push; and

    one in which the spoilt pupil is right.
    """
    frames = _with_class_codes(plan, school.make(plan, seed, YEAR).frames)
    pupils = frames["HocSinh"]
    moved = pupils.with_columns(
        DchiThtru=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("Xóm Mẫu")).otherwise("DchiThtru")
    )
    nameless = moved["ClientId"][7]
    spoilt = moved.with_columns(HoTen=pl.when(pl.col("ClientId") != nameless).then("HoTen"))

    def sending(n: int, pupils: pl.DataFrame, *refused: str) -> Sending:
        return Sending(f"{seed}-{plan.code}-{n}", frames | {"HocSinh": pupils}, frozenset(refused))

    return [
        sending(1, pupils),
        sending(2, spoilt, nameless),
        sending(3, spoilt, nameless),
        sending(4, moved),
    ]


def _with_class_codes(plan: SchoolPlan, frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """What the packet's adapter does: pupils name their class by the code that will be issued for it."""
    classes, rule = frames["LopHoc"], record("LopHoc").issue["MaLopHoc"]
    codes = issued_codes.codes(rule["prefix"], ([plan.code, YEAR, name] for name in classes["TenLopHoc"]))
    of = dict(zip(classes["ClientId"], codes, strict=True))
    return frames | {
        "HocSinh": frames["HocSinh"].with_columns(pl.col("MaLopHocDn", "MaLopHocCn").replace(of))
    }
