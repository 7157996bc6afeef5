"""`csdl codemap`: what a vendor's code map says, and what is doubtful about it."""

import sys
from pathlib import Path
from typing import Any

import click

from cli.answers import REFUSED, json_option, print_json, tell
from producers import codemaps, files
from producers.codemaps import doctor as examination
from producers.codemaps import entries, map_files
from producers.codemaps.seen import HIDDEN, UnknownCode, unknown
from producers.layouts import library
from producers.model import Target
from schemas.codes import codelists
from schemas.days import today
from schemas.errors import Problem, ProblemList, SourceLocation

NO_MAP = "MAP-001"
SEEN = "MAP-018"
SEEN_HIDDEN = "MAP-019"

_vendor = click.argument("vendor")
_version = click.option("--version", type=int, help="An earlier version; else the newest.")
_year = click.option("--year", type=int, help="School year, by its first calendar year; else this one.")


@click.group()
def codemap() -> None:
    """Bảng ánh xạ mã của nhà cung cấp — code maps of the vendors."""


@codemap.command()
@_vendor
@_year
@_version
@json_option
def show(vendor: str, year: int | None, version: int | None, as_json: bool) -> None:
    """In bảng ánh xạ — print a map: of a school year, or all its lines."""
    label, _, lines = _lines(vendor, version)
    shown = lines if year is None else entries.in_force(lines, year)
    if as_json:
        print_json({"map": label, "entries": [_entry(e) for e in shown]})
        return
    tell(label)
    for e in shown:
        years = f"  {e.first or ''}–{e.last or ''}" if e.first or e.last else ""
        tell(f"{e.codelist}  {e.vendor_code} → {e.ministry_code or examination.NOTHING}{years}")


@codemap.command()
@_vendor
@click.argument("paths", nargs=-1, metavar="FILE…", type=click.Path(path_type=Path))
@_year
@_version
@json_option
def doctor(
    vendor: str, paths: tuple[Path, ...], year: int | None, version: int | None, as_json: bool
) -> None:
    """Khám bảng ánh xạ — collisions, codes of several meanings, gaps; of files: codes that no map holds.

    VENDOR is a map's name or a CSV file. Of files it shows codes alone, never what may be a person's. Exit 1
    if something was found.
    """
    label, file, lines = _lines(vendor, version)
    lists = {name: list(codes) for name, codes in codelists().items()}
    name = Path(vendor).stem if vendor.endswith(".csv") else vendor
    found = examination.examine(name, file, lines, lists, examination.withdrawals())
    codes: list[UnknownCode] = []
    if paths:
        target = Target(vendor, "", year or today().year - (today().month < 9), "1")
        contents, problems = _contents(paths)
        codes, unread = unknown(contents, target, library())
        found += [*problems, *unread, *map(_seen, codes)]
    if as_json:
        unmapped = [_unknown(code) for code in codes]
        print_json({"map": label, "findings": [p.as_dict() for p in found], "unknown": unmapped})
    else:
        for problem in found:
            place = f" · {problem.place}" if str(problem.place) else ""
            tell(f"{problem.code}{place}", *(f"  {text}" for text in problem.messages()))
        tell(f"{label}: {len(lines)} dòng/lines, {len(found)} điều cần xem/findings.")
    sys.exit(REFUSED if found else 0)


def _lines(vendor: str, version: int | None) -> tuple[str, str, list[entries.Entry]]:
    """(name and version, file, lines). Raises ProblemList (MAP-001, MAP-002)."""
    path = Path(vendor)
    try:
        if path.suffix == ".csv" and path.is_file():
            return path.name, path.name, entries.parse(path.read_text(encoding="utf-8-sig"), path.name)
        file = codemaps.map_file(vendor, (), version)
        return file.label, file.file.name, codemaps.read(vendor, (), version)
    except OSError:
        params = {"name": vendor, "known": ", ".join(map_files.names())}
        raise ProblemList([Problem(NO_MAP, params=params)]) from None


def _contents(paths: tuple[Path, ...]) -> tuple[list[tuple[str, bytes]], list[Problem]]:
    contents, problems = [], []
    for path, name in zip(paths, files.names(paths), strict=True):
        try:
            contents.append((name, path.read_bytes()))
        except OSError:
            problems.append(Problem("FILE-001", SourceLocation(name), {"path": str(path)}))
    return contents, problems


def _seen(code: UnknownCode) -> Problem:
    (file, sheet), rows = next(iter(code.places.items()))
    at = SourceLocation(file, sheet, rows[0], code.field_name)
    params = {"type": code.record_type, "field": code.field_name, "count": code.count}
    if code.code == HIDDEN:
        return Problem(SEEN_HIDDEN, at, params)
    return Problem(SEEN, at, {**params, "own": code.code})


def _unknown(code: UnknownCode) -> dict[str, Any]:
    return {
        "record_type": code.record_type,
        "field": code.field_name,
        "code": code.code or None,
        "count": code.count,
        "places": [{"file": f, "sheet": s, "rows": rows} for (f, s), rows in code.places.items()],
    }


def _entry(e: entries.Entry) -> dict[str, Any]:
    return {
        "codelist": e.codelist,
        "vendor_code": e.vendor_code,
        "ministry_code": e.ministry_code,
        "valid_from": e.first,
        "valid_to": e.last,
    }
