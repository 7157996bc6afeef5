"""Which layout the captions of a header are, how sure that is, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from producers.layouts import Column, Layout
from producers.layouts.layout import ANY, LEVELS, Kind
from producers.layouts.vocabulary import WEIGHT, Known, Nearness, Synonym, Vocabulary, plain, repeats
from schemas.contracts.contracts import record, record_types

Sureness = Literal["sure", "likely", "unknown"]
Paths = Mapping[int, tuple[str, ...]]
"""Column → levels of its caption."""

FEW: Final = 3
"""Captions of a layout, as whole cells, without which it is not recognised. Instructions quote one or two."""
HALF: Final = 0.5
OF_NO_RECORD: Final = 2
CLOSE: Final = 0.3
"""Less than a caption."""

STRANGERS: Final = 3
"""Captions of another kind of record that make a list one of that kind."""

_INFORMATION: Final = plain("Thông tin") + " "
_OF_THE_RECORD: Final = frozenset(
    map(plain, ("Thông tin chung", "Thông tin cá nhân", "Thông tin cơ bản", "Lý lịch", "Sơ yếu lý lịch"))
)
"""Groups that speak of the record itself."""


@dataclass(frozen=True)
class Match:
    """What one layout explains of a header. ``columns``: column of the sheet → the layout's; ``score``."""

    layout: Layout
    columns: Mapping[int, Known]
    score: float

    @property
    def distinct(self) -> list[Column]:
        """Columns of the layout that were found."""
        return list(dict.fromkeys(k.column for k in self.columns.values()))

    @property
    def missing(self) -> list[Column]:
        """Required columns that were not found; what stands in no column is not looked for."""
        found = self.distinct
        return [c for c in self.layout.columns if c.required and c.caption and c not in found]

    @property
    def share(self) -> float:
        """Of the layout's columns, how many were found."""
        return len(self.distinct) / max(1, sum(bool(c.caption) for c in self.layout.columns))


@dataclass(frozen=True)
class Recognition:
    """``match``: the layout with the most captions, None where no layout is near enough; ``others``: the
    next ones, nearest first; ``captions``: how many the header has."""

    match: Match | None
    others: Sequence[Match]
    captions: int
    sureness: Sureness
    by_type: Mapping[str, int] = field(default_factory=dict)
    """Record type, or a kind of record that is not sent → captions that may be a field of it."""

    def rival(self) -> Match | None:
        """A layout of another kind of record that explains as much, and lacks no more."""
        best = self.match
        if best is None:
            return None
        near = (m for m in self.others if m.layout.record_type != best.layout.record_type)
        found = next((m for m in near if best.score - m.score < CLOSE), None)
        return found if found and len(found.missing) <= len(best.missing) else None

    @property
    def layout(self) -> Layout | None:
        """The layout that the header is."""
        return self.match.layout if self.match else None


def matches(paths: Paths, captions: Vocabulary, kind: Kind) -> list[Match]:
    """Every layout of a kind that knows a caption of the header, the one that explains most first."""
    lasts = Counter(_said(path[i:]) for path in paths.values() for i in range(len(path)))
    found: dict[str, dict[int, tuple[Known, float]]] = {}
    layouts: dict[str, Layout] = {}
    for column, path in paths.items():
        for levels, nearness in _readings(path, lasts):
            for known in captions.known(levels):
                if known.layout.kind != kind:
                    continue
                layouts[known.layout.name] = known.layout
                near = known._replace(nearness=nearness) if nearness else known
                better = (near, WEIGHT[near.nearness])
                there = found.setdefault(known.layout.name, {})
                if column not in there or there[column][1] < better[1]:
                    there[column] = better
    scored = [Match(layouts[n], {c: k for c, (k, _) in f.items()}, _score(f)) for n, f in found.items()]
    return sorted(scored, key=lambda m: (-round(m.score, 2), len(m.missing), -m.share, m.layout.name))


def _said(levels: Sequence[str]) -> str:
    return LEVELS.join(map(plain, levels))


def _readings(path: tuple[str, ...], lasts: Counter[str]) -> list[tuple[Sequence[str], Nearness | None]]:
    """A path as captions may have it: whole; with its last group as one caption; below groups that add
    nothing, where no other column ends so."""
    readings: list[tuple[Sequence[str], Nearness | None]] = [(path, None)]
    readings += [((joined,), "joined levels") for joined in joined_levels(path)]
    for i in range(1, len(path)):
        if lasts[_said(path[i:])] == 1 and adds_nothing(path[:i], path[i:]):
            readings.append((path[i:], "last level"))
    return readings


def joined_levels(path: Sequence[str]) -> list[str]:
    """``Cha > Họ tên`` is ``Họ tên cha``, and so is ``Thông tin cha > Họ tên``."""
    if len(path) < 2:
        return []
    whose = plain(path[-2]).removeprefix(_INFORMATION)
    return [f"{path[-1]} {whose}", f"{whose} {path[-1]}"]


def adds_nothing(groups: Sequence[str], rest: Sequence[str]) -> bool:
    """Whether a caption means the same without the groups above it: they speak of the record itself, or the
    caption repeats them (``Mẹ > Tên mẹ``). ``Mẹ > Ngày sinh`` is another day than ``Ngày sinh``."""
    own = {plain(record(t).label_vi) for t in record_types()}
    return all(
        (words := plain(group)) in own
        or words in _OF_THE_RECORD
        or words.removeprefix(_INFORMATION) in own
        or repeats(group, rest[-1])
        for group in groups
    )


def _score(found: Mapping[int, tuple[Known, float]]) -> float:
    """Each column of the layout counts once, as its best caption does; one for any subject, each time."""
    best: dict[tuple[Column, int], float] = {}
    for column, (known, weight) in found.items():
        which = (known.column, column if ANY in known.column.caption.split(LEVELS) else 0)
        best[which] = max(weight, best.get(which, 0.0))
    return sum(best.values())


def recognise(paths: Paths, captions: Vocabulary, kind: Kind = "sheet") -> Recognition:
    """The layout with the most captions, if enough of it or of the header is there."""
    ranked = matches(paths, captions, kind)
    by_type = _by_type(paths, captions)
    count = len(paths)
    if (
        not ranked
        or not (_near(ranked[0], count) or _unsent(ranked[0], paths, captions))
        or len(_strangers(ranked[0], paths, captions)) >= STRANGERS
    ):
        return Recognition(None, ranked[:3], count, "unknown", by_type)
    best = ranked[0]
    rival = next((m for m in ranked[1:] if m.layout.carries != best.layout.carries), None)
    sure = not best.missing and (rival is None or best.score - rival.score >= 1)
    return Recognition(best, ranked[1:4], count, "sure" if sure else "likely", by_type)


def _unsent(match: Match, paths: Paths, captions: Vocabulary) -> bool:
    """Whether a header is a list that is not sent, though it lacks much of it: what it has is half of the
    header, and some of that is of no record type."""
    sent = set(record_types())
    kinds = ({s.record_type for s in synonyms(paths[c], captions)} for c in match.columns)
    own = sum(not found & sent for found in kinds)
    enough = len(match.distinct) >= max(FEW, HALF * len(paths))
    return not match.layout.record_type and enough and own >= OF_NO_RECORD


def _strangers(match: Match, paths: Paths, captions: Vocabulary) -> list[int]:
    """Columns that speak of another kind of record and of nothing in this one: marks in a list of pupils."""
    if not match.layout.record_type:
        return []
    return [
        column
        for column, path in paths.items()
        if column not in match.columns
        and (kinds := {s.record_type for s in synonyms(path, captions)} - {""})
        and match.layout.record_type not in kinds
    ]


def _near(match: Match, captions: int) -> bool:
    """Half of the layout; or all that it requires, which is half of the header; or a short layout, whole."""
    found = len(match.distinct)
    if found < FEW:
        return found == captions == len(match.layout.columns)
    return match.share >= HALF or (not match.missing and found >= HALF * captions)


def _by_type(paths: Paths, captions: Vocabulary) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for path in paths.values():
        counted.update({s.record_type for s in synonyms(path, captions) if s.record_type})
    return dict(counted.most_common())


def synonyms(path: Sequence[str], captions: Vocabulary) -> list[Synonym]:
    """What a caption may mean where no layout says it: its whole path, its levels as one caption, else its
    last level alone where the groups add nothing."""
    for caption in (_said(path), *map(plain, joined_levels(path))):
        if meant := captions.synonyms.get(caption):
            return meant
    if len(path) > 1 and adds_nothing(path[:-1], path[-1:]):
        return captions.synonyms.get(plain(path[-1]), [])
    return []


__all__ = ["FEW", "Match", "Nearness", "Paths", "Recognition", "matches", "recognise", "synonyms"]
