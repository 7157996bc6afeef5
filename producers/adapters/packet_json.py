"""The outer JSON of a packet: well formed, an object, known members, each said once; all faults at once."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec
import pyarrow as pa

from producers.adapters.grid import MAX_NAMES, MAX_RECORDS, TOO_MUCH
from producers.adapters.packet_columns import Field
from producers.adapters.said_twice import SAID_TWICE, loads
from schemas.errors import Problem, SourceLocation
from schemas.pointers import pointer

HEADER: Final = ("MaTruongHoc", "NamHoc", "LoaiDongBo")

ANOTHER_SPELLING: Final = {"TruongHocInfo": "TruonghocInfo"}
"""One sheet of the specification writes the first."""

NOT_TAKEN_YET: Final = ("LstDiemTruongInfo", "CoSoVatChat", "NganSach")
"""Members of the specification whose records this system does not take yet: reported, never silently lost."""


class Part(msgspec.Struct, frozen=True):
    """A member of the packet that holds records: its name, whether it holds one, their fields."""

    member: str
    single: bool
    fields: list[Field]


@dataclass(frozen=True)
class Packet:
    """Members of a packet as raw JSON. ``lists``: record type → its records, in order; ``names``: record type
    → its member as it is written.

    ``lines``: of a packet a record a line, record type → the records' lines. ``header`` is None where such a
    one says none, ``header_line`` the line that says it.
    """

    header: dict[str, str | None] | None
    lists: dict[str, list[bytes]]
    warnings: list[Problem]
    names: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    header_line: int = 0


def is_packet(members: Iterable[str], parts: Mapping[str, Part]) -> bool:
    """Whether one of a packet's members is among them: of its lists in whatever capitals; ``maTruongHoc``
    stands beside the lists of other answers, too."""
    lists = {*ANOTHER_SPELLING, *NOT_TAKEN_YET, *(part.member for part in parts.values())}
    said, folded = set(members), {name.lower() for name in lists}
    return not said.isdisjoint(HEADER) or not folded.isdisjoint(name.lower() for name in said)


def split(source: str, data: bytes, parts: Mapping[str, Part]) -> tuple[Packet | None, list[Problem]]:
    """(packet, problems); ``parts`` by record type. ``packet`` is None where nothing can be read of it."""
    try:
        members = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return None, [Problem("FILE-005", SourceLocation(source), {"found": _kind(data)})]
    except (msgspec.DecodeError, RecursionError) as error:
        return None, [malformed(source, data, str(error))]
    if len(members) > MAX_NAMES:
        return None, [Problem(TOO_MUCH, SourceLocation(source))]
    problems = [Problem("FILE-008", _at(source, name), {"name": name}) for name in said_twice(data, members)]
    spelt: dict[str, str] = {}
    for name in members:
        if spelt.setdefault(ANOTHER_SPELLING.get(name, name), name) != name:
            problems.append(Problem("FILE-008", _at(source, name), {"name": name}))
    header: dict[str, str | None] = {}
    packet = Packet(header, {}, [])
    lists = {part.member: record_type for record_type, part in parts.items()}
    for name, raw in members.items():
        place, member = _at(source, name), ANOTHER_SPELLING.get(name, name)
        value = bytes(raw)
        if member in HEADER:
            header[member], wrong = header_value(value, place)
            problems += wrong
        elif member in lists:
            packet.names[lists[member]] = name
            problems += _records(packet, lists[member], parts[lists[member]].single, place, value)
        elif member in NOT_TAKEN_YET:
            if value not in (b"null", b"[]", b"{}"):
                packet.warnings.append(Problem("FILE-204", place, {"name": name}))
                problems += deep_twice(place, value)
        else:
            problems.append(Problem("FILE-006", place, {"name": name, "known": known(parts)}))
    return packet, problems


def _records(
    packet: Packet, record_type: str, single: bool, place: SourceLocation, value: bytes
) -> list[Problem]:
    if value == b"null":
        return []
    if value[:1] != (b"{" if single else b"["):
        due = "đối tượng/object {}" if single else "danh sách/list []"
        return [Problem("FILE-007", place, {"found": _kind(value), "due": due})]
    if single:
        packet.lists[record_type] = [value] if value.strip(b"{} \r\n\t") else []
    else:
        records = msgspec.json.decode(value, type=list[msgspec.Raw])
        if len(records) > MAX_RECORDS:
            return [Problem(TOO_MUCH, place)]
        packet.lists[record_type] = [bytes(r) for r in records]
    return []


def _at(source: str, name: str) -> SourceLocation:
    return SourceLocation(source, field=name, pointer=pointer([name]))


def known(parts: Mapping[str, Part]) -> str:
    """Members that a packet may have, for people."""
    return ", ".join([*HEADER, *(part.member for part in parts.values())])


def header_value(value: bytes, place: SourceLocation) -> tuple[str | None, list[Problem]]:
    """Text of a header's value: 2019 and "2019" are the same; FILE-007 where it is none."""
    if value[:1] in b"[{":
        return None, [Problem("FILE-007", place, {"found": _kind(value), "due": "giá trị/value"})]
    read = json.loads(value, parse_int=str, parse_float=str)
    return (read.strip() if isinstance(read, str) else None), []


def deep_twice(place: SourceLocation, value: bytes) -> list[Problem]:
    """Of a member that is not read on: what its objects, however deep, name twice."""
    _, paths = loads(value)
    return [Problem(SAID_TWICE, replace(place, pointer=place.pointer + pointer(path))) for path in paths]


def _kind(value: bytes) -> str:
    first = value.lstrip()[:1]
    return {b"[": "danh sách/list []", b"{": "đối tượng/object {}"}.get(first, "giá trị/value")


def said_twice(data: bytes, members: dict[str, msgspec.Raw]) -> list[str]:
    """Names that stand more than once in an object itself: what is left of the text beside the values says
    it."""
    whole = pa.py_buffer(data)
    spans = []
    for raw in members.values():
        part = pa.py_buffer(memoryview(raw))
        spans.append((part.address - whole.address, part.size))
    rest, at = [], 0
    for start, size in sorted(spans):
        rest.append(data[at:start])
        at = start + size
    skeleton = b"".join([*rest, data[at:]])
    if len(re.findall(rb'"[^"]*"\s*:', skeleton)) == len(members):
        return []
    names = Counter(name for name, _ in json.loads(data, object_pairs_hook=list))
    return sorted(name for name, times in names.items() if times > 1)


def malformed(source: str, data: bytes, reason: str, first: int = 1, begins: int = 0) -> Problem:
    """FILE-004 with line, column and byte where the text stops being JSON; ``first`` is its line in the file,
    ``begins`` where that begins."""
    text = data.decode("utf-8")
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        offset, line, column = len(text[: error.pos].encode()), error.lineno, error.colno
    except RecursionError:
        offset, line, column = 0, 1, 1
    else:
        found = re.search(r"byte (\d+)", reason)
        offset = int(found[1]) if found else 0
        before = data[:offset].decode("utf-8", "ignore")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    line, offset = line + first - 1, offset + begins
    return Problem(
        "FILE-004", SourceLocation(source, row=line), {"line": line, "column": column, "offset": offset}
    )
