"""What may be written in a ``record.avsc``: a misspelt attribute is refused, never passed over.

pydantic checks the spelling and the values of one file, ``read`` says what is wrong as problems with their
place. What an attribute means stands in ``schemas.contracts.contracts``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    PositiveInt,
    StringConstraints,
    Tag,
    ValidationError,
)
from pydantic import Field as Written
from pydantic_core import ErrorDetails

from schemas.errors import Problem, ProblemList, SourceLocation

UNKNOWN: Final = "SCH-002"
MISSING: Final = "SCH-003"
WRONG: Final = "SCH-004"

FORMATS: Final = r"^(digits:[0-9]+(\|[0-9]+)*|email|phone|school_code)$"

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Rule = Annotated[str, StringConstraints(pattern=r"^[A-Z]+-[0-9]+( (block|warn))?$")]
Kind = Literal["required", "codelist", "format", "max_length", "date", "withdrawn", "references"]


class _Attributes(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Given(_Attributes):
    field: Name
    given: bool


class Among(_Attributes):
    field: Name
    among: list[str | bool | int | float] = Written(alias="in", min_length=1)


class AllOf(_Attributes):
    every: list["Condition"] = Written(alias="all", min_length=1)


class AnyOf(_Attributes):
    some: list["Condition"] = Written(alias="any", min_length=1)


def _kind_of_condition(value: Any) -> str | None:
    kinds = [k for k in ("all", "any", "in", "given") if isinstance(value, dict) and k in value]
    return kinds[0] if len(kinds) == 1 else None


Condition = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Among, Tag("in")]
    | Annotated[Given, Tag("given")],
    Discriminator(
        _kind_of_condition,
        custom_error_type="condition",
        custom_error_message="Input should be field with in or given, or all or any of such",
    ),
]


class _Day(_Attributes):
    type: Literal["int"]
    logical: Literal["date"] = Written(alias="logicalType")


class _Texts(_Attributes):
    type: Literal["array"]
    items: Literal["string"]


class ListOfRecords(_Attributes):
    type: Literal["array"]
    items: "NestedAttributes"


def _kind_of_type(value: Any) -> str | None:
    match value:
        case str():
            return "simple"
        case {"type": "array", "items": str()}:
            return "texts"
        case {"type": "array"}:
            return "records"
        case dict():
            return "day"
    return None


AvroType = Annotated[
    Annotated[Literal["string", "int", "long", "double", "boolean"], Tag("simple")]
    | Annotated[_Day, Tag("day")]
    | Annotated[_Texts, Tag("texts")]
    | Annotated[ListOfRecords, Tag("records")],
    Discriminator(
        _kind_of_type,
        custom_error_type="avro_type",
        custom_error_message="Input should be a simple type, a date, or an array of strings or records",
    ),
]


def _kind_of_field(value: Any) -> str:
    return "nullable" if isinstance(value, list) else "plain"


class FieldAttributes(_Attributes):
    name: Name
    type: Annotated[
        Annotated[tuple[Literal["null"], AvroType], Tag("nullable")] | Annotated[AvroType, Tag("plain")],
        Discriminator(_kind_of_field),
    ]
    default: None = None
    doc: Text
    label_vi: Text
    spec_type: Literal["string", "integer", "float", "timestamp", "bytes", "list", "unspecified"]
    required: Literal["yes", "no", "conditional"]
    condition: Text | None = None
    required_when: Condition | None = None
    codelist: Text | None = None
    format: Annotated[str, StringConstraints(pattern=FORMATS)] | None = None
    format_unless: Condition | None = None
    max_length: PositiveInt | None = None
    pii: Literal["none", "basic", "sensitive"]
    references: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+\.[A-Za-z0-9]+$")] | None = None
    withdrawn: bool = False
    rules: dict[Kind, Rule] = {}


class NestedAttributes(_Attributes):
    type: Literal["record"]
    name: Name
    doc: Text
    label_vi: Text
    label_en: Text
    rule_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]+$")]
    rules: dict[Literal["client_id", "date", "withdrawn"], Rule] = {}
    fields: list[FieldAttributes] = Written(min_length=1)


class _Issue(_Attributes):
    prefix: Text
    sources: list[Name] = Written(alias="from", min_length=1)


class RecordAttributes(NestedAttributes):
    namespace: Text
    packet: str = ""
    table: Annotated[str, StringConstraints(pattern=r"^[a-z_0-9]*$")] = ""
    identity: list[list[Name]] = []
    identity_scope: Literal["school", "school_year", "province"] = "school"
    same_number: dict[Name, Name] = {}
    witnesses: list[Name] = []
    issue: dict[Name, _Issue] = {}


Place = tuple[str, str]
"""(field with the fields it lies in, attribute)."""


def read(text: str, file: str) -> RecordAttributes:
    """A record's contract; ``file`` is how its place is called. Raises ProblemList with all that is wrong."""
    try:
        return RecordAttributes.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
    try:
        raw = json.loads(text)
    except ValueError:
        params = {"attribute": "JSON", "wanted": found[0]["msg"]}
        raise ProblemList([Problem(WRONG, SourceLocation(file), params)]) from None
    raise ProblemList(list({_place(raw, e["loc"]): _problem(raw, e, file) for e in found}.values()))


def _problem(raw: Any, error: ErrorDetails, file: str) -> Problem:
    field, attribute = _place(raw, error["loc"])
    location = SourceLocation(file, field=field)
    match error["type"]:
        case "extra_forbidden" if error["loc"][-1] == attribute:
            known = ", ".join(sorted(_known(FieldAttributes if field else RecordAttributes)))
            return Problem(UNKNOWN, location, {"attribute": attribute, "known": known})
        case "missing" if error["loc"][-1] == attribute:
            return Problem(MISSING, location, {"attribute": attribute})
        case _:
            return Problem(WRONG, location, {"attribute": attribute, "wanted": error["msg"]})


def _known(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _place(raw: Any, loc: Sequence[int | str]) -> Place:
    """Where pydantic's location lies in the file: names of fields instead of their numbers."""
    names: list[str] = []
    attribute = ""
    parts = list(loc)
    while parts:
        match parts.pop(0):
            case "fields" if parts and isinstance(parts[0], int):
                number = parts.pop(0)
                raw = _inside(raw, "fields", number)
                names.append(str(raw.get("name", number)) if isinstance(raw, Mapping) else str(number))
                attribute = ""
            case "items":
                kind = _inside(raw, "type")
                raw, attribute = _inside(kind[-1] if isinstance(kind, list) else kind, "items"), ""
            case str() as part if not attribute:
                attribute = part
    return ".".join(names), attribute


def _inside(raw: Any, *path: int | str) -> Any:
    for part in path:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            return None
    return raw
