"""Records that leave by a push over HTTP: a body of its own kind, which names them by their own ids. Pure.

What becomes of them is decided where removals that come by Kafka are: the right is the grant's, and above a
share of the school they wait for its head.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Final

import msgspec

from producers.adapters import packet
from producers.adapters.foreign import Content, Packet
from producers.adapters.packet_json import HEADER, malformed
from producers.adapters.said_twice import Number, Path, loads
from producers.files import Opened
from producers.gateway.body import SentFile
from producers.gateway.exchange import too_large
from producers.lists.answers import Answers
from producers.model import Reading, Target
from schemas.contracts.chunks import MAX_TEXT
from schemas.contracts.contracts import record_types
from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.pointers import pointer

MEMBER: Final = "Removed"
NOBODY: Final = "GATE-043"
NO_ID: Final = "GATE-044"
NO_TYPE: Final = "VAL-012"

BYTES: Final = 1024 * 1024
"""Of a body: some 25,000 ids. It is read where we work, unlike files."""
MOST: Final = 1_000
"""Problems that are told."""

_MARK: Final = b"\xef\xbb\xbf"
_OBJECT: Final = "đối tượng/object {}"
_LIST: Final = "danh sách/list []"


@dataclass(frozen=True)
class Removed:
    """What a body says: for what it is, and own ids by record type; all that is wrong with it."""

    name: str
    header: Mapping[str, str | None]
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def opened(self) -> list[Opened]:
        """As a packet that has a header and no records."""
        return [(self.name, Content("json", packet=self._packet()))]

    def read(self, target: Target) -> Reading:
        """No tables. Raises ProblemList with all that is wrong, as a packet's header would be told, FILE-045
        where columns are said."""
        if unused := Answers(target.columns).unused(SourceLocation(self.name)):
            raise ProblemList([*self.problems, *unused])
        return packet.read(self.name, self._packet(), target)

    def _packet(self) -> Packet:
        return Packet(self.header, {}, self.problems, [])


def of(sent: Sequence[SentFile]) -> Removed | None:
    """The removals that were sent; None of files. Raises ProblemList of what is no JSON object."""
    if [file.said.removals for file in sent] != [True]:
        return None
    (file,) = sent
    if len(file.data) > BYTES:
        raise ProblemList([too_large(BYTES)])
    place, data = SourceLocation(file.name), file.data.removeprefix(_MARK)
    if not data.strip():
        raise ProblemList([Problem("FILE-023", place)])
    try:
        data.decode("utf-8")
        msgspec.json.decode(data, type=msgspec.Raw)
        said, twice = loads(data)
    except UnicodeDecodeError as error:
        raise ProblemList([Problem("FILE-003", place, {"offset": error.start})]) from None
    except (ValueError, RecursionError) as error:
        raise ProblemList([malformed(file.name, data, str(error))]) from None
    if not isinstance(said, dict):
        raise ProblemList([Problem("FILE-005", place, {"found": _kind(said)})])
    header = {n: v.strip() if isinstance(v := said[n], str) else None for n in HEADER if n in said}
    found = chain(_of_form(file.name, said, twice), _faults(file.name, said.get(MEMBER)))
    problems = list(islice(found, MOST))
    return Removed(file.name, header, {} if problems else said[MEMBER], problems)


def at(record_type: str, row: int) -> str:
    """JSON pointer of a record's id, by its position from 1."""
    return pointer([MEMBER, record_type, row - 1])


def _of_form(name: str, said: Mapping[str, Any], twice: Sequence[Path]) -> Iterator[Problem]:
    for path in twice:
        yield Problem("FILE-008", _at(name, *path), {"name": str(path[-1])})
    for member, value in said.items():
        if member not in (*HEADER, MEMBER):
            known = ", ".join((*HEADER, MEMBER))
            yield Problem("FILE-006", _at(name, member), {"name": member, "known": known})
        elif member != MEMBER and isinstance(value, dict | list):
            yield Problem("FILE-007", _at(name, member), {"found": _kind(value), "due": "giá trị/value"})


def _faults(name: str, removed: Any) -> Iterator[Problem]:
    if removed is not None and not isinstance(removed, dict):
        yield Problem("FILE-007", _at(name, MEMBER), {"found": _kind(removed), "due": _OBJECT})
        return
    count = 0
    for record_type, ids in (removed or {}).items():
        if record_type not in record_types():
            yield Problem(NO_TYPE, _at(name, MEMBER, record_type))
        elif not isinstance(ids, list):
            found = {"found": _kind(ids), "due": _LIST}
            yield Problem("FILE-007", _at(name, MEMBER, record_type), found)
        else:
            count += len(ids)
            yield from (
                Problem(NO_ID, _at(name, MEMBER, record_type, n), {"longest": MAX_TEXT})
                for n, own_id in enumerate(ids)
                if not _is_id(own_id)
            )
    if not count:
        yield Problem(NOBODY, _at(name, MEMBER))


def _is_id(said: Any) -> bool:
    """As text, or as the whole number that it was sent as in a packet."""
    if isinstance(said, Number):
        return re.fullmatch(r"-?[0-9]+", said) is not None and len(said) <= MAX_TEXT
    return isinstance(said, str) and 0 < len(said) <= MAX_TEXT and said.isprintable()


def _at(name: str, *steps: str | int) -> SourceLocation:
    member = next((str(step) for step in reversed(steps) if isinstance(step, str)), "")
    return SourceLocation(name, field=member, pointer=pointer(steps))


def _kind(value: Any) -> str:
    return _OBJECT if isinstance(value, dict) else _LIST if isinstance(value, list) else "giá trị/value"
