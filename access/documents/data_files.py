"""A form's data as JSON: its fields by their names, days as 2020-03-31. All that cannot be read at once.

What is absent is blank, and the form's own check says that it is missing.
"""

import json
from datetime import date
from pathlib import Path
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_type_hints

import msgspec

from access.documents import foreign_files
from access.documents.form1 import Form1
from access.documents.form2 import Form2
from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.organisation.names import clean

NOT_JSON: Final = "FORM-071"
NO_FIELD: Final = "FORM-072"
WRONG_KIND: Final = "FORM-073"
MAX_BYTES: Final = 4 * 1024 * 1024

Form = TypeVar("Form", bound=Form1 | Form2)


def read(path: Path, form: type[Form]) -> Form:
    """Raises ProblemList: FORM-061, 062, 071 to 073."""
    return parse(foreign_files.read(path, MAX_BYTES), form, path.name)


def parse(data: bytes, form: type[Form], file: str) -> Form:
    """``read`` of bytes."""
    place = SourceLocation(file)
    try:
        said = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise ProblemList([Problem(NOT_JSON, place)]) from None
    problems: list[Problem] = []
    read = _struct(said, form, place, "", problems)
    if problems:
        raise ProblemList(problems)
    return read  # type: ignore[no-any-return]


def as_json(form: Form1 | Form2) -> dict[str, Any]:
    """The same the other way: what ``parse`` reads back as this form."""
    plain: dict[str, Any] = msgspec.to_builtins(form)
    return plain


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice")
    return found


def _struct(said: Any, kind: type, place: SourceLocation, above: str, problems: list[Problem]) -> Any:
    if not isinstance(said, dict):
        problems.append(_wrong(place, above or "{}", "object"))
        return None
    due = get_type_hints(kind)
    values = {}
    for name, value in said.items():
        if name not in due:
            at = SourceLocation(place.file, place.sheet, place.row, f"{above}{name}")
            problems.append(Problem(NO_FIELD, at, {"field": f"{above}{name}", "known": ", ".join(due)}))
        elif value is not None:
            values[name] = _value(value, due[name], place, f"{above}{name}", problems)
    return None if problems else kind(**values)


def _value(value: Any, kind: Any, place: SourceLocation, name: str, problems: list[Problem]) -> Any:
    if isinstance(kind, UnionType):
        kind = get_args(kind)[0]
    of = (get_args(kind) or (None,))[0]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(value, kind, place, f"{name}.", problems)
    if isinstance(of, type) and issubclass(of, msgspec.Struct) and isinstance(value, list):
        rows = (SourceLocation(place.file, name, row) for row in range(1, len(value) + 1))
        return tuple(_struct(item, of, at, "", problems) for item, at in zip(value, rows, strict=True))
    try:
        found = msgspec.convert(value, kind)
    except msgspec.ValidationError:
        problems.append(_wrong(place, name, KINDS.get(kind, "list")))
        return None
    return clean(found) if isinstance(found, str) else found


KINDS: Final[dict[Any, str]] = {str: "text", date: "2020-03-31", bool: "true/false", int: "number"}


def _wrong(place: SourceLocation, name: str, due: str) -> Problem:
    at = SourceLocation(place.file, place.sheet, place.row, name)
    return Problem(WRONG_KIND, at, {"field": name, "due": due})
