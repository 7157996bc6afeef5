"""The outer JSON of a packet: well formed, an object, known members, each said once; all faults at once."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import pyarrow as pa

from producers.adapters.grid import MAX_NAMES, MAX_RECORDS, TOO_MUCH
from producers.adapters.packet_columns import Field
from schemas.errors import Problem, SourceLocation

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
    """Members of a packet as raw JSON. ``lists``: record type → its records, in order."""

    header: dict[str, str | None]
    lists: dict[str, list[bytes]]
    warnings: list[Problem]


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
    problems = [
        Problem("FILE-008", SourceLocation(source, field=name), {"name": name})
        for name in _twice(data, members)
    ]
    spelt: dict[str, str] = {}
    for name in members:
        if spelt.setdefault(ANOTHER_SPELLING.get(name, name), name) != name:
            problems.append(Problem("FILE-008", SourceLocation(source, field=name), {"name": name}))
    packet = Packet({}, {}, [])
    lists = {part.member: record_type for record_type, part in parts.items()}
    for name, raw in members.items():
        place, member = SourceLocation(source, field=name), ANOTHER_SPELLING.get(name, name)
        value = bytes(raw)
        if member in HEADER:
            packet.header[member] = _scalar(value)
            if value[:1] in b"[{":
                problems.append(Problem("FILE-007", place, {"found": _kind(value), "due": "giá trị/value"}))
        elif member in lists:
            problems += _records(packet, lists[member], parts[lists[member]].single, place, value)
        elif member in NOT_TAKEN_YET:
            if value not in (b"null", b"[]", b"{}"):
                packet.warnings.append(Problem("FILE-204", place, {"name": name}))
        else:
            problems.append(Problem("FILE-006", place, {"name": name, "known": ", ".join([*HEADER, *lists])}))
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


def _scalar(value: bytes) -> str | None:
    """Text of a header's value: 2019 and "2019" are the same."""
    read = json.loads(value, parse_int=str, parse_float=str)
    return read.strip() if isinstance(read, str) else None


def _kind(value: bytes) -> str:
    first = value.lstrip()[:1]
    return {b"[": "danh sách/list []", b"{": "đối tượng/object {}"}.get(first, "giá trị/value")


def _twice(data: bytes, members: dict[str, msgspec.Raw]) -> list[str]:
    """Names that stand more than once at the top: what is left of the text beside the values says it."""
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


def malformed(source: str, data: bytes, reason: str) -> Problem:
    """FILE-004 with line, column and byte where the text stops being JSON."""
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
    return Problem(
        "FILE-004", SourceLocation(source, row=line), {"line": line, "column": column, "offset": offset}
    )
