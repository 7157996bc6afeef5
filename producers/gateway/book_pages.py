"""What the books say: rules, code lists, layouts and error codes, from the data that the product itself uses.

Pure: models of the answers and what fills them, in a stable order. Nothing here is about a person.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from producers.gateway import problems
from producers.layouts import Column, Library
from schemas.codes import codelists
from schemas.contracts.contracts import RecordType, record, record_types
from schemas.errors import catalogue
from schemas.rules.catalogue import all_rules
from schemas.rules.rule import Rule

Judged = Literal["record", "dataset", "other_datasets"]
Effect = Literal["record_refused", "version_not_submittable", "acknowledged_by_school"]

JUDGED: Final[dict[int, Judged]] = {1: "record", 2: "dataset", 3: "other_datasets"}
"""Tier of a rule → when it is judged."""

VERSION: Final = ["1f0c9a3e5b7d2468"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RuleCase(_Model):
    """Fields that the rule is about, when it is kept, and what is said where it is not."""

    fields: list[str] = Field(examples=[["GioiTinh"]])
    condition: str = Field(examples=["a code of GIOI_TINH"])
    message_vi: str
    message_en: str


class RuleShown(_Model):
    """One validation rule."""

    id: str = Field(examples=["HS-103"])
    record_type: str = Field(description="Record type of the packet", examples=["HocSinh"])
    object: str = Field(description="The record type, or the record nested in it", examples=["HocSinh"])
    severity: Literal["block", "warn"]
    judged: Judged = Field(
        description="record: each record as it comes, and in a dry run. dataset: the records of one push or "
        "version together. other_datasets: against what other schools and years have."
    )
    effect: Effect = Field(
        description="record_refused: the record is not taken. version_not_submittable: the version cannot be "
        "submitted. acknowledged_by_school: taken; the school acknowledges it in words when it submits."
    )
    fields: list[str] = Field(examples=[["GioiTinh"]])
    cases: list[RuleCase]


class RulePage(_Model):
    """Validation rules, by record type in the order of the contracts, then by id."""

    version: str = Field(description="Of all rules; another after every change", examples=VERSION)
    rules: list[RuleShown]


class CodeListNamed(_Model):
    """A code list, without its codes."""

    name: str = Field(examples=["GIOI_TINH"])
    count: int = Field(ge=0, description="How many codes it has", examples=[2])
    used_by: list[str] = Field(description="Fields that hold its codes", examples=[["HocSinh.GioiTinh"]])


class CodeListPage(_Model):
    """Code lists, by name."""

    version: str = Field(description="Of all code lists; another after every change", examples=VERSION)
    codelists: list[CodeListNamed]


class CodeShown(_Model):
    """One code. Codes are text: zeros in front count."""

    code: str = Field(examples=["01"])
    label_vi: str = Field(examples=["Nam"])
    label_en: str = Field(examples=["Male"])
    notes: str
    parent: str = Field(description="Of an administrative unit: the code of the unit that it belongs to")


class CodeListShown(_Model):
    """A code list with its codes, in the order of the specification."""

    name: str = Field(examples=["GIOI_TINH"])
    used_by: list[str] = Field(examples=[["HocSinh.GioiTinh"]])
    codes: list[CodeShown]


class LayoutNamed(_Model):
    """A layout of files that is known, without its columns."""

    name: str = Field(examples=["vnedu_student_list_38"])
    title_vi: str
    title_en: str
    kind: Literal["sheet", "json", "packet"] = Field(
        description="sheet: workbooks and csv. json: captions are paths. packet: the ministry's own."
    )
    carries: str = Field(examples=["pupils"])
    record_type: str | None = Field(
        description="What it is read as; null if it is not sent or holds several types", examples=["HocSinh"]
    )
    sent: bool = Field(description="False: it is known only in order to be named when somebody sends it")
    vendors: list[str] = Field(description="Who sends it; empty: anybody", examples=[["vnedu"]])


class LayoutPage(_Model):
    """Layouts, by name."""

    version: str = Field(description="Of all layouts; another after every change", examples=VERSION)
    layouts: list[LayoutNamed]


class ColumnShown(_Model):
    """A column, found by its caption, never by its position."""

    caption: str = Field(
        description="Levels of a header are joined by ` > `; a level `*` is any text", examples=["Giới tính"]
    )
    synonyms: list[str] = Field(examples=[["Phái"]])
    fields: list[str] = Field(
        description="Fields of the record type; none where nothing of it is sent", examples=[["GioiTinh"]]
    )
    format: str = Field(examples=["label"])
    codelist: str | None = Field(description="Whose codes its labels are turned into", examples=["GIOI_TINH"])
    required: bool = Field(description="A list without this column cannot be read")


class ConstantShown(_Model):
    """What such a list says of every record, in no column."""

    fields: list[str]
    value: str = Field(description="`@year`: the school year of the push", examples=["01"])


class LayoutShown(LayoutNamed):
    """A layout with its columns, in the order of the file."""

    columns: list[ColumnShown]
    constants: list[ConstantShown]


class ErrorShown(_Model):
    """What a code of an error says; in braces what varies: a field, a list, a count."""

    code: str = Field(examples=["FILE-001"])
    message_vi: str
    message_en: str
    status: int = Field(description="Of a refusal that says it first", examples=[422])
    retryable: bool = Field(description="The same request with the same Idempotency-Key may succeed later")


class ErrorPage(_Model):
    """Codes of errors, by code."""

    version: str = Field(description="Of all codes; another after every change", examples=VERSION)
    errors: list[ErrorShown]


def rule_page(record_type: str | None = None, severity: str | None = None) -> RulePage:
    """Rules of a record type and of the records nested in it, of a severity; all where they are None."""
    every = [shown for t in record_types() for shown in _rules_of(t)]
    wanted = [r for r in every if record_type in (None, r.record_type) and severity in (None, r.severity)]
    return RulePage(version=_version(every), rules=wanted)


def rule(rule_id: str) -> RuleShown:
    """One rule. Raises KeyError."""
    return {r.id: r for r in rule_page().rules}[rule_id]


def codelist_page() -> CodeListPage:
    """Every code list."""
    every = [codelist(name) for name in sorted(codelists())]
    named = [CodeListNamed(name=c.name, count=len(c.codes), used_by=c.used_by) for c in every]
    return CodeListPage(version=_version(every), codelists=named)


def codelist(name: str) -> CodeListShown:
    """One code list with its codes. Raises KeyError."""
    held = codelists()[name].values()
    used_by = [place for t in record_types() for place in _holders(record(t), name)]
    shown = [
        CodeShown(code=c.code, label_vi=c.label_vi, label_en=c.label_en, notes=c.notes, parent=c.parent)
        for c in held
    ]
    return CodeListShown(name=name, used_by=used_by, codes=shown)


def layout_page(known: Library) -> LayoutPage:
    """Every layout of a library."""
    every = [layout(known, name) for name in sorted(known.layouts)]
    named = [LayoutNamed(**x.model_dump(include=set(LayoutNamed.model_fields))) for x in every]
    return LayoutPage(version=_version(every), layouts=named)


def layout(known: Library, name: str) -> LayoutShown:
    """One layout with its columns. Raises KeyError."""
    found = known.layout(name)
    return LayoutShown(
        name=found.name,
        title_vi=found.title_vi,
        title_en=found.title_en,
        kind=found.kind,
        carries=found.carries,
        record_type=found.record_type or None,
        sent=found.sent,
        vendors=list(found.vendors),
        columns=[_column(c) for c in found.columns],
        constants=[ConstantShown(fields=list(c.targets), value=c.argument) for c in found.constants],
    )


def error_page() -> ErrorPage:
    """Every code of an error."""
    every = [
        ErrorShown(
            code=code,
            message_vi=vi,
            message_en=en,
            status=problems.status(code),
            retryable=problems.retryable(code),
        )
        for code, (vi, en) in sorted(catalogue().items())
    ]
    return ErrorPage(version=_version(every), errors=every)


def _column(column: Column) -> ColumnShown:
    return ColumnShown(
        caption=column.caption,
        synonyms=list(column.synonyms),
        fields=list(column.targets),
        format=column.format,
        codelist=column.codelist or None,
        required=column.required,
    )


def _rules_of(record_type: str) -> list[RuleShown]:
    """Rules of a type, by id. Rules that a contract implies share one over all their fields."""
    nested = {found.name for found in _with_nested(record(record_type))}
    by_id: dict[str, list[Rule]] = {}
    for rule in all_rules():
        if rule.object in nested:
            by_id.setdefault(rule.id, []).append(rule)
    return [_rule(record_type, same) for _, same in sorted(by_id.items())]


def _rule(record_type: str, same: list[Rule]) -> RuleShown:
    first = same[0]
    return RuleShown(
        id=first.id,
        record_type=record_type,
        object=first.object,
        severity=first.severity,
        judged=JUDGED[first.tier],
        effect=_effect(first),
        fields=list(dict.fromkeys(place for r in same for place in r.places)),
        cases=[
            RuleCase(fields=r.places, condition=r.condition, message_vi=r.message_vi, message_en=r.message_en)
            for r in same
        ],
    )


def _effect(rule: Rule) -> Effect:
    if rule.severity == "warn":
        return "acknowledged_by_school"
    return "record_refused" if rule.tier == 1 else "version_not_submittable"


def _with_nested(contract: RecordType) -> Iterator[RecordType]:
    yield contract
    for field in contract.fields:
        if field.record is not None:
            yield from _with_nested(field.record)


def _holders(contract: RecordType, codelist: str) -> Iterator[str]:
    """Fields of a type, and of the records nested in it, that hold codes of a list: ``LopMon.MaMonHoc``."""
    for part in _with_nested(contract):
        yield from (f"{part.name}.{field.name}" for field in part.fields if codelist in field.codelists)


def _version(shown: Iterable[BaseModel]) -> str:
    return hashlib.sha256(b"\n".join(one.model_dump_json().encode() for one in shown)).hexdigest()[:16]
