"""Rules that a contract already says: required, code list, format, length, date, withdrawn, reference.

A field names the id and severity of a rule where the ministry's catalogue has one (``"rules"`` in its
``.avsc``); else the rule takes the number of its kind below and blocks. Each field gets a rule of its own, so
that a violation names the field; rules of one kind share an id where the catalogue does.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from schemas.codes import BOOLEAN, codes
from schemas.contracts.contracts import Field, RecordType, RuleRef, record_types
from schemas.rules.expressions import blank, condition, given, year_start
from schemas.rules.rule import PROVINCE, Lookup, Rule, Tier

NUMBERS: Final = {
    "required": "090",
    "codelist": "190",
    "format": "195",
    "max_length": "196",
    "date": "172",
    "withdrawn": "174",
    "references": "590",
}
"""Number of a rule whose contract names no id, by kind; free in the ministry's catalogue."""

EARLIEST: Final = pl.date(1900, 1, 1)

SCHOOL_CODE: Final = "school_code"

PATTERNS: Final = {
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "phone": r"^0[0-9]{9,10}$",
    SCHOOL_CODE: r"^(?:[0-9]{5}[0-9A-Z][0-9]{2}|[0-9]{10})$",
}
"""Formats by name; ``digits:9|12`` is one of so many digits. A school's code begins with that of its province
besides."""

MESSAGES: Final = {
    "required": (
        "Thiếu {label} của {object_vi}. Bổ sung trong phần mềm quản lý nhà trường rồi đẩy lại.",
        "Missing value: {gloss} ({field}) of the {object_en}. Fill it in the school software and push again.",
    ),
    "conditional": (
        "Thiếu {label} của {object_vi} (bắt buộc trong trường hợp này). Bổ sung rồi đẩy lại.",
        "Missing value: {gloss} ({field}): {condition}. Fill it in and push again.",
    ),
    "codelist": (
        "Mã không có trong danh mục {codelist} ({field}). Sửa theo danh mục hoặc bổ sung bảng ánh xạ mã "
        "của phần mềm.",
        "Code is not in list {codelist} ({field}). Use the list, or add the vendor code to the mapping.",
    ),
    "digits": (
        "{label} ({field}) phải gồm {digits} chữ số, giữ số 0 ở đầu. Nhập lại dạng chữ.",
        "{field} must have {digits_en} digits, leading zeros kept. Enter it again as text.",
    ),
    "email": (
        "{label} ({field}) không hợp lệ. Nhập lại dạng ten@tenmien.",
        "{field} is not a valid e-mail address. Enter it as name@domain.",
    ),
    "phone": (
        "{label} ({field}) phải bắt đầu bằng 0 và có 10-11 chữ số. Nhập lại dạng chữ.",
        "{field} must start with 0 and have 10 or 11 digits. Enter it again as text.",
    ),
    "school_code": (
        "Mã trường sai dạng (8 ký tự hoặc 10 chữ số, bắt đầu bằng mã tỉnh). Dùng mã do Bộ cấp.",
        "School code has a wrong shape (8 characters or 10 digits, province first). Use the ministry code.",
    ),
    "max_length": (
        "{label} ({field}) dài quá {limit} ký tự. Rút gọn rồi đẩy lại.",
        "{field} is longer than {limit} characters. Shorten it and push again.",
    ),
    "date": (
        "{label} ({field}) nằm sau năm học hoặc quá xa trong quá khứ. Kiểm tra năm đã nhập.",
        "{field} lies after the school year or far in the past. Check the year.",
    ),
    "withdrawn": (
        "Trường {field} đã bị bỏ khỏi đặc tả. Ngừng gửi trường này.",
        "The field {field} was withdrawn from the specification. Stop sending it.",
    ),
    "references": (
        "{label} ({field}) không có trong danh sách {target} của trường. Đẩy {target} trước hoặc sửa mã.",
        "{field} is not among the school's {target} records. Push those first or fix the code.",
    ),
}
"""kind → (Vietnamese, English), each with what to do."""


def derived(record: RecordType, path: tuple[str, ...] = ()) -> Iterator[Rule]:
    """Rules of a record and of the records nested in it."""
    for field in record.fields:
        make = _Maker(record, field, path)
        yield from make.rules()
        if field.record is not None:
            yield from derived(field.record, (*path, field.name))


class _Maker:
    """Makes the rules of one field."""

    def __init__(self, record: RecordType, field: Field, path: tuple[str, ...]) -> None:
        self.record = record
        self.field = field
        self.path = path

    def rules(self) -> Iterator[Rule]:
        f, column = self.field, pl.col(self.field.name)
        if f.required == "yes":
            yield self._rule("required", blank(f.name, f.avro_type), needs=())
        if f.required == "conditional" and f.required_when is not None:
            missing = condition(f.required_when, self.record) & blank(f.name, f.avro_type)
            yield self._rule("required", missing, message="conditional", needs=())
        if f.codelists and f.codelist != BOOLEAN:
            yield self._codelist()
        if f.format:
            yield self._format()
        if f.max_length and f.avro_type == "string":
            longest = column.str.len_bytes().max() > f.max_length
            yield self._rule("max_length", column.str.len_chars() > f.max_length, quick=longest)
        if f.avro_type == "date":
            yield self._rule("date", (column < EARLIEST) | (column > year_start(8, 31, years_later=1)))
        if f.withdrawn:
            yield self._rule("withdrawn", given(f.name, f.avro_type))
        if f.references and f.references.split(".")[0] in record_types():
            yield self._reference(f.references)

    def _codelist(self) -> Rule:
        f, column = self.field, pl.col(self.field.name)
        known = codes(*f.codelists)
        if f.avro_type == "array<string>":
            return self._rule("codelist", column.list.eval(~pl.element().is_in(known)).list.any())
        # Casting to the list's own Enum is twice as fast as looking every value up.
        unknown = column.cast(pl.Enum(known), strict=False).null_count() > column.null_count()
        return self._rule("codelist", ~column.is_in(known) & given(f.name), quick=unknown)

    def _format(self) -> Rule:
        f = self.field
        assert f.format is not None
        right = pl.col(f.name).str.contains(pattern(f.format))
        if f.format == SCHOOL_CODE:
            right &= pl.col(f.name).str.starts_with(pl.col(PROVINCE))
        broken = ~right & given(f.name)
        if f.format_unless is not None:
            broken &= ~condition(f.format_unless, self.record)
        return self._rule("format", broken, message=f.format.partition(":")[0])

    def _reference(self, target: str) -> Rule:
        record_type, key = target.split(".")
        exists = f"_{record_type}_of_{self.field.name}"
        lookup = Lookup(record_type, self.field.name, key, exists=exists)
        missing = given(self.field.name) & ~pl.col(exists)
        return self._rule("references", missing, tier=2, lookups=(lookup,))

    def _rule(
        self,
        kind: str,
        violated: pl.Expr,
        *,
        message: str | None = None,
        needs: tuple[str, ...] | None = None,
        tier: Tier = 1,
        **more: Any,
    ) -> Rule:
        ref = self._ref(kind)
        vi, en = MESSAGES[message or kind]
        words = self._words()
        return Rule(
            id=ref.id,
            tier=tier,
            severity=ref.severity,
            object=self.record.name,
            fields=(self.field.name,),
            message_vi=vi.format(**words),
            message_en=en.format(**words),
            violated=violated,
            path=self.path,
            needs=(self.field.name,) if needs is None else needs,
            condition=self._says(kind),
            kind=message or kind,
            **more,
        )

    def _ref(self, kind: str) -> RuleRef:
        named = self.field.rules.get(kind) or self.record.rules.get(kind)
        return named or RuleRef(f"{self.record.rule_prefix}-{NUMBERS[kind]}", "block")

    def _words(self) -> dict[str, object]:
        f = self.field
        digits = (f.format or "").removeprefix("digits:")
        return {
            "field": f.name,
            "label": f.label_vi if re.match(r"[A-ZĐ]{2}", f.label_vi) else _lower(f.label_vi),
            "gloss": re.split(r"[;(,]", f.gloss_en)[0].strip(),
            "object_vi": self.record.label_vi,
            "object_en": self.record.label_en,
            "condition": f.condition,
            "codelist": " / ".join(f.codelists),
            "digits": digits.replace("|", " hoặc "),
            "digits_en": digits.replace("|", " or "),
            "limit": f.max_length,
            "target": (f.references or "").split(".")[0],
        }

    def _says(self, kind: str) -> str:
        f = self.field
        return {
            "required": "present and not blank" if f.required == "yes" else f.condition,
            "codelist": f"a code of {' or '.join(f.codelists)}",
            "format": f.format or "",
            "max_length": f"at most {f.max_length} characters",
            "date": "between 01/01/1900 and the end of the school year (31/08)",
            "withdrawn": "the field is absent",
            "references": f"equals a {f.references} of the school",
        }[kind]


def pattern(form: str) -> str:
    """A field's ``format`` as a regular expression."""
    kind, _, lengths = form.partition(":")
    return PATTERNS.get(kind) or "|".join(f"^[0-9]{{{n}}}$" for n in lengths.split("|"))


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]
