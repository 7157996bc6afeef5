"""Which kinds of file a body may be by its Content-Type."""

from email.message import Message
from typing import Final

from producers.adapters.sniff import Kind
from schemas.errors import Problem, ProblemList

UNKNOWN: Final = "FILE-090"
ANOTHER_CHARSET: Final = "FILE-091"

KINDS: Final[dict[str, frozenset[Kind]]] = {
    "application/json": frozenset({"json"}),
    "text/json": frozenset({"json"}),
    "application/x-ndjson": frozenset({"ndjson"}),
    "application/ndjson": frozenset({"ndjson"}),
    "application/jsonl": frozenset({"ndjson"}),
    "application/x-jsonlines": frozenset({"ndjson"}),
    "application/json-lines": frozenset({"ndjson"}),
    "text/csv": frozenset({"csv"}),
    "text/tab-separated-values": frozenset({"csv"}),
    "text/html": frozenset({"html"}),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": frozenset({"xlsx"}),
    "application/vnd.ms-excel.sheet.macroenabled.12": frozenset({"xlsx"}),
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": frozenset({"old workbook"}),
    "application/vnd.ms-excel": frozenset({"old workbook", "html", "csv", "xlsx"}),
    "application/octet-stream": frozenset(),
}
"""What Excel opens is sent under its name, whatever it is. Of bytes alone the content says the kind."""

_UTF_8: Final = frozenset({"utf-8", "utf8", "us-ascii"})
_WITH_MARK: Final = _UTF_8 | {"utf-16", "utf-16le", "utf-16be"}
_TEXT: Final[dict[Kind, frozenset[str]]] = {
    "json": _UTF_8, "ndjson": _UTF_8, "csv": _WITH_MARK, "html": _WITH_MARK,
}  # fmt: skip


def kinds(said: str) -> frozenset[Kind]:
    """Kinds that a Content-Type names; none where it leaves that to the content ("" too).

    Raises ProblemList: FILE-090 for a type that is not known, 091 for a charset that its text cannot have.
    """
    if not said.strip():
        return frozenset()
    message = Message()
    message["Content-Type"] = said
    name = message.get_content_type() if "/" in said.partition(";")[0] else ""
    if name not in KINDS:
        raise ProblemList([Problem(UNKNOWN, params={"found": said, "known": ", ".join(KINDS)})])
    charset, found = str(message.get_param("charset", "utf-8")).lower(), KINDS[name]
    if any(charset not in _TEXT[kind] for kind in found if kind in _TEXT):
        raise ProblemList([Problem(ANOTHER_CHARSET, params={"found": charset})])
    return found
