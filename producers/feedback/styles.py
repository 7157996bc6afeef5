"""The look of a faulty cell: its own look, another fill. What it was stands in a named style of ours.

A marked cell's style is the cell's own with our fill, and is based on a named style ``CSDL lỗi n · NAME``
that has the fill it had and the name of the style it was based on. Programs renumber styles when they save;
names and what they hold stay. So the look can be given back after whoever has saved the workbook.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from producers.feedback import xml
from producers.feedback.xml import Edit, Node, Unmarkable

STYLE: Final = "CSDL lỗi "
_NAMED: Final = re.compile(re.escape(STYLE) + r"\d+ · (.*)", re.S)
FILLS: Final = {"refused": "FFFFC7C9", "blocking": "FFFFD9B3", "warning": "FFFFEFB5"}
MAX_STYLES: Final = 64_000
"""Of cells, as Excel has it; with more it repairs the file."""

_ORDER: Final = (
    *("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles"),
    *("dxfs", "tableStyles", "colors", "extLst"),
)
EMPTY: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<styleSheet xmlns="{}">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
"""Styles of a workbook that has none, with its namespace to be filled in."""


@dataclass
class _Sheet:
    """A style sheet's parts that concern us."""

    data: bytes
    root: Node = field(init=False)

    def __post_init__(self) -> None:
        self.root = xml.tree(self.data, 3)

    def items(self, name: str) -> list[Node]:
        part = self.root.child(name)
        return part.children if part else []

    def own(self) -> dict[int, str]:
        """Base (index in cellStyleXfs) of each of our named styles → name of the style it stands for."""
        found = {}
        for node in self.items("cellStyles"):
            if named := _NAMED.fullmatch(node.attributes.get("name", "")):
                found[int(node.attributes["xfId"])] = named[1]
        return found

    def slice(self, node: Node) -> bytes:
        return self.data[node.start : node.end]


def cleaned(data: bytes) -> tuple[bytes, dict[int, int]]:
    """(styles without ours, our style of a cell → the style that the cell had)."""
    sheet = _Sheet(data)
    own, styles, cells = sheet.own(), sheet.items("cellStyleXfs"), sheet.items("cellXfs")
    if not own:
        return data, {}
    base_of = {n.attributes["name"]: n.attributes["xfId"] for n in sheet.items("cellStyles")}
    ours = [i for i, xf in enumerate(cells) if int(xf.attributes.get("xfId", "0")) in own]
    others = sorted(set(range(len(cells))) - set(ours))
    known = {_look(sheet.slice(cells[i])): i for i in reversed(others)}
    restored: dict[int, int] = {}
    edits: list[Edit] = []
    for i in ours:
        xf = cells[i]
        base = int(xf.attributes["xfId"])
        fill = styles[base].attributes.get("fillId", "0") if base < len(styles) else "0"
        tag = sheet.data[xf.start : xf.opened]
        tag = xml.with_attribute(tag, "fillId", fill)
        tag = xml.with_attribute(tag, "xfId", base_of.get(own[base], "0"))
        given_back = tag + sheet.data[xf.opened : xf.end]
        restored[i] = known.setdefault(_look(given_back), i)
        edits.append(Edit(xf.start, xf.end, given_back))
    dropped = _trailing(len(cells), {i for i in ours if restored[i] != i})
    edits = [e for i, e in zip(ours, edits, strict=True) if i not in dropped]
    edits += _without(sheet, "cellXfs", dropped)
    edits += _without(sheet, "cellStyleXfs", _trailing(len(styles), own))
    names = sheet.items("cellStyles")
    edits += _without(
        sheet, "cellStyles", {i for i, n in enumerate(names) if _NAMED.fullmatch(n.attributes["name"])}
    )
    return _without_our_fills(xml.spliced(data, edits)), restored


def _trailing(count: int, among: Collection[int]) -> set[int]:
    """The last ones of so many that are all among these: they can go without others changing number."""
    first = count
    while first - 1 in among:
        first -= 1
    return set(range(first, count))


def _without(sheet: _Sheet, name: str, dropped: set[int]) -> list[Edit]:
    part = sheet.root.child(name)
    if part is None or not dropped:
        return []
    gone = [Edit(n.start, n.end, b"") for i, n in enumerate(part.children) if i in dropped]
    return [*gone, *xml.counted(part, sheet.data, len(part.children) - len(dropped))]


def _without_our_fills(data: bytes) -> bytes:
    sheet = _Sheet(data)
    fills = sheet.items("fills")
    used = {
        int(xf.attributes.get("fillId", "0"))
        for name in ("cellStyleXfs", "cellXfs")
        for xf in sheet.items(name)
    }
    ours = {i for i, f in enumerate(fills) if sheet.slice(f) in _fills(sheet.root.prefix).values()} - used
    return xml.spliced(data, _without(sheet, "fills", _trailing(len(fills), ours)))


def _look(xf: bytes) -> tuple[object, ...]:
    """What a style looks like, without what programs say or leave out as they like."""
    node = xml.tree(xf, 0)
    said = {n: v for n, v in node.attributes.items() if not n.startswith("apply") and v not in ("0", "false")}
    return tuple(sorted(said.items())), b"" if node.alone else xf[node.opened : node.closing].strip()


def _fills(prefix: str) -> dict[str, bytes]:
    return {
        verdict: (
            f'<{prefix}fill><{prefix}patternFill patternType="solid"><{prefix}fgColor rgb="{colour}"/>'
            f'<{prefix}bgColor indexed="64"/></{prefix}patternFill></{prefix}fill>'
        ).encode()
        for verdict, colour in FILLS.items()
    }


class Marker:
    """Styles of faulty cells, made as they are asked for. ``data`` has none of ours (``cleaned``)."""

    def __init__(self, data: bytes) -> None:
        self._sheet = _Sheet(data)
        if self._sheet.root.child("cellXfs") is None:
            raise Unmarkable
        self._cells = self._sheet.items("cellXfs")
        self._made: dict[tuple[int, str], int] = {}
        self._bases: dict[tuple[str, str], int] = {}
        self._fills: dict[str, int] = {}
        self._new: dict[str, list[bytes]] = {
            n: [] for n in ("fills", "cellStyleXfs", "cellXfs", "cellStyles")
        }
        self.full = False
        """Whether a cell could not be given a fill, for the workbook has as many styles as Excel takes."""

    def of(self, style: int, verdict: str) -> int:
        """The style of a cell of this style that is faulty."""
        if style >= len(self._cells):
            raise Unmarkable
        made = self._made.get((style, verdict))
        if made is not None:
            return made
        number = len(self._cells) + len(self._new["cellXfs"])
        if number >= MAX_STYLES:
            self.full = True
            return style
        xf = self._cells[style]
        tag = self._sheet.data[xf.start : xf.opened]
        base = self._base(xf.attributes.get("fillId", "0"), xf.attributes.get("xfId", "0"))
        for name, value in (("fillId", str(self._fill(verdict))), ("xfId", str(base)), ("applyFill", "1")):
            tag = xml.with_attribute(tag, name, value)
        self._new["cellXfs"].append(tag + self._sheet.data[xf.opened : xf.end])
        self._made[style, verdict] = number
        return number

    def styles(self) -> bytes:
        """The style sheet with what was made."""
        data, edits = self._sheet.data, []
        for name, new in self._new.items():
            if not new:
                continue
            part = self._sheet.root.child(name)
            if part is None:
                edits.append(self._whole(name, new))
                continue
            edits += xml.appended(part, data, new)
            if not part.alone:
                edits += xml.counted(part, data, len(part.children) + len(new))
        return xml.spliced(data, edits)

    def _fill(self, verdict: str) -> int:
        if verdict not in self._fills:
            count = max(2, len(self._sheet.items("fills"))) + len(self._new["fills"])
            self._new["fills"].append(_fills(self._sheet.root.prefix)[verdict])
            self._fills[verdict] = count
        return self._fills[verdict]

    def _base(self, fill: str, base: str) -> int:
        if (fill, base) not in self._bases:
            prefix = self._sheet.root.prefix
            had = max(1, len(self._sheet.items("cellStyleXfs")))
            number = had + len(self._new["cellStyleXfs"])
            names = {n.attributes["xfId"]: n.attributes["name"] for n in self._sheet.items("cellStyles")}
            name = f"{STYLE}{len(self._bases) + 1} · {names.get(base, 'Normal')}"[:255]
            self._new["cellStyleXfs"].append(
                f'<{prefix}xf numFmtId="0" fontId="0" fillId="{fill}" borderId="0"/>'.encode()
            )
            self._new["cellStyles"].append(
                f'<{prefix}cellStyle name={xml.attribute(name)} xfId="{number}"/>'.encode()
            )
            self._bases[fill, base] = number
        return self._bases[fill, base]

    def _whole(self, name: str, new: Sequence[bytes]) -> Edit:
        """A part of the style sheet that is not there yet, in its place."""
        prefix = self._sheet.root.prefix
        first = {
            "fills": f'<{prefix}fill><{prefix}patternFill patternType="none"/></{prefix}fill>'
            f'<{prefix}fill><{prefix}patternFill patternType="gray125"/></{prefix}fill>',
            "cellStyleXfs": f'<{prefix}xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>',
            "cellStyles": f'<{prefix}cellStyle name="Normal" xfId="0" builtinId="0"/>',
        }[name].encode()
        after = _ORDER[_ORDER.index(name) + 1 :]
        later = next((n.start for n in self._sheet.root.children if n.name in after), None)
        place = self._sheet.root.closing if later is None else later
        inside = first + b"".join(new)
        return Edit(place, place, f"<{prefix}{name}>".encode() + inside + f"</{prefix}{name}>".encode())
