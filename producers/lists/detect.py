"""What a file is taken for, before anything is said of a school or a year: for ``csdl adapters detect``."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from producers.adapters import foreign
from producers.adapters.foreign import Content, Packet
from producers.adapters.packet_json import HEADER
from producers.adapters.sheets import Sheet
from producers.layouts import Layout, Library
from producers.layouts.layout import Kind
from producers.lists import classes, rows, titles
from producers.lists.answers import Answers
from producers.lists.choice import decided
from producers.lists.mapping import Mapped, Meaning, gives, required
from producers.lists.reading import of_sheet
from producers.lists.recognition import Match
from producers.lists.said import letter
from producers.lists.tables import Found, Table
from schemas.contracts.contracts import record, record_types

MANY_TERMS: Final = ("marks", "comments")
"""What lists carry that speak of one term."""


def detect(source: str, data: bytes, library: Library, answers: Answers | None = None) -> dict[str, Any]:
    """One file: ``layout``, ``sureness`` and why, ``sheets`` with their tables, what is to be ``asked``;
    ``answers`` is what the sender says of columns.

    Raises ProblemList where the file cannot be read at all.
    """
    content = foreign.read(source, data, library.captions.words)
    if content.packet is not None:
        return {"file": source, "kind": content.kind, **_packet(content.packet, library)}
    return {"file": source, "kind": content.kind, **_sheets(source, content, library, answers)}


def _packet(packet: Packet, library: Library) -> dict[str, Any]:
    layout = next(x for x in library.layouts.values() if x.kind == "packet")
    header = packet.header or {}
    known = dict(zip(HEADER, ("school", "year", "kind"), strict=True))
    says = {name: header[member] for member, name in known.items() if header.get(member)}
    return {
        **_of_layout(layout),
        "sureness": "sure" if says else "likely",
        "says": says,
        "records": {t: raw.height for t, raw in packet.lists.items()},
        "asked": ["vendor", *(name for name in known.values() if name not in says)],
        "problems": [p.as_dict() for p in (*packet.problems, *packet.warnings)],
        "sheets": [],
    }


def _sheets(source: str, content: Content, library: Library, answers: Answers | None) -> dict[str, Any]:
    kind: Kind = "json" if content.kind == "json" else "sheet"
    found = [
        (s, _decided(of_sheet(source, s, library, kind), library, answers) if not s.hidden else None)
        for s in content.sheets
    ]
    every = [t for _, f in found if f for t in f.tables]
    main = max(every, key=_importance, default=None)
    layout = main.meaning.layout if main else None
    said = titles.read([text for t in every for text in (*t.titles, t.sheet.name)])
    says: dict[str, Any] = {
        name: values[0] if len(values) == 1 else list(values)
        for name, values in (("school", said.schools), ("year", said.years), ("term", said.terms))
        if values
    }
    asked = [name for name in ("school", "year") if name not in says]
    if layout is None or len(layout.vendors) != 1:
        asked.insert(0, "vendor")
    else:
        says["vendor"] = layout.vendors[0]
    if layout and layout.carries in MANY_TERMS and "term" not in says:
        asked.append("term")
    asked += dict.fromkeys(
        f"column {m.caption}" for t in every for m in t.meaning.columns if m.doubt == "ambiguous"
    )
    record_type = main.meaning.record_type if main and main.meaning.record_type in record_types() else ""
    return {
        **(_of_layout(layout) if layout else _unknown(record_type)),
        "sureness": main.meaning.recognition.sureness if main else "unknown",
        "says": says,
        "asked": asked,
        "sheets": [_sheet(s, f.tables if f else (), f.passed_over if f else (), library) for s, f in found],
    }


def _decided(found: Found, library: Library, answers: Answers | None) -> Found:
    """The tables with their doubtful columns decided, as those of the one vendor whose layout they have."""
    read = []
    for table in found.tables:
        layout = table.meaning.layout
        vendor = layout.vendors[0] if layout and len(layout.vendors) == 1 else ""
        read.append(decided(table, library, vendor, answers))
    return replace(found, tables=read)


def _importance(table: Table) -> tuple[bool, int]:
    """A list that is sent goes before one that is not; then the larger one."""
    return table.meaning.record_type in record_types(), table.texts.height


def _of_layout(layout: Layout) -> dict[str, Any]:
    return {
        "layout": layout.name,
        "title_vi": layout.title_vi,
        "title_en": layout.title_en,
        "carries": layout.carries,
        "record_type": layout.record_type or None,
        "sent": layout.sent,
    }


def _unknown(record_type: str) -> dict[str, Any]:
    label = record(record_type).label_vi if record_type else None
    return {
        "layout": None,
        "title_vi": None,
        "title_en": None,
        "carries": label,
        "record_type": record_type or None,
        "sent": bool(record_type),
    }


def _sheet(
    sheet: Sheet, found: Sequence[Table], passed_over: Sequence[int], library: Library
) -> dict[str, Any]:
    return {
        "sheet": sheet.name,
        "hidden": sheet.hidden,
        "rows": len(sheet.rows),
        "header_like_rows": list(passed_over),
        "tables": [_table(t, library) for t in found],
    }


def _table(table: Table, library: Library) -> dict[str, Any]:
    meaning, recognition = table.meaning, table.meaning.recognition
    sent = meaning.record_type in record_types()
    groups = rows.groups(table.texts)
    class_said = classes.said(table, groups, library) if sent else None
    named = titles.read(table.titles)
    return {
        **(_of_layout(meaning.layout) if meaning.layout else _unknown(meaning.record_type if sent else "")),
        "sureness": recognition.sureness,
        "why": _why(meaning),
        "header_rows": table.header_rows,
        "header_again_rows": list(table.again),
        "rows_below": table.body.height,
        "titles": {
            "years": list(named.years), "terms": list(named.terms), "schools": list(named.schools),
            "classes": list(named.classes),
        },
        "class_from": class_said.where if class_said else None,
        "columns": [_column(m, meaning.record_type) for m in meaning.columns if m.column],
        "left_over": [_column(m, meaning.record_type) for m in meaning.columns if not m.column],
        "without_caption": _without_caption(table),
        "missing": [name for name, _ in required(meaning)] if sent else [],
    }  # fmt: skip


def _why(meaning: Meaning) -> dict[str, Any]:
    recognition = meaning.recognition
    match = recognition.match
    return {
        "captions": recognition.captions,
        "known": len(match.columns) if match else sum(m.column is not None for m in meaning.columns),
        "score": round(match.score, 2) if match else None,
        "of_layout": len(match.layout.columns) if match else None,
        "runners_up": [_runner_up(other) for other in recognition.others],
        "could_be": list(meaning.rivals),
    }


def _runner_up(match: Match) -> dict[str, Any]:
    return {
        "layout": match.layout.name,
        "score": round(match.score, 2),
        "known": len(match.columns),
        "missing": [c.caption for c in match.missing],
    }


def _column(m: Mapped, record_type: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "column": letter(m.number),
        "path": m.caption,
        "fields": [f"{record_type}.{f}" for f in m.fields] if record_type else [],
        "form": m.column.format if m.column else None,
        "by": m.by or None,
        "guessed": m.guessed,
    }
    if m.doubt:
        told |= {"doubt": m.doubt, "may_be": [f"{record_type}.{f}" for f in m.meant]}
    return told


def _without_caption(table: Table) -> list[str]:
    named = {m.number for m in table.meaning.columns}
    numbers = [int(n) for n in table.body.columns[1:] if int(n) not in named and table.body[n].count()]
    return [letter(n) for n in numbers]


def described(library: Library) -> list[dict[str, Any]]:
    """Every layout: what it carries, whether it is sent, its columns' paths and fields."""
    return [
        {
            **_of_layout(layout),
            "vendors": list(layout.vendors),
            "kind": layout.kind,
            "columns": _packet_columns() if layout.kind == "packet" else _columns(layout),
        }
        for layout in library.layouts.values()
    ]


def _columns(layout: Layout) -> list[dict[str, Any]]:
    return [
        {
            "path": c.caption,
            "synonyms": list(c.synonyms),
            "fields": [f"{layout.record_type}.{t}" for t in gives(c)],
            "form": c.format,
            "required": c.required,
        }
        for c in (*layout.columns, *layout.constants)
    ]


def _packet_columns() -> list[dict[str, Any]]:
    """The contracts' own fields, by their place in a packet."""
    return [
        {
            "path": f"{contract.packet}{'' if contract.single else '[]'}.{f.name}",
            "synonyms": [],
            "fields": [f"{name}.{f.name}"],
            "form": f.avro_type,
            "required": f.required == "yes",
        }
        for name in record_types()
        for contract in (record(name),)
        for f in contract.fields
    ]
