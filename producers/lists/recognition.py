"""Which layout the captions of a header are, how sure that is, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from producers.layouts import Column, Layout
from producers.layouts.layout import ANY, LEVELS, Kind
from producers.layouts.vocabulary import WEIGHT, Known, Nearness, Synonym, Vocabulary, plain

Sureness = Literal["sure", "likely", "unknown"]
Paths = Mapping[int, tuple[str, ...]]
"""Column → levels of its caption."""

FEW: Final = 3
"""Captions of a layout, as whole cells, without which it is not recognised. Instructions quote one or two."""
HALF: Final = 0.5
CLOSE: Final = 0.3
"""Less than a caption."""

STRANGERS: Final = 3
"""Captions of another kind of record that make a list one of that kind."""

_PART_OF_PATH: Final = 0.9
"""What a caption counts for that is known without the groups above it."""


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
    lasts = Counter(suffix for path in paths.values() for suffix in _suffixes(path))
    found: dict[str, dict[int, tuple[Known, float]]] = {}
    layouts: dict[str, Layout] = {}
    for column, path in paths.items():
        tries = [(path, 1.0)]
        tries += [
            (path[i:], _PART_OF_PATH)
            for i in range(1, len(path))
            if lasts[LEVELS.join(map(plain, path[i:]))] == 1
        ]
        for levels, weight in tries:
            for known in captions.known(levels):
                if known.layout.kind == kind:
                    layouts[known.layout.name] = known.layout
                    better = (known, weight * WEIGHT[known.nearness])
                    there = found.setdefault(known.layout.name, {})
                    if column not in there or there[column][1] < better[1]:
                        there[column] = better
    scored = [Match(layouts[n], {c: k for c, (k, _) in f.items()}, _score(f)) for n, f in found.items()]
    return sorted(scored, key=lambda m: (-round(m.score, 2), len(m.missing), -m.share, m.layout.name))


def _suffixes(path: Sequence[str]) -> list[str]:
    return [LEVELS.join(map(plain, path[i:])) for i in range(1, len(path))] or [LEVELS.join(map(plain, path))]


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
    if not ranked or not _near(ranked[0], count) or len(_strangers(ranked[0], paths, captions)) >= STRANGERS:
        return Recognition(None, ranked[:3], count, "unknown", by_type)
    best = ranked[0]
    rival = next((m for m in ranked[1:] if m.layout.carries != best.layout.carries), None)
    sure = not best.missing and (rival is None or best.score - rival.score >= 1)
    return Recognition(best, ranked[1:4], count, "sure" if sure else "likely", by_type)


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
    """What a caption may mean where no layout says it: its whole path, else its last level alone."""
    whole = captions.synonyms.get(LEVELS.join(map(plain, path)), [])
    return whole or (captions.synonyms.get(plain(path[-1]), []) if path else [])


__all__ = ["FEW", "Match", "Nearness", "Paths", "Recognition", "matches", "recognise", "synonyms"]
