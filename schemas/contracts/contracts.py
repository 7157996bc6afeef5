"""The record types, read from ``records/<Type>/record.avsc``: the one place that says what a record holds.

A record type is a folder. Tables, rules, chunk contracts and documents come from the fields below, so nothing
else names a type. The attributes of a field are described in ``docs/contracts.md``.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from schemas.contracts.contracts_folder import contracts_folder
from schemas.errors import ProblemList

Pii = Literal["none", "basic", "sensitive"]
Required = Literal["yes", "no", "conditional"]
Severity = Literal["block", "warn"]
Scope = Literal["school", "school_year", "province"]

REPEATED: Final = "REC-001"
"""Code of a record that an earlier one of its push already is, where no rule of the contract says it."""

SIMPLE: Final = ("string", "int", "long", "double", "boolean", "date")
"""avro_type of a field that is not a list; lists are ``array<string>`` or ``array<record>``."""


@dataclass(frozen=True)
class RuleRef:
    """Id and severity of a derived rule, as the contract names it: ``"HS-102 warn"``, ``"HS-002"``."""

    id: str
    severity: Severity

    @classmethod
    def parse(cls, text: str) -> "RuleRef":
        """Raises ValueError for a severity that is neither block nor warn."""
        rule_id, _, severity = text.partition(" ")
        match severity or "block":
            case "block":
                return cls(rule_id, "block")
            case "warn":
                return cls(rule_id, "warn")
            case other:
                raise ValueError(f"severity {other!r} of rule {rule_id}")


@dataclass(frozen=True)
class Field:
    """One field of a record: its official label, what it may hold, who may see it."""

    name: str
    label_vi: str
    gloss_en: str
    avro_type: str
    nullable: bool
    spec_type: str
    required: Required
    condition: str
    required_when: Mapping[str, Any] | None
    codelist: str | None
    format: str | None
    format_unless: Mapping[str, Any] | None
    max_length: int | None
    pii: Pii
    references: str | None
    withdrawn: bool
    rules: Mapping[str, RuleRef]
    record: "RecordType | None"

    @property
    def column(self) -> str:
        """Column in the database: ``MaLopHocDn`` → ``ma_lop_hoc_dn``."""
        return snake(self.name)

    @property
    def nested(self) -> "list[Field] | None":
        """Fields of the records in this list, None for anything else."""
        return None if self.record is None else self.record.fields

    @property
    def codelists(self) -> tuple[str, ...]:
        """Code lists whose codes the field may hold."""
        return tuple(self.codelist.split("|")) if self.codelist else ()


@dataclass(frozen=True)
class RecordType:
    """One record type. ``identity`` lists the keys to try in turn; ``issue`` says how a code is issued.

    ``identity_scope`` is where a key stands for one record: the school, the school in one school year, the
    province (a key with ``Vendor`` is always the vendor's own in that school). ``same_number``: a value of
    the first field in the second's form is a number of the second. ``witnesses`` are the fields that say,
    beside the keys, whom a record speaks of: where they all contradict, the key stands for another.
    """

    name: str
    label_vi: str
    label_en: str
    rule_prefix: str
    packet: str
    table: str
    identity: list[list[str]]
    identity_scope: Scope
    same_number: Mapping[str, str]
    witnesses: list[str]
    issue: Mapping[str, Mapping[str, Any]]
    rules: Mapping[str, RuleRef]
    fields: list[Field]
    folder: Path

    @property
    def single(self) -> bool:
        """A school has one such record: an object in the packet, not a list."""
        return bool(self.packet) and not self.packet.startswith("Lst")

    @property
    def repeated_client_id(self) -> str:
        """Id of the rule that refuses a ClientId which an earlier record of the push has."""
        rule = self.rules.get("client_id")
        return rule.id if rule else REPEATED

    def field(self, name: str) -> Field:
        """Raises KeyError for a name the type does not have."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.name}.{name}")


def record_types() -> list[str]:
    """Names of the record types, in the order a push sends them: whoever is referred to comes first.

    Raises ProblemList (SCH-002 to SCH-005) if a contract is not written as contracts are.
    """
    return list(_record_types(contracts_folder()))


def record(record_type: str) -> RecordType:
    """Raises KeyError for a type that has no folder."""
    return _record_types(contracts_folder())[record_type]


def avsc(record_type: str) -> dict[str, Any]:
    """The contract as written, attributes and all."""
    text = (record(record_type).folder / "record.avsc").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def snake(name: str) -> str:
    """``SoTietThucDay1tuan`` → ``so_tiet_thuc_day1tuan``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@cache
def _record_types(root: Path) -> dict[str, RecordType]:
    files = {p: p.read_text(encoding="utf-8") for p in sorted(root.glob("records/*/record.avsc"))}
    _check({path.relative_to(root).as_posix(): text for path, text in files.items()})
    return {r.name: r for r in _referred_first([_record(json.loads(t), p.parent) for p, t in files.items()])}


def _check(files: Mapping[str, str]) -> None:
    from schemas.contracts import attributes, names  # with pydantic: not for who only asks for a type's name

    read, problems = {}, []
    for file, text in files.items():
        try:
            read[file] = attributes.read(text, file)
        except ProblemList as error:
            problems += error.problems
    if problems or (problems := names.check(read)):
        raise ProblemList(problems)


def _referred_first(types: list[RecordType]) -> list[RecordType]:
    """By reference; else the one record that a school has only once, then the alphabet."""
    done: list[RecordType] = []
    waiting = sorted(types, key=lambda t: (not t.single, t.name))
    while waiting:
        names = {t.name for t in waiting}
        ready = [t for t in waiting if not (_targets(t.fields) - {t.name}) & names] or waiting[:1]
        done += ready
        waiting = [t for t in waiting if t not in ready]
    return done


def _targets(fields: list[Field]) -> set[str]:
    found = {f.references.split(".")[0] for f in fields if f.references}
    return found.union(*(_targets(f.nested) for f in fields if f.nested))


def _record(schema: Mapping[str, Any], folder: Path) -> RecordType:
    return RecordType(
        name=schema["name"],
        label_vi=schema["label_vi"],
        label_en=schema["label_en"],
        rule_prefix=schema["rule_prefix"],
        packet=schema.get("packet", ""),
        table=schema.get("table", ""),
        identity=schema.get("identity", []),
        identity_scope=schema.get("identity_scope", "school"),
        same_number=schema.get("same_number", {}),
        witnesses=schema.get("witnesses", []),
        issue=schema.get("issue", {}),
        rules=_rules(schema),
        fields=[_field(f, folder) for f in schema["fields"]],
        folder=folder,
    )


def _field(schema: Mapping[str, Any], folder: Path) -> Field:
    nullable = isinstance(schema["type"], list)
    inner = schema["type"][1] if nullable else schema["type"]
    avro_type, items = _avro_type(inner)
    return Field(
        name=schema["name"],
        label_vi=schema["label_vi"],
        gloss_en=schema["doc"].partition(" — ")[2],
        avro_type=avro_type,
        nullable=nullable,
        spec_type=schema["spec_type"],
        required=schema["required"],
        condition=schema.get("condition", ""),
        required_when=schema.get("required_when"),
        codelist=schema.get("codelist"),
        format=schema.get("format"),
        format_unless=schema.get("format_unless"),
        max_length=schema.get("max_length"),
        pii=schema["pii"],
        references=schema.get("references"),
        withdrawn=schema.get("withdrawn", False),
        rules=_rules(schema),
        record=_record(items, folder) if items else None,
    )


def _avro_type(inner: Any) -> tuple[str, Mapping[str, Any] | None]:
    match inner:
        case str() if inner in SIMPLE:
            return inner, None
        case {"type": "int", "logicalType": "date"}:
            return "date", None
        case {"type": "array", "items": "string"}:
            return "array<string>", None
        case {"type": "array", "items": {"type": "record"} as items}:
            return "array<record>", items
        case other:
            raise ValueError(f"a record's field cannot have the Avro type {other!r}")


def _rules(schema: Mapping[str, Any]) -> dict[str, RuleRef]:
    return {kind: RuleRef.parse(text) for kind, text in schema.get("rules", {}).items()}
