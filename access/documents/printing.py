"""Form 1 and Form 2 as Word files, from the templates that lie beside.

The templates are ours, with fields in braces; what is filled in is text and stays text, whatever it holds.
"""

import io
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import msgspec

from access.documents.form1 import Form1
from access.documents.form2 import Form2, Line

YES, NO = "Có", "Chưa"
PERIODS_VI: Final = {"start": "đầu năm", "changes": "phát sinh", "end": "cuối năm"}


def form1(form: Form1) -> bytes:
    """A .docx of Form 1. The form is one without problems."""
    contract = ""
    if form.contract_number and form.contract_day:
        contract = f"Số {form.contract_number} ngày {form.contract_day:%d/%m/%Y}"
        if form.contract_until:
            contract += f", đến hết ngày {form.contract_until:%d/%m/%Y}"
    return _filled(
        "form1.docx",
        _of(form)
        | {
            "managing_name_upper": form.managing_name.upper(),
            "school_name_upper": form.school_name.upper(),
            "record_types": ", ".join(form.record_types),
            "periods": ", ".join(PERIODS_VI.get(p, p) for p in form.periods),
            "contract": contract or "Chưa ký",
            "clause": YES if form.clause_confirmed else NO,
        },
    )


def form2(form: Form2) -> bytes:
    """A .docx of Form 2 with its list. The form is one without problems."""
    return _filled(
        "form2.docx",
        _of(form)
        | {
            "managing_name_upper": form.managing_name.upper(),
            "unit_name_upper": form.unit_name.upper(),
            "lines": [_line(row, line) for row, line in enumerate(form.lines, 1)],
        },
    )


def _of(form: Form1 | Form2) -> dict[str, Any]:
    said = msgspec.structs.asdict(form)
    assert form.day is not None  # a form without one has problems
    parts = {"day_of_month": f"{form.day:%d}", "month": f"{form.day:%m}", "year": form.day.year}
    said |= parts | {"day": f"{form.day:%d/%m/%Y}"}
    if isinstance(form, Form1):
        said["levels"] = "-".join(form.levels)
    return said


def _line(row: int, line: Line) -> dict[str, Any]:
    said = msgspec.structs.asdict(line)
    contract = {True: YES, False: NO, None: ""}[line.contract_confirmed]
    return said | {"row": row, "levels": "-".join(line.levels), "contract": contract}


def _filled(template: str, fields: Mapping[str, Any]) -> bytes:
    from docxtpl import DocxTemplate  # takes a quarter of a second, which only who prints should wait for
    from jinja2 import Environment, StrictUndefined

    given = files("access.documents").joinpath("templates", template).read_bytes()
    document = DocxTemplate(io.BytesIO(given))
    document.render(dict(fields), Environment(autoescape=True, undefined=StrictUndefined))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
