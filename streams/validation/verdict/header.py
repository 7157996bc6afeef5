"""What is wrong with the header of a chunk, a removal or a closing: one check for all three. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from schemas.codes import codes
from schemas.datasets import PERIODS
from schemas.rules.rule import Rule
from streams.grants import pushing
from streams.validation.verdict.input_messages import WRONG_HEADER, InputMessage

WRONG_VENDOR: Final = "VAL-002"
WRONG_SCHOOL_CODE: Final = "VAL-003"
NO_TERM: Final = "VAL-014"
MAY_NOT_REMOVE: Final = "VAL-011"
UNKNOWN_SCHOOL: Final = "ENV-301"
UNKNOWN_YEAR: Final = "ENV-303"
UNKNOWN_KIND: Final = "ENV-101"
OLD_DATA: Final = "ENV-311"

SCHOOL_CODE_LENGTHS: Final = (8, 10)

HEADER_FIELDS: Final[Mapping[str, list[str]]] = {
    **{code: ["MaTruongHoc"] for code in pushing.CODES},
    pushing.PERIOD: ["LoaiDongBo"],
    WRONG_VENDOR: ["Vendor"],
    NO_TERM: ["Vendor"],
    WRONG_SCHOOL_CODE: ["MaTruongHoc"],
    MAY_NOT_REMOVE: ["MaTruongHoc"],
    UNKNOWN_SCHOOL: ["MaTruongHoc"],
    UNKNOWN_YEAR: ["NamHoc"],
    UNKNOWN_KIND: ["LoaiDongBo"],
    OLD_DATA: ["LoaiDongBo"],
    WRONG_HEADER: ["Rows"],
}
"""The fields that a refusal under each code names."""

Violations = Callable[[pl.DataFrame, Sequence[Rule]], pl.DataFrame]


@dataclass(frozen=True)
class RulesInForce:
    """What a verdict depends on besides the message. ``may_remove`` and ``awaits_first_push`` are asked for
    (vendor, school), ``grant_fault`` for (vendor, school, day, record type, period) and gives a code of
    ``streams.grants.pushing``, ``is_school`` for (code, day), ``takes_year`` and ``takes_vendor`` for a
    day; ``violations`` gives (index, rule, fields) as
    the catalogue."""

    grant_fault: Callable[[str, str, date, str, str], str]
    may_remove: Callable[[str, str], bool]
    awaits_first_push: Callable[[str, str], bool]
    is_school: Callable[[str, date], bool]
    takes_year: Callable[[int, date], bool]
    takes_vendor: Callable[[str, date], bool]
    rules: Callable[[str], Sequence[Rule]]
    violations: Violations


def header_fault(
    message: InputMessage, header: Mapping[str, Any], rules_in_force: RulesInForce, record_type: str = ""
) -> str | None:
    """Code of the first thing wrong with a header, of records of a type if it has any. The grant is asked
    last."""
    school = header["MaTruongHoc"]
    if header["Vendor"] != message.vendor:
        return WRONG_VENDOR
    if len(school) not in SCHOOL_CODE_LENGTHS:
        return WRONG_SCHOOL_CODE
    if not rules_in_force.is_school(school, message.on):
        return UNKNOWN_SCHOOL
    if not rules_in_force.takes_vendor(message.vendor, message.on):
        return NO_TERM
    if not rules_in_force.takes_year(header["NamHoc"], message.on):
        return UNKNOWN_YEAR
    if header["LoaiDongBo"] not in PERIODS:
        return OLD_DATA if header["LoaiDongBo"] in codes("LOAI_DONG_BO") else UNKNOWN_KIND
    period = PERIODS[header["LoaiDongBo"]]
    return rules_in_force.grant_fault(message.vendor, school, message.on, record_type, period) or None


def removal_fault(
    message: InputMessage, event: Mapping[str, Any], rules_in_force: RulesInForce
) -> str | None:
    """The same of RecordsRemoved, which needs a right of its own."""
    fault = header_fault(message, event, rules_in_force, event["RecordType"])
    if fault is None and not rules_in_force.may_remove(message.vendor, event["MaTruongHoc"]):
        return MAY_NOT_REMOVE
    return fault


def awaits_news(fault: str | None) -> bool:
    """Whether it is refused for want of something of which this process may not have heard yet: a grant, a
    school, a vendor's or year's term."""
    return fault in (*pushing.CODES, MAY_NOT_REMOVE, UNKNOWN_SCHOOL, UNKNOWN_YEAR, NO_TERM)
