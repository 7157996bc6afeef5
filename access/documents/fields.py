"""What single fields of the forms may hold. Pure; no text of an error repeats what stands in a field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import msgspec

from producers.text import fold, nfc
from schemas.errors import Problem, SourceLocation
from schemas.organisation.names import CODE, clean, strange

MISSING: Final = "FORM-001"
TOO_LONG: Final = "FORM-002"
STRANGE: Final = "FORM-003"
NO_NUMBER: Final = "FORM-004"
TO_COME: Final = "FORM-005"
NO_LEVEL: Final = "FORM-006"
TWICE: Final = "FORM-007"
NO_PHONE: Final = "FORM-008"
NO_EMAIL: Final = "FORM-009"
NO_ACCOUNT: Final = "FORM-010"
NO_CODE: Final = "FORM-011"
OTHER_VENDOR: Final = "FORM-015"

LEVELS: Final = ("MN", "TH", "THCS", "THPT", "GDTX")
"""Levels as the forms print them; the centres' is ours, for they ask too."""

VENDORS: Final = {"smas": ("viettel", "smas"), "vnedu": ("vnpt", "vnedu")}
"""Software → words of which one names its vendor. Of any other software any vendor is taken."""

LONGEST: Final = 200
_KINDS: Final = re.compile(r"^(huyện|thành phố|tp\.?|thị xã|tx\.?|quận|phường|xã|đặc khu|ubnd) ")
_NUMBER: Final = re.compile(r"[0-9]{1,6}(/[0-9A-ZĐÀ-Ỹ&.-]{1,40})?")
_PHONE: Final = re.compile(r"0[0-9]{9,10}")
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,5}")
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_PASSWORD: Final = re.compile(r"(?i)(^|[._@-])(mk|mat-?khau|pass(word)?|pw|pwd)([._@-]|$)")


def names_area(unit: str, area: str) -> bool:
    """Whether a unit's name ends with an area's: Phòng GDĐT TP Thái Nguyên, of Thành phố Thái Nguyên."""
    return f" {fold(unit)}".endswith(f" {fold(bare_area(area))}")


def bare_area(area: str) -> str:
    """An area's name without what it is, in small letters: Huyện Định Hóa, định hóa."""
    return _KINDS.sub("", nfc(area).lower())


class Person(msgspec.Struct, frozen=True):
    """An officer: what is printed, and neither logged nor shown."""

    name: str = ""
    phone: str = ""
    email: str = ""

    def __repr__(self) -> str:
        return "Person(…)"


@dataclass
class Checks:
    """All that is wrong with the fields of one form, or of one line of it.

    ``captions``: field → how the form calls it; ``place``: the form, or the line.
    """

    captions: Mapping[str, str]
    place: SourceLocation
    problems: list[Problem] = field(default_factory=list)

    def add(self, code: str, name: str, **params: object) -> None:
        """One problem of a field."""
        at = SourceLocation(self.place.file, self.place.sheet, self.place.row, name)
        self.problems.append(Problem(code, at, {"field": self.captions[name], **params}))

    def text(self, name: str, value: str, *, needed: bool = True) -> bool:
        """Whether it is a text of one line in Vietnamese or Latin letters (FORM-001 to 003)."""
        if not value.strip():
            if needed:
                self.add(MISSING, name)
            return False
        if len(value) > LONGEST:
            self.add(TOO_LONG, name, most=LONGEST)
            return False
        if found := strange(value):
            self.add(STRANGE, name, found=found)
        return not found

    def matching(self, name: str, value: str, pattern: re.Pattern[str], code: str) -> None:
        """FORM-001, or the code where it has not the form that it must have."""
        if not value.strip():
            self.add(MISSING, name)
        elif not pattern.fullmatch(value):
            self.add(code, name)

    def number(self, name: str, value: str) -> None:
        """A document's number, such as 53/SGDĐT-KTKĐCL."""
        self.matching(name, value, _NUMBER, NO_NUMBER)

    def code(self, name: str, value: str) -> None:
        """A unit's code."""
        self.matching(name, value, re.compile(CODE), NO_CODE)

    def account(self, name: str, value: str) -> None:
        """An account's name, and nothing that looks like its password."""
        self.matching(name, value, _ACCOUNT, NO_ACCOUNT)
        if _ACCOUNT.fullmatch(value) and _PASSWORD.search(value):
            self.add(NO_ACCOUNT, name)

    def day(self, name: str, value: date | None, today: date) -> None:
        """A day that has come."""
        if value is None:
            self.add(MISSING, name)
        elif value > today:
            self.add(TO_COME, name, day=value.strftime("%d/%m/%Y"))

    def levels(self, name: str, value: tuple[str, ...]) -> None:
        """One level or several of LEVELS, each once."""
        if not value:
            self.add(MISSING, name)
        if any(level not in LEVELS for level in value):
            self.add(NO_LEVEL, name, known=", ".join(LEVELS))
        if len(set(value)) < len(value):
            self.add(TWICE, name)

    def person(self, name: str, value: Person) -> None:
        """Name, telephone and e-mail of an officer; fields are ``<name>.name`` and so on."""
        self.text(f"{name}.name", value.name)
        self.matching(f"{name}.phone", value.phone, _PHONE, NO_PHONE)
        self.matching(f"{name}.email", value.email, _EMAIL, NO_EMAIL)

    def fits(self, name: str, software: str, vendor: str) -> None:
        """FORM-015 where a known software is another vendor's."""
        due = VENDORS.get(clean(software).lower())
        if due and vendor.strip() and not any(word in clean(vendor).lower() for word in due):
            self.add(OTHER_VENDOR, name, software=clean(software).upper(), due=due[0].upper())
