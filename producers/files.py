"""Files of one push → its tables: sniffed, read by their format, duplicates aside, references resolved."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from producers import accounting, classes, duplicates, size
from producers.adapters import foreign, packet
from producers.adapters.foreign import Content
from producers.adapters.sniff import MAX_BYTES, Kind
from producers.layouts import Library, library
from producers.lists import answers, reading
from producers.lists.answers import Answers
from producers.model import Reading, SourceTable, Target
from schemas.contracts.contracts import record_types
from schemas.errors import Problem, ProblemList, SourceLocation

Opened = tuple[str, Content | ProblemList]
"""A file's name, and what it holds or why that cannot be said."""


def read(paths: Sequence[Path], target: Target, known: Library | None = None) -> Reading:
    """All tables of a push, in the order they are sent; ``known`` are the layouts, if not only the product's.

    Raises ProblemList with the problems of all files.
    """
    contents, problems = [], []
    for path, name in zip(paths, names(paths), strict=True):
        try:
            contents.append((name, content(path)))
        except ProblemList as error:
            problems += error.problems
    return read_contents(contents, target, problems, known)


def names(paths: Sequence[Path]) -> list[str]:
    """What files are called where they are told apart by their names."""
    return told_apart([path.name for path in paths])


def told_apart(names: Sequence[str]) -> list[str]:
    """Two of one name are numbered."""
    times = Counter[str]()
    found = []
    for name in names:
        times[name] += 1
        found.append(name if times[name] == 1 else f"{name} ({times[name]})")
    return found


def read_contents(
    contents: Sequence[tuple[str, bytes]],
    target: Target,
    problems: Sequence[Problem] = (),
    known: Library | None = None,
    said: Collection[Kind] = (),
) -> Reading:
    """``read`` of (file name, bytes). ``problems`` found earlier are raised with the ones found here."""
    layouts = known or library()
    return read_opened(
        opened(contents, layouts, {name: said for name, _ in contents}), target, layouts, problems
    )


def opened(
    contents: Sequence[tuple[str, bytes]], known: Library, said: Mapping[str, Collection[Kind]] | None = None
) -> list[Opened]:
    """What each file holds, or what is wrong with it. ``said``: file name → kinds, one of which its sender
    says it is."""
    found: list[Opened] = []
    for at, (name, data) in enumerate(contents):
        other = next((earlier for earlier, same in contents[:at] if same == data), None)
        if other is not None:
            again = Problem("FILE-019", SourceLocation(name), {"other": other})
            found.append((name, ProblemList([again])))
            continue
        try:
            found.append(
                (name, foreign.read(name, data, known.captions.words, said=(said or {}).get(name, ())))
            )
        except ProblemList as error:
            found.append((name, error))
    return found


def read_opened(
    contents: Sequence[Opened], target: Target, known: Library, problems: Sequence[Problem] = ()
) -> Reading:
    """``read`` of what was opened. ``problems`` found earlier are raised with the ones found here."""
    said = Answers(target.columns)
    found, tables, warnings, unsaid = [*problems, *answers.problems(target.columns, known)], [], [], []
    for name, content in contents:
        try:
            if isinstance(content, ProblemList):
                raise content
            one = _read_one(name, content, target, known, said)
        except ProblemList as error:
            found += error.problems
        else:
            tables += one.tables
            warnings += one.warnings
            unsaid += one.unsaid
    found += said.unused(SourceLocation(", ".join(n for n, _ in contents)))
    if not found and not any(t.count for t in tables):
        found.append(Problem("FILE-020", SourceLocation(", ".join(n for n, _ in contents))))
    if found:
        raise ProblemList(found)
    return replace(arranged(tables, warnings, target), unsaid=unsaid)


def arranged(tables: list[SourceTable], warnings: list[Problem], target: Target) -> Reading:
    merged = []
    for table in tables:
        kept, moved = duplicates.merge_moves(table)
        merged.append(kept)
        warnings = [*warnings, *accounting.warnings(table), *moved]
    order = {t: i for i, t in enumerate(record_types())}
    merged.sort(key=lambda t: order[t.record_type])
    sendable = duplicates.refuse_repeated(size.refuse_large(merged))
    resolved = classes.resolve(sendable, target)
    accounting.check(resolved)
    return Reading(resolved, warnings)


def _read_one(name: str, content: Content, target: Target, known: Library, said: Answers) -> Reading:
    if content.packet is not None:
        return packet.read(name, content.packet, target, known.packet_codemap(target.vendor, target.year))
    if content.kind == "json":
        found = reading.read(name, content.sheets, target, known, "json", said)
        return replace(found, tables=[_without_cells(t) for t in found.tables])
    return reading.read(name, content.sheets, target, known, answers=said)


def _without_cells(table: SourceTable) -> SourceTable:
    """Members of JSON have a path and no place on a sheet."""
    return replace(table, columns=tuple(replace(c, number=0) for c in table.columns))


def content(path: Path) -> bytes:
    """The bytes of a file. Raises ProblemList (FILE-001, 002)."""
    place = SourceLocation(path.name)
    try:
        length = path.stat().st_size
        if length > MAX_BYTES:
            raise ProblemList([Problem("FILE-002", place, {"size": length >> 20, "limit": MAX_BYTES >> 20})])
        return path.read_bytes()
    except OSError:
        raise ProblemList([Problem("FILE-001", place, {"path": str(path)})]) from None
