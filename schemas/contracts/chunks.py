"""The chunk contracts, derived from each record type: what vendors report and what the Ministry is sent."""

from typing import Any, Final

from schemas.contracts.contracts import avsc, record_types

NAMESPACE: Final = "vn.csdl.events"

MAX_RECORDS: Final = 500
"""Records of a chunk."""
MAX_VALUE: Final = 4 * 1024 * 1024
"""Bytes. A larger chunk's verdict, with a refusal a field of each record, might not fit a topic's 8 MiB."""
MAX_TEXT: Final = 200
"""Characters of a text in a chunk's header, and bytes of a value that identifies a record."""

KEPT: Final = {"type", "name", "namespace", "doc", "items", "values", "symbols", "fields", "default"} | {
    "logicalType"
}
"""What a chunk contract keeps of a record's contract. Labels, rules and code lists stay in ``record.avsc``:
they change without a new version, and every call of the codec reads the text anew."""

Schema = dict[str, Any]


def chunk_contracts() -> dict[str, Schema]:
    """name → schema of ``<Type>Reported`` and ``<Type>Exported`` for every record type."""
    derived = [make(t) for t in record_types() for make in (reported, exported)]
    return {schema["name"]: schema for schema in derived}


def reported(record_type: str) -> Schema:
    """Records of one type that a vendor pushes for one school; validation moves the refused ones aside."""
    return _chunk(
        f"{record_type}Reported",
        f"A chunk of {record_type} records of one push; on the accepted topic: with its verdict.",
        [
            _field("PushId", "string", "Id of the sending"),
            _field("Vendor", "string", "Vendor of the topic it arrived on"),
            _field("MaTruongHoc", "string", "Mã trường học — school code"),
            _field("NamHoc", "int", "Năm học — school year as its first calendar year"),
            _field("LoaiDongBo", "string", "Loại đồng bộ — kind of synchronisation (LOAI_DONG_BO)"),
            _field("Chunk", "int", "Number of the chunk in its push, from 0"),
            _field("Source", "string", "Name of the file or packet"),
            _field("Sheet", "string", "Sheet of the workbook or list of the packet"),
            _field("Rows", _array("int"), "Position in the source of each of Records, from 1"),
            _field("Records", _array(_structural(avsc(record_type))), "The records"),
            _field("Refused", _array(_refusal()), "Records left out, with their place and the rule"),
        ],
    )


def exported(record_type: str) -> Schema:
    """Records of one type of an approved version, on their way to the Ministry."""
    return _chunk(
        f"{record_type}Exported",
        f"A chunk of {record_type} records of one approved version.",
        [
            _field("ExportId", "string", "Id of the export"),
            _field("DatasetId", "string", "Dataset: school, school year, period"),
            _field("MaTruongHoc", "string", "Mã trường học — school code"),
            _field("NamHoc", "int", "Năm học — school year as its first calendar year"),
            _field("Period", "string", "start, changes or end"),
            _field("Version", "int", "Version that was approved"),
            _field("Chunk", "int", "Number of the chunk in its export, from 0"),
            _field("Ids", _array("string"), "Identity of each of Records, to match receipts"),
            _field("Records", _array(_structural(avsc(record_type))), "The records"),
        ],
    )


def _refusal() -> Schema:
    return {
        "type": "record",
        "name": "Refusal",
        "doc": "A record that was left out: where it stood and why, never what it held.",
        "fields": [
            _field("ClientId", "string", "The vendor's own id of the record, empty if it had none"),
            _field("Row", "int", "Position in the source, from 1"),
            _field("Rule", "string", "Id of the rule or error"),
            _field("Fields", _array("string"), "Names of the fields at fault"),
        ],
    }


def _chunk(name: str, doc: str, fields: list[Schema]) -> Schema:
    return {"type": "record", "name": name, "namespace": NAMESPACE, "doc": doc, "fields": fields}


def _field(name: str, avro_type: Any, doc: str) -> Schema:
    return {"name": name, "type": avro_type, "doc": doc}


def _array(items: Any) -> Schema:
    return {"type": "array", "items": items}


def _structural(schema: Any) -> Any:
    """A schema without the attributes that say nothing about the bytes."""
    if isinstance(schema, list):
        return [_structural(part) for part in schema]
    if isinstance(schema, dict):
        return {key: _structural(value) for key, value in schema.items() if key in KEPT}
    return schema
