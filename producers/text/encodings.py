"""Text of the old Vietnamese encodings, read as if it were Unicode: TCVN3 (ABC), VNI, VISCII; and UTF-8 read
as a Windows code page (``Nguyá»…n``), whose letters may be lost for good.

A cell is recognised where it is no Vietnamese as it stands and every word of it is once decoded; a cell that
could be both is decided by its column.
"""

import re
from functools import lru_cache
from typing import Final

from producers.text.syllables import is_syllable, is_well_toned, letter_pairs

TCVN3: Final = "TCVN3 (ABC)"
VNI: Final = "VNI"
VISCII: Final = "VISCII"
MOJIBAKE: Final = "UTF-8"

TCVN3_LETTERS: Final = dict(
    zip(
        "¡¢£¤¥¦§¨©ª«¬\u00ad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ",
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
_VNI_MARKS: Final = {
    "a": ("øùûõïâàáåãäêèéúüë", "àáảãạâầấẩẫậăằắẳẵặ"),
    "e": ("øùûõïâàáåãä", "èéẻẽẹêềếểễệ"),
    "o": ("øùûõïâàáåãä", "òóỏõọôồốổỗộ"),
    "ô": ("øùûõï", "ờớởỡợ"),
    "u": ("øùûõï", "ùúủũụ"),
    "ö": ("øùûõï", "ừứửữự"),
    "y": ("øùûõ", "ỳýỷỹ"),
}
_VNI_ALONE: Final = dict(zip("ìíæóòôöîñ", "ìíỉĩịơưỵđ", strict=True))
VISCII_LETTERS: Final = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉ"
    "đựòóôõỏọụùúũủýợỮ"
)
"""From byte 80 on; the six letters below 20 are control characters that no cell holds."""

_SIGNS: Final = re.compile(r"(?<![^\W\d_])[°²³½¼¾±º×](?![^\W\d_])|[0-9]\s?m[²³]")
"""Signs that people write: no letters, unless one stands before them."""

_ASCII: Final = re.compile("[^A-Za-z]")
_LATIN: Final = re.compile(r"[^\W\d_]+")
_UTF8_READ_AS_LATIN: Final = re.compile(
    r"[ÃĂÄÆÂ][\u0080-\u00bf\u0152-\u017e\u02c6\u02dc\u2013-\u203a€™]|á[º»¼½]"
)


def is_vietnamese(text: str, *, toned: bool = False) -> bool:
    """Whether every word can be a syllable; words of ASCII letters alone are nobody's fault. ``toned``: each
    tone on the letter where it belongs, too."""
    words = _LATIN.findall(text)
    return bool(words) and all(
        word.isascii() or (is_syllable(word) and (not toned or is_well_toned(word))) for word in words
    )


def readings(text: str) -> tuple[str, ...]:
    """Encodings that make Vietnamese of a text, whatever it says as it stands; the likeliest first."""
    said = _utf8(text)
    if (said is not None and is_vietnamese(said)) or (_UTF8_READ_AS_LATIN.search(text) and said != text):
        return (MOJIBAKE,)
    found = {VNI: _vni(text), TCVN3: _table(text, TCVN3_LETTERS)}
    if not _SIGNS.search(text):
        found[VISCII] = _viscii(text)
    names = [name for name, said in found.items() if said is not None and said != text and _says(said)]
    if len(names) > 1 and not _telltale().search(text.lower()):
        names.sort(key=lambda name: name != TCVN3)
    return tuple(names)


@lru_cache(maxsize=1)
def _telltale() -> re.Pattern[str]:
    return re.compile("|".join(telltale_pairs()))


def _says(said: str) -> bool:
    """Letters, blanks and the signs of names and addresses, all words Vietnamese, none mixing small letters
    before large ones."""
    return (
        is_vietnamese(said, toned=True)
        and not re.search(r"[^\w\s.,;:/()'’\"&+–-]", said)
        and not any(re.search(r"[^\W\d_]", w) and not _one_case(w) for w in _LATIN.findall(said))
    )


def _one_case(word: str) -> bool:
    return word[1:].islower() or word.isupper() or len(word) == 1


def _utf8(text: str) -> str | None:
    """The bytes that a Windows code page made these letters of, as UTF-8; None if they are none."""
    for page in ("cp1252", "cp1258"):
        data = bytearray()
        for char in re.sub("(?<=[ÃĂ]) ", "\u00a0", text):
            try:
                data += char.encode(page)
            except UnicodeEncodeError:
                if ord(char) > 0xFF:
                    break
                data.append(ord(char))
        else:
            try:
                return data.decode("utf-8")
            except UnicodeDecodeError:
                continue
    return None


def _table(text: str, table: dict[str, str]) -> str | None:
    if any(ord(char) > 0xFF for char in text):
        return None
    said = "".join(table.get(char, char) for char in text)
    # Capitals with a tone have no letters of their own: another font shows the small ones large.
    return " ".join(w.upper() if _ASCII.sub("", w).isupper() else w for w in said.split(" "))


def _vni(text: str) -> str | None:
    if any(ord(char) > 0xFF for char in text):
        return None
    return _vni_pairs().sub(lambda m: vni_letters()[m[0]], text)


@lru_cache(maxsize=1)
def vni_letters() -> dict[str, str]:
    """A letter and its mark, or a letter of its own → the letter that they say."""
    pairs = {
        base + mark: letter
        for base, (marks, letters) in _VNI_MARKS.items()
        for mark, letter in zip(marks, letters, strict=True)
    }
    small = pairs | _VNI_ALONE
    mixed = {k[:1].upper() + k[1:]: v.upper() for k, v in pairs.items()}
    return mixed | {k.upper(): v.upper() for k, v in small.items()} | small


@lru_cache(maxsize=1)
def _vni_pairs() -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, vni_letters()), key=len, reverse=True)))


def _viscii(text: str) -> str | None:
    said = []
    for char in text:
        try:
            byte = char.encode("cp1252")[0]
        except UnicodeEncodeError:
            if ord(char) > 0xFF:
                return None
            byte = ord(char)
        said.append(VISCII_LETTERS[byte - 0x80] if byte >= 0x80 else char)
    return "".join(said)


def telltale_pairs() -> list[str]:
    """Two small letters of VNI that no Vietnamese syllable has beside each other."""
    pairs = letter_pairs()
    return sorted(p for p in vni_letters() if len(p) == 2 and p.islower() and p not in pairs)
