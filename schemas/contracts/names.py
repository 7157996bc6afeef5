"""What a contract names is there: code lists, fields of this record, records of other types."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from schemas.codes import codelists
from schemas.contracts.attributes import (
    AllOf,
    AnyOf,
    FieldAttributes,
    ListOfRecords,
    NestedAttributes,
    RecordAttributes,
)
from schemas.errors import Problem, SourceLocation

NOWHERE: Final = "SCH-005"

LATER: Final = ("DiemTruong",)
"""Types of the specification that are referred to before they have a contract here."""

OURS: Final = ("Vendor", "MaTruongHoc", "NamHoc")
"""What every record of a chunk has beside its fields, from the chunk's header."""


def check(records: Mapping[str, RecordAttributes]) -> list[Problem]:
    """All names that lead nowhere; ``records`` by the name of their file."""
    types = {record.name: record for record in records.values()}
    return [p for file, record in records.items() for p in _Names(file, types).of_record(record)]


class _Names:
    def __init__(self, file: str, types: Mapping[str, NestedAttributes]) -> None:
        self._file = file
        self._types = types

    def of_record(self, record: RecordAttributes) -> Iterator[Problem]:
        known = [*(f.name for f in record.fields), *OURS]
        issued = [name for code, issue in record.issue.items() for name in (code, *issue.sources)]
        keys = [name for key in record.identity for name in key]
        named = {"identity": keys, "same_number": record.same_number, "witnesses": record.witnesses}
        for attribute, names in {**named, "issue": issued}.items():
            yield from self._missing("", attribute, names, known)
        of_a_form = [f.name for f in record.fields if f.format]
        yield from self._missing("", "same_number", record.same_number.values(), of_a_form)
        yield from self._of_fields(record, "")

    def _of_fields(self, record: NestedAttributes, inside: str) -> Iterator[Problem]:
        fields = [f.name for f in record.fields]
        for field in record.fields:
            place = f"{inside}{field.name}"
            for attribute in ("required_when", "format_unless"):
                yield from self._missing(place, attribute, _fields_of(getattr(field, attribute)), fields)
            lists = field.codelist.split("|") if field.codelist else ()
            yield from self._missing(place, "codelist", lists, list(codelists()))
            yield from self._reference(place, field)
            kind = field.type[1] if isinstance(field.type, tuple) else field.type
            if isinstance(kind, ListOfRecords):
                yield from self._of_fields(kind.items, f"{place}.")

    def _reference(self, place: str, field: FieldAttributes) -> Iterator[Problem]:
        record_type, _, target = (field.references or "").partition(".")
        if not record_type or record_type in LATER:
            return
        yield from self._missing(place, "references", [record_type], list(self._types))
        if record_type in self._types:
            known = [f.name for f in self._types[record_type].fields]
            yield from self._missing(place, "references", [target], known)

    def _missing(
        self, place: str, attribute: str, names: Iterable[str], known: Sequence[str]
    ) -> Iterator[Problem]:
        for name in dict.fromkeys(names):
            if name not in known:
                near = get_close_matches(name, known, n=5, cutoff=0.5) or sorted(known)
                params = {"attribute": attribute, "name": name, "known": ", ".join(near)}
                yield Problem(NOWHERE, SourceLocation(self._file, field=place), params)


def _fields_of(condition: Any) -> Iterator[str]:
    match condition:
        case None:
            return
        case AllOf():
            parts = condition.every
        case AnyOf():
            parts = condition.some
        case _:
            yield condition.field
            return
    for part in parts:
        yield from _fields_of(part)
