"""A packet a record a line (NDJSON): a line of the packet's header fields, if any, then an object a line with
one member, named as the packet's member is: ``{"LstHocSinh": {…}}``.

A line ends with LF alone: what else ends one for some programs (U+2028, U+0085) may stand in a text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

import msgspec

from producers.adapters.grid import MAX_RECORDS, MOST_TOLD, TOO_MUCH
from producers.adapters.packet_json import (
    ANOTHER_SPELLING,
    HEADER,
    NOT_TAKEN_YET,
    Packet,
    Part,
    deep_twice,
    header_value,
    known,
    malformed,
    said_twice,
)  # fmt: skip
from schemas.errors import Problem, SourceLocation
from schemas.pointers import pointer

NO_RECORD: Final = "FILE-080"
HEADER_LATER: Final = "FILE-081"
_OBJECT: Final = "đối tượng/object {}"

BLANKS: Final = b" \t\r"
SEARCHED: Final = 20
"""Lines in which one that only NDJSON has is looked for."""

_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LINE: Final = re.compile(rb"[^\n]+")
_ONE: Final = re.compile(rb'[ \t\r]*\{[ \t\r]*"([^"\\]*)"[ \t\r]*:[ \t\r]*')


def is_lines(data: bytes, parts: Mapping[str, Part]) -> bool:
    """Whether the text, which begins as JSON does, is a packet a record a line. Of one line alone only if a
    packet could not hold it."""
    lines = [line for _, _, line in islice(_lines(data), SEARCHED)]
    singles = {part.member for part in parts.values() if part.single}
    listed = {*NOT_TAKEN_YET, *(part.member for part in parts.values())} - singles
    telling = {*listed, *ANOTHER_SPELLING, *((*singles, *HEADER) if len(lines) > 1 else ())}
    for line in lines:
        begun = _ONE.match(line)
        if begun and begun[1].decode("utf-8", "replace") not in telling:
            continue  # whatever follows: a packet of megabytes is not read for this alone
        try:
            members = _MEMBERS.decode(line)
        except (msgspec.DecodeError, RecursionError):
            continue
        names = {ANOTHER_SPELLING.get(name, name) for name in members}
        if len(lines) > 1 and names and names <= set(HEADER):
            return True
        if len(names) == 1 and bytes(*members.values()).startswith(b"{"):
            (name,) = names
            if name in listed or (name in singles and len(lines) > 1):
                return True
    return False


def _lines(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(number from 1, where it begins, line) of those that are not blank."""
    number, last = 1, 0
    for found in _LINE.finditer(data):
        start = found.start()
        number, last = number + data.count(b"\n", last, start), start
        line = found[0]
        if line.strip(BLANKS):
            yield number, start, line


def split(source: str, data: bytes, parts: Mapping[str, Part]) -> tuple[Packet, list[Problem]]:
    """(packet, problems); ``parts`` by record type. ``packet.header`` is None where no line says it."""
    reader = _Reader(source, parts)
    for number, start, line in _lines(data):
        reader.take(number, line, start)
        if len(reader.problems) > MOST_TOLD:
            break
    return reader.packet, reader.problems


class _Reader:
    def __init__(self, source: str, parts: Mapping[str, Part]) -> None:
        self.packet = Packet(None, {}, [])
        self.problems: list[Problem] = []
        self._source, self._known = source, known(parts)
        self._parts = {part.member: (record_type, part.single) for record_type, part in parts.items()}
        self._begun = False
        self._told: set[str] = set()

    def take(self, number: int, line: bytes, at: int) -> None:
        """A line that is not blank, and where it begins."""
        first, self._begun = not self._begun, True
        try:
            members = _MEMBERS.decode(line)
        except msgspec.ValidationError:
            self._say(NO_RECORD, number)
        except (msgspec.DecodeError, RecursionError) as error:
            self.problems.append(malformed(self._source, line, str(error), number, at))
        else:
            self._members(number, line, members, first)

    def _members(self, number: int, line: bytes, members: dict[str, msgspec.Raw], first: bool) -> None:
        twice = [] if _is_one(line, members) else said_twice(line, members)
        if twice:
            for name in twice:
                self._say("FILE-008", number, name, name=name)
        elif members and members.keys() <= set(HEADER):
            self._header(number, members, first)
        elif len(members) != 1:
            self._say(NO_RECORD, number)
        else:
            ((name, raw),) = members.items()
            self._record(number, name, bytes(raw))

    def _header(self, number: int, members: dict[str, msgspec.Raw], first: bool) -> None:
        if not first:
            self._say(HEADER_LATER, number)
            return
        header: dict[str, str | None] = {}
        for name, raw in members.items():
            header[name], wrong = header_value(bytes(raw), self._place(number, name))
            self.problems += wrong
        self.packet = replace(self.packet, header=header, header_line=number)

    def _record(self, number: int, name: str, value: bytes) -> None:
        member = ANOTHER_SPELLING.get(name, name)
        if member in NOT_TAKEN_YET:
            if member not in self._told:
                self.packet.warnings.append(Problem("FILE-204", self._place(number, name), {"name": name}))
            self._told.add(member)
            self.problems += deep_twice(self._place(number, name), value)
            return
        if member not in self._parts:
            self._say("FILE-006", number, name, name=name, known=self._known)
            return
        record_type, single = self._parts[member]
        if value[:1] != b"{":
            found = "danh sách/list []" if value[:1] == b"[" else "giá trị/value"
            self._say("FILE-007", number, name, found=found, due=_OBJECT)
            return
        records = self.packet.lists.setdefault(record_type, [])
        if single and (records or member in self._told):
            self._say("FILE-008", number, name, name=name)
        elif single and not value.strip(b"{} \r\n\t"):
            self._told.add(member)
        elif len(records) == MAX_RECORDS:
            self._too_much(member)
        else:
            records.append(value)
            self.packet.names.setdefault(record_type, name)
            self.packet.lines.setdefault(record_type, []).append(number)

    def _too_much(self, member: str) -> None:
        if (TOO_MUCH + member) not in self._told:
            self.problems.append(Problem(TOO_MUCH, SourceLocation(self._source, field=member)))
        self._told.add(TOO_MUCH + member)

    def _say(self, code: str, number: int, member: str = "", **params: str) -> None:
        self.problems.append(Problem(code, self._place(number, member), params))

    def _place(self, number: int, name: str = "") -> SourceLocation:
        at = pointer([name] if name else [])
        return SourceLocation(self._source, row=number, field=name, pointer=at)


def _is_one(line: bytes, members: dict[str, msgspec.Raw]) -> bool:
    """Whether one member alone is said, at a glance; else it is to be looked at."""
    begun = _ONE.match(line) if len(members) == 1 else None
    if begun is None:
        return False
    (raw,) = members.values()
    return line[begun.end() + len(memoryview(raw)) :].strip(BLANKS) == b"}"
