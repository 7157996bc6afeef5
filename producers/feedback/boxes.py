"""Boxes of notes: the drawing (VML, which Excel wants) beside the texts, by pattern, for it need be no XML.

Programs differ in the prefixes of its names; ours are ``v``, ``o``, ``x``, declared where it lacks them.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from producers.feedback.package import Package

Place = tuple[int, int]
"""(row, column), from 1."""

_NAMES: Final = (
    b' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_ROOT: Final = re.compile(rb"<xml\b[^>]*>")
_SHAPE: Final = re.compile(rb"<((?:\w+:)?)shape(?=[\s>]).*?</\1shape>", re.S)
_SHAPE_TYPE: Final = (
    b'<v:shapetype%s id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    b'<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_EMPTY: Final = (
    b"<xml"
    + _NAMES
    + b'><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="%d"/></o:shapelayout>'
    + _SHAPE_TYPE % b""
    + b"</xml>"
)
_MAP: Final = re.compile(rb'<(?:\w+:)?idmap\b[^>]*\bdata="(\d[\d,]*)"')
_NUMBER: Final = re.compile(rb'\bid="_x0000_s(\d+)"')
_LINE: Final = 44
"""Characters that a line of a note's box holds."""


def drawing(package: Package) -> bytes:
    """A drawing without boxes."""
    return _EMPTY % _free_block(package)


def has_shapes(drawing: bytes) -> bool:
    """Whether it draws anything."""
    return _SHAPE.search(drawing) is not None


def without(drawing: bytes, places: Collection[Place]) -> bytes:
    """The drawing without the notes' boxes of these cells, and what only they have needed."""
    left = _SHAPE.sub(lambda m: b"" if _of_note(m[0]) in places else m[0], drawing)
    if b"#_x0000_t202" not in left and has_shapes(left):
        for names in (b"", _NAMES):
            left = left.replace(_SHAPE_TYPE % names, b"")
    return _without_blocks(drawing, left)


def put(drawing: bytes, notes: Mapping[Place, str], package: Package) -> bytes:
    """The drawing with boxes for these notes."""
    root = _ROOT.search(drawing)
    names = b"" if root and b"xmlns:v=" in root[0] else _NAMES
    drawing, numbers = _numbered(drawing, len(notes), _free_block(package))
    boxes = [
        _box(number, place, text, names)
        for number, (place, text) in zip(numbers, sorted(notes.items()), strict=True)
    ]
    end = drawing.rindex(b"</xml>")
    shape_type = b"" if b'id="_x0000_t202"' in drawing else _SHAPE_TYPE % names
    return drawing[:end] + shape_type + b"".join(boxes) + drawing[end:]


def _numbered(drawing: bytes, count: int, free: int) -> tuple[bytes, list[int]]:
    """(the drawing that says the blocks of its boxes' numbers, so many new numbers): a block has 1,024, and a
    number of no block of the drawing's, or of another drawing's, is a file that Excel repairs. ``free``: no
    drawing has blocks from here on."""
    said = _MAP.search(drawing)
    blocks = _blocks(said)
    last = max([1024 * blocks[-1], *(n for n in _taken(drawing) if n // 1024 == blocks[-1])])
    numbers = list(range(last + 1, min(last + count, 1024 * blocks[-1] + 1023) + 1))
    while len(numbers) < count:
        blocks.append(free)
        numbers += range(1024 * free + 1, 1024 * free + 1 + min(count - len(numbers), 1023))
        free += 1
    return _with_blocks(drawing, said, blocks), numbers


def _without_blocks(before: bytes, drawing: bytes) -> bytes:
    """The drawing without the blocks that only boxes have had that are gone."""
    said = _MAP.search(drawing)
    left, had = ({n // 1024 for n in _taken(data)} for data in (drawing, before))
    first, *more = _blocks(said)
    return _with_blocks(drawing, said, [first, *(b for b in more if b in left or b not in had)])


def _with_blocks(drawing: bytes, said: re.Match[bytes] | None, blocks: list[int]) -> bytes:
    if said is None or blocks == _blocks(said):
        return drawing
    start, end = said.span(1)
    return drawing[:start] + ",".join(map(str, blocks)).encode() + drawing[end:]


def _blocks(said: re.Match[bytes] | None) -> list[int]:
    return [int(n) for n in said[1].split(b",") if n] if said else [1]


def _taken(drawing: bytes) -> list[int]:
    return [int(n) for n in _NUMBER.findall(drawing)]


def _free_block(package: Package) -> int:
    """A block of numbers of boxes that no drawing of the workbook has."""
    taken = [0]
    for name in package.names():
        if name.endswith(".vml"):
            taken += (block for said in _MAP.finditer(package[name]) for block in _blocks(said))
    return max(taken) + 1


def _box(number: int, place: Place, text: str, names: bytes) -> bytes:
    row, column = place[0] - 1, place[1] - 1
    lines = sum(len(line) // _LINE + 1 for line in text.split("\n")) + 2
    anchor = (
        f"{column + 1}, 15, {max(row - 1, 0)}, 10, {column + 6}, 15, {max(row - 1, 0) + max(lines, 4)}, 4"
    )
    return (
        f'<v:shape{names.decode()} id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;'
        f"margin-left:60pt;margin-top:8pt;width:240pt;height:{15 * max(lines, 4)}pt;z-index:1;"
        'visibility:hidden"'
        ' fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
        '<v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
        f'<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>'
        f"<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column>"
        "</x:ClientData></v:shape>"
    ).encode()


def _of_note(shape: bytes) -> Place | None:
    """The cell whose note it is the box of."""
    row, column = (re.search(rb"<(?:\w+:)?%s>\s*(\d+)\s*</" % name, shape) for name in (b"Row", b"Column"))
    if not row or not column or b'ObjectType="Note"' not in shape:
        return None
    return int(row[1]) + 1, int(column[1]) + 1
