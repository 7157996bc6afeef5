"""docs/contracts.md: every record type with its fields, every event, every code list in use."""

import json
from typing import Any, Final

from schemas.codes import codelists
from schemas.contracts.contracts import Field, RecordType, record, record_types
from schemas.contracts.contracts_folder import contracts_folder
from schemas.contracts.freeze import current

HEAD: Final = """\
# Hợp đồng dữ liệu — contracts

Printed from `schemas/` by `csdl docs`; do not edit. Topics: `docs/asyncapi.yaml`. Rules: `docs/rules.md`.

A value on a topic is `0x00`, four bytes of schema id (`schemas/ids.json`), the Avro body: the Confluent wire
format. `csdl schemas publish --registry URL` teaches a registry those ids.

## Attributes of a field

| attribute | meaning |
|---|---|
| `label_vi`, `doc` | official label; label and English gloss |
| `spec_type` | type in the specification of 26/10/2020; here a code is text, a flag boolean, a day a date |
| `required` | `yes`, `no`, `conditional` (then `condition` in words, `required_when` for the machine) |
| `required_when` | `{"field": F, "in": [...]}`, `{"field": F, "given": true}`, or `all`, `any` of such |
| `codelist` | list of `schemas/codelists/`; `A\\|B` is either |
| `format` | `digits:10`, `digits:9\\|12`, `email`, `phone`, `school_code`; not where `format_unless` holds |
| `max_length` | longest text in characters. The specification gives none: ours |
| `pii` | `none`, `basic`, `sensitive` (health, ethnicity, religion, party, poverty, discipline) |
| `references` | `Type.Field` of the same dataset that must hold the value |
| `withdrawn` | marked as dropped in the specification: kept for old senders, sending it is a warning |
| `rules` | id and severity of the rules derived from the field, where the ministry's catalogue has one |

An attribute that is none of these, a value that it cannot have and a name that leads nowhere are refused with
file and field (SCH-002 to SCH-005) by every command that reads contracts.

Every field may be null but `ClientId`: a missing value is a violation of a rule, never a chunk that cannot be
encoded. `ClientId` is the vendor's pseudonym of a record and appears in answers; it is classed `none`.

## Whose record it is

`identity` of a record type lists its keys, the strongest first; `identity_scope` says where a key
stands for one record: `school`, `school_year` (of the school), `province`. A key with `Vendor` is
the vendor's own in that school. `same_number` says of a field that a value in another field's form
is that field's number: a card number of twelve digits is the citizen number. `witnesses` say beside
the keys whom a record speaks of: where both sides have at least two and all contradict, a vendor's
own id stands for somebody new (IDN-001), and any other key refuses its record (IDN-002).

## Where we depart from the specification

- `LopHoc.MaLopHoc` is required there and yet issued by the platform: absent, it is issued.
- `HocSinh.HoTenMe`, `HoTenNguoiGiamHo` and their birth dates are all required there; the platform's screens
  ask for one of the two persons: each name is required when the other is absent, a missing birth date warns.
- `HocSinh.NgayTrangThai` is required "when the status changes": whenever the status is not 01, studying.
- `CanBo.HeSo` (decimal) and `NgayHuong` (date) are integers there; here a double and a date.
- `LopHoc.MaNhomTuoiMn` is required there for every class, with a note that says preschool: so here.
- `LopHoc.MaSoTietNgoaiNgu2` names language 1 in its condition, a copy error: language 2 here.
- Communes, districts and countries outside the lists held (`TINH`: all 63; `HUYEN`, `XA`: one province's
  as of 2020) are checked for their shape only.
"""


SCOPES: Final = {
    "school": "within its school",
    "school_year": "within its school and year",
    "province": "everywhere",
}


def render() -> str:
    """Text of docs/contracts.md."""
    lines = [HEAD, "## Record types", ""]
    for record_type in record_types():
        lines += _record(record(record_type))
    lines += ["## Events written by hand", ""]
    schemas = current()
    for path in sorted(contracts_folder().glob("events/*.avsc")):
        lines += _event(schemas[path.stem])
    lines += ["## Code lists", "", "| list | codes |", "|---|---|"]
    lines += [f"| `{name}` | {len(codes)} |" for name, codes in sorted(codelists().items())]
    return "\n".join(lines) + "\n"


def _record(contract: RecordType) -> list[str]:
    identity = "; ".join(" + ".join(f"`{f}`" for f in key) for key in contract.identity)
    witnesses = ", ".join(f"`{f}`" for f in contract.witnesses)
    return [
        f"### {contract.name} — {contract.label_vi}, {contract.label_en}",
        "",
        f"{len(contract.fields)} fields; in the packet `{contract.packet}`, table `{contract.table}`. "
        f"Identity, the first that is given: {identity}; {SCOPES[contract.identity_scope]}."
        + "".join(f" A `{a}` in the form of `{b}` is one." for a, b in contract.same_number.items())
        + (f" Witnesses: {witnesses}." if witnesses else ""),
        "",
        *_fields(contract),
        *(line for field in contract.fields for line in _nested(field)),
    ]


def _nested(field: Field) -> list[str]:
    if field.record is None:
        return []
    contract = field.record
    title = f"#### {field.name}: {contract.name} — {contract.label_vi}, {contract.label_en}"
    inner = [line for f in contract.fields for line in _nested(f)]
    return [title, "", *_fields(contract), *inner]


def _fields(contract: RecordType) -> list[str]:
    lines = [
        "| field | nhãn | gloss | type | required | code list, format | pii |",
        "|---|---|---|---|---|---|---|",
    ]
    for f in contract.fields:
        required = f.condition if f.required == "conditional" else f.required
        values = f.codelist or f.format or (f"→ {f.references}" if f.references else "")
        cells = (
            f"`{f.name}`" + (" (withdrawn)" if f.withdrawn else ""),
            f.label_vi,
            f.gloss_en,
            f.avro_type,
            required,
            values,
            f.pii,
        )
        lines.append(f"| {' | '.join(_cell(c) for c in cells)} |")
    return [*lines, ""]


def _event(schema: dict[str, Any]) -> list[str]:
    lines = [
        f"### {schema['name']}",
        "",
        _cell(schema.get("doc", "")),
        "",
        "| field | type | |",
        "|---|---|---|",
    ]
    for field in schema["fields"]:
        lines.append(f"| `{field['name']}` | {_type(field['type'])} | {_cell(field.get('doc', ''))} |")
    return [*lines, ""]


def _type(avro: Any) -> str:
    match avro:
        case str():
            return avro
        case list():
            return ", ".join(_type(part) for part in avro)
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"type": "map", "values": values}:
            return f"map of {_type(values)}"
        case {"logicalType": str(logical)}:
            return logical
        case {"name": str(name)}:
            return name
        case other:
            return _cell(json.dumps(other))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
