"""What the headers of a body, or of a part of a form, say that it is. Pure."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import Final

from producers.adapters.sniff import Kind
from producers.gateway import content_types
from producers.gateway.content_types import ANOTHER_CHARSET
from schemas.errors import Problem, SourceLocation

FORM: Final = "multipart/form-data"
REMOVALS: Final = "application/vnd.csdl.removals+json"

LONGEST_NAME: Final = 200
"""Characters of a file's name."""

_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Media:
    """``kinds``: one of which it is; any if empty. ``boundary``: between the parts of a form. ``removals``:
    it is no file, and names records that leave."""

    kinds: frozenset[Kind] = frozenset()
    charset: str = ""
    boundary: bytes | None = None
    removals: bool = False


def media(said: Sequence[str], *, form: bool = False) -> Media:
    """Of Content-Type headers, where there may be one. ``form``: whether it may be a form,
    or removals.

    Raises ProblemList (FILE-090, 091).
    """
    if not said:
        return Media()
    message = Message()
    message["Content-Type"] = said[0]
    name = said[0].partition(";")[0].strip().lower() if len(said) == 1 and form else ""
    if name == FORM:
        return Media(boundary=_parameter(message, "boundary").encode("utf-8", "replace"))
    if name == REMOVALS:
        return Media(frozenset({"json"}), _parameter(message, "charset").strip().lower(), removals=True)
    kinds = content_types.kinds(", ".join(said))  # of two nobody knows which is meant
    return Media(kinds, _parameter(message, "charset").strip().lower())


def of_another_charset(said: Media, data: bytes, place: SourceLocation) -> list[Problem]:
    """FILE-091: it does not begin as text of that charset does. What is no UTF-8 finds its reader."""
    if said.charset and said.charset.startswith("utf-16") is not data.startswith(_MARKS):
        return [Problem(ANOTHER_CHARSET, place, {"found": said.charset})]
    return []


def file_name(disposition: str, otherwise: str) -> str:
    """The name in a Content-Disposition header, without folders and what no screen shows."""
    message = Message()
    message["Content-Disposition"] = disposition
    name = message.get_filename() or ""
    with suppress(ValueError):  # as it was sent: a header has no characters of its own
        name = name.encode("latin-1").decode("utf-8")
    return _plain(name) or otherwise


def field_name(disposition: str) -> str:
    """What a form calls a part, as an answer repeats it."""
    message = Message()
    message["Content-Disposition"] = disposition
    found = message.get_param("name", "", "content-disposition")
    return _plain(found if isinstance(found, str) else "")[:50]


def _plain(name: str) -> str:
    base = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in base if c.isprintable()).strip()[:LONGEST_NAME]


def _parameter(message: Message, name: str) -> str:
    found = message.get_param(name, "")
    return found if isinstance(found, str) else ""
