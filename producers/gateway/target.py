"""What a push is for: its parameters, and what a packet says of itself. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from producers.files import Opened
from producers.lists import answers
from producers.model import Target
from schemas.contracts.contracts import record_types
from schemas.errors import Problem, ProblemList, SourceLocation

MISSING: Final = "GATE-041"
NO_TYPE: Final = "GATE-042"
OTHER_SCHOOL: Final = "KEY-111"

HEADER: Final = {"school": "MaTruongHoc", "year": "NamHoc", "kind": "LoaiDongBo"}
"""Parameter → the field of a packet's header that says the same."""

MISSING_IN_PACKET: Final = {"school": "ENV-001", "year": "ENV-002", "kind": "ENV-003"}
UNKNOWN_YEAR: Final = "ENV-303"


@dataclass(frozen=True)
class Asked:
    """The parameters of a push. ``kind`` is LoaiDongBo; ``parts``: types of which its files hold a part;
    ``columns``: what columns of lists are, CAPTION=FIELD."""

    school: str | None = None
    year: int | None = None
    kind: str | None = None
    parts: Sequence[str] = ()
    columns: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the fingerprint of a request."""
        return {
            "school": self.school,
            "year": self.year,
            "kind": self.kind,
            "part": sorted(self.parts),
            **({"column": sorted(self.columns)} if self.columns else {}),
        }


def wrong(asked: Asked, school: str) -> list[Problem]:
    """What is wrong with the parameters alone: KEY-111 of another school than the key's, GATE-042."""
    found = []
    if asked.school is not None and asked.school != school:
        found.append(Problem(OTHER_SCHOOL, SourceLocation(field="school")))
    known = record_types()
    found += [
        Problem(NO_TYPE, SourceLocation(field="part"), {"known": ", ".join(known)})
        for part in asked.parts
        if part not in known
    ]
    return found


def target(asked: Asked, vendor: str, school: str, opened: Sequence[Opened]) -> Target:
    """Parameters first; what they leave out says a packet's header, which is compared when it is read. A list
    says nothing of itself.

    Raises ProblemList (GATE-041, ENV-001 to 003, ENV-303), with what is wrong with the files.
    """
    packets = [(name, c.packet) for name, c in opened if not isinstance(c, ProblemList) and c.packet]
    packet = next(((name, p.header) for name, p in packets if p.header is not None), None)
    said = {"school": asked.school, "year": asked.year, "kind": asked.kind}
    found = {name: given if given is not None else _in(packet, name) for name, given in said.items()}
    of_files = [fault for _, c in opened if isinstance(c, ProblemList) for fault in c.problems]
    problems = [_missing(name, packet) for name, given in found.items() if given in (None, "")]
    if problems and all(isinstance(c, ProblemList) for _, c in opened):
        raise ProblemList(of_files)  # whether they say it themselves nobody knows
    year = "" if found["year"] is None else str(found["year"])
    if year and not (year.isascii() and year.isdecimal() and len(year) <= 4):
        problems.append(Problem(UNKNOWN_YEAR, SourceLocation(packet[0] if packet else "", field="NamHoc")))
    if problems:
        raise ProblemList([*problems, *of_files, *(fault for _, p in packets for fault in p.problems)])
    # A packet of another school is told so where it is read: this is the key's.
    return Target(vendor, school, int(year), str(found["kind"]), columns=answers.parsed(asked.columns))


def _in(packet: tuple[str, Mapping[str, str | None]] | None, name: str) -> str | None:
    return None if packet is None else packet[1].get(HEADER[name])


def _missing(name: str, packet: tuple[str, Mapping[str, str | None]] | None) -> Problem:
    if packet is None:
        return Problem(MISSING, SourceLocation(field=name), {"name": name})
    return Problem(MISSING_IN_PACKET[name], SourceLocation(packet[0], field=HEADER[name]))
