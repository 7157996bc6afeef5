"""What a request says that it brings, against what it brings. Pure."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import Final

from producers.adapters.sniff import Kind
from schemas.errors import Problem, ProblemList, SourceLocation

UNKNOWN_TYPE: Final = "GATE-034"
OTHER_CHARSET: Final = "GATE-035"

FORM: Final = "multipart/form-data"

_SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_EXCEL: Final = "application/vnd.ms-excel"
_LINES: Final = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/jsonlines",
)
_XLSX: Final[frozenset[Kind]] = frozenset({"xlsx"})
_CSV: Final[frozenset[Kind]] = frozenset({"csv"})

KINDS: Final[Mapping[str, frozenset[Kind]]] = {
    "application/json": frozenset({"json"}),
    "text/json": frozenset({"json"}),
    **dict.fromkeys(_LINES, frozenset({"ndjson"})),
    f"{_SHEET}.sheet": _XLSX,
    f"{_SHEET}.template": _XLSX,
    f"{_EXCEL}.sheet.macroenabled.12": _XLSX,
    f"{_EXCEL}.sheet.binary.macroenabled.12": frozenset({"old workbook"}),
    # Programs call so what they hand to Excel, and systems whatever Excel opens.
    _EXCEL: frozenset({"old workbook", "html", "csv"}),
    "text/html": frozenset({"html"}),
    "text/csv": _CSV,
    "application/csv": _CSV,
    "text/tab-separated-values": _CSV,
    "text/plain": _CSV,
}
"""Media type → what a file of it may be."""

ANYTHING: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""Says nothing: what the file is says its content."""

_UTF8: Final = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})
_UTF16: Final = frozenset({"utf-16", "utf-16le", "utf-16be"})
_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Media:
    """A media type and its parameters, in small letters but for the boundary."""

    name: str = ""
    charset: str = ""
    boundary: bytes = b""

    @property
    def kinds(self) -> frozenset[Kind]:
        """What a file of it may be; empty if it says nothing of that."""
        return KINDS.get(self.name, frozenset())


def media(said: Sequence[str]) -> Media:
    """What the Content-Type headers of a request, or of a part, say. Raises ProblemList (GATE-034)."""
    if not said:
        return Media()
    message = Message()
    message["Content-Type"] = said[0]
    name = said[0].partition(";")[0].strip().lower()
    found = Media(name, _text(message, "charset").strip().lower(), _text(message, "boundary").encode())
    if len(said) > 1 or not (name in KINDS or name in ANYTHING or name == FORM):
        raise _wrong(UNKNOWN_TYPE, {"said": name, "known": ", ".join([FORM, *KINDS])})
    if found.charset not in _UTF8 | _UTF16 or (found.charset in _UTF16 and "json" in name):
        raise _wrong(OTHER_CHARSET, {"said": found.charset})
    return found


def file_name(disposition: str, otherwise: str) -> str:
    """The name in a Content-Disposition header, without folders and what no screen shows."""
    message = Message()
    message["Content-Disposition"] = disposition
    name = message.get_filename() or ""
    with suppress(ValueError):  # as it was sent: a header has no characters of its own
        name = name.encode("latin-1").decode("utf-8")
    return plain_name(name, otherwise)


def field_name(disposition: str) -> str:
    """What a form calls a part, as an answer repeats it."""
    message = Message()
    message["Content-Disposition"] = disposition
    found = message.get_param("name", "", "content-disposition")
    return plain_name(found if isinstance(found, str) else "", "")[:50]


def plain_name(name: str, otherwise: str) -> str:
    """A sender's name of a file as we repeat it."""
    base = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in base if c.isprintable()).strip()[:200] or otherwise


def of_another_charset(said: Media, data: bytes, place: SourceLocation) -> list[Problem]:
    """GATE-035: it does not begin as text of that charset does. What is no UTF-8 finds its reader."""
    if said.charset and (said.charset in _UTF16) is not data.startswith(_MARKS):
        return [Problem(OTHER_CHARSET, place, {"said": said.charset})]
    return []


def _text(message: Message, name: str) -> str:
    found = message.get_param(name, "")
    return found if isinstance(found, str) else ""


def _wrong(code: str, params: Mapping[str, str]) -> ProblemList:
    return ProblemList([Problem(code, SourceLocation(field="Content-Type"), dict(params))])
