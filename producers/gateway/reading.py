"""Files of a push → its tables, for the dataset that it is for, and all that is in the way at once.

Files are read in a process apart (``producers.adapters.foreign``); whatever they hold ends no thread here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from producers import envelope, files
from producers.client import Removals
from producers.files import Opened
from producers.gateway import media, removals, target
from producers.gateway.body import SentFile
from producers.gateway.parts import Parts
from producers.gateway.sender import Sender
from producers.gateway.target import Asked
from producers.layouts import known as known_layouts
from producers.model import Reading, Target
from schemas.datasets import PERIODS, dataset_id
from schemas.days import today
from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.organisation.organisation import Organisation

CATCH_UP_S: Final = 2.0
"""How long news of grants and schools is waited for before something is refused for want of them."""

JSON: Final = ("json", "ndjson")
"""Kinds of files that have no sheet to be marked."""


@dataclass(frozen=True)
class Read:
    """A push as far as its files say: what for, its tables. ``lists``: files that may be marked;
    ``removals``: own ids of records that leave, by type."""

    target: Target
    dataset_id: str
    schools: Organisation
    reading: Reading
    lists: Sequence[SentFile]
    removals: Removals = field(default_factory=dict)

    @property
    def records(self) -> int:
        """All that it costs: refused ones and those that leave, too."""
        return sum(t.count for t in self.reading.tables) + sum(map(len, self.removals.values()))


def read(parts: Parts, sender: Sender, asked: Asked, sent: Sequence[SentFile]) -> Read:
    """Raises ProblemList: what is wrong with the push, with its grant, with every file."""
    layouts = known_layouts(parts.settings)
    said = {file.name: file.said.kinds for file in sent if file.said.kinds}
    leaving = removals.of(sent)
    opened = (
        leaving.opened if leaving else files.opened([(file.name, file.data) for file in sent], layouts, said)
    )
    wanted = target.target(asked, sender.vendor, sender.school, opened)
    schools = _schools(parts, wanted)
    problems = _not_taken(parts, wanted, schools)
    wanted = envelope.of_level(schools, wanted)
    found: Reading | None = None
    of_files: list[Problem] = []
    try:
        found = leaving.read(wanted) if leaving else files.read_opened(opened, wanted, layouts)
    except ProblemList as error:
        of_files = error.problems
    types = {table.record_type for table in found.tables} if found else _types(opened)
    problems += _not_granted(parts, wanted, types | leaving.ids.keys() if leaving else types, bool(leaving))
    for file in sent:
        problems += media.of_another_charset(file.said, file.data, SourceLocation(file.name))
    problems += of_files
    if problems or found is None:
        raise ProblemList(problems)
    kinds = {name: content.kind for name, content in opened if not isinstance(content, ProblemList)}
    lists = [file for file in sent if kinds[file.name] not in JSON]
    dataset = dataset_id(wanted.school, wanted.year, wanted.kind)
    return Read(wanted, dataset, schools, found, lists, leaving.ids if leaving else {})


def _not_taken(parts: Parts, wanted: Target, schools: Organisation) -> list[Problem]:
    """What a moment ago was said of vendors and years counts."""
    settings, day = parts.settings, today()
    if not (settings.takes_vendor(wanted.vendor, day) and settings.takes_year(wanted.year, day)):
        settings.terms.up_to_now()
    return envelope.problems(wanted, schools, settings.years_on(day), settings.vendors_on(day))


def _schools(parts: Parts, wanted: Target) -> Organisation:
    """The sender's school and all above it; news of it is waited for, if it is not there."""
    found = parts.schools.organisation([wanted.school])
    if found.school(wanted.school, envelope.school_year_starts(wanted.year)) is None:
        parts.schools.catch_up(CATCH_UP_S)
        found = parts.schools.organisation([wanted.school])
    return found


def _types(opened: Iterable[Opened]) -> set[str]:
    packets = [c.packet for _, c in opened if not isinstance(c, ProblemList) and c.packet]
    return {record_type for packet in packets for record_type in packet.lists}


def _not_granted(parts: Parts, wanted: Target, types: Iterable[str], removes: bool) -> list[Problem]:
    """Why not, one a reason: of the push as a whole, else of each type. As validation would refuse it."""
    found = _faults(parts, wanted, types, removes)
    if found:
        parts.granted.catch_up(CATCH_UP_S)
        found = _faults(parts, wanted, types, removes)
    return found


def _faults(parts: Parts, wanted: Target, types: Iterable[str], removes: bool) -> list[Problem]:
    day, period = today(), PERIODS.get(wanted.kind, "")
    if code := parts.granted.fault(wanted.vendor, wanted.school, day, "", period):
        return [Problem(code, SourceLocation(field=_FIELD.get(code, "MaTruongHoc")))]
    found = []
    if removes and not parts.granted.may_remove(wanted.vendor, wanted.school):
        found.append(Problem(MAY_NOT_REMOVE, SourceLocation(field="MaTruongHoc")))
    for record_type in sorted(types):
        if code := parts.granted.fault(wanted.vendor, wanted.school, day, record_type, period):
            found.append(Problem(code, SourceLocation(field=record_type)))
    return found


MAY_NOT_REMOVE: Final = "VAL-011"
_FIELD: Final = {"GRT-008": "LoaiDongBo"}
