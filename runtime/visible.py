"""What others wrote, as text that a terminal or a log shows and does not obey."""

import unicodedata
from typing import Final

_OBEYED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control, format (bidi, zero width), surrogate, line and paragraph separator: unseen, or moving others."""


def visible(value: object) -> str:
    r"""The value as one line: each such character as an escape (``\x1b``, ``\u202e``, ``\n``)."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) if unicodedata.category(char) in _OBEYED else char for char in text)


def visible_json(text: str) -> str:
    """JSON text with such characters as JSON's own escapes; line ends stay, they are the layout's."""
    if text.isascii():  # json itself escapes all below the blank
        return text.replace("\x7f", "\\u007f")
    return "".join(
        _json(char) if unicodedata.category(char) in _OBEYED and char != "\n" else char for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def _json(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
