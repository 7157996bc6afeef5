"""The papers of the letter, as made-up schools and units would write them: Form 1, Form 2, the contract."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from access.documents import data_files, printing
from access.documents.against import LEVELS
from access.documents.fields import LEVELS as IN_ORDER
from access.documents.form2 import Form2
from producers.synthetic.province import SchoolPlan
from producers.synthetic.school import YEAR
from schemas.contracts.contracts import record_types
from schemas.datasets import PERIODS
from schemas.organisation.organisation import Organisation
from schemas.organisation.units import Kind

IN_CHARGE: Final = {"name": "Nguyễn Thị Mẫu", "phone": "0912345678", "email": "mau@truong.example"}
SOFTWARE: Final = {"smas": ("SMAS", "Viettel"), "vnedu": ("VNEDU", "VNPT")}


def request(
    school: SchoolPlan, known: Organisation, day: date, signed: str = "", **more: Any
) -> dict[str, Any]:
    """A school's request on a day, under the units of that day, with Form 1; ``signed``: SHA-256 of the file
    that was handed in, if one was."""
    route = known.route(school.code, day)
    above, department = route[0], route[-1]
    software, vendor = SOFTWARE[school.vendor]
    form = {
        "managing_unit": above.code,
        "managing_name": above.period.name,
        "school": school.code,
        "school_name": school.name,
        "number": number(school),
        "place": above.period.name,
        "day": day.isoformat(),
        "department": department.period.name,
        "through": "" if above.kind is Kind.DEPARTMENT else above.period.name,
        "levels": _levels(school),
        "software": software,
        "vendor": vendor,
        "account": f"truong.{school.code.lower()}",
        "officer": IN_CHARGE,
        "record_types": sorted(record_types()),
        "periods": sorted(PERIODS.values()),
    }
    signed = signed or sha256(f"form 1 {school.code}")
    return {"form": form | more, "vendor": school.vendor, "sha256": signed, "year": YEAR}


def batch(
    unit: str, schools: Sequence[SchoolPlan], known: Organisation, day: date, signed: str = "", **more: Any
) -> dict[str, Any]:
    """A unit's batch of its schools on a day, with Form 2; ``signed`` as above."""
    held = known.on(unit, day)
    name = held.period.name if held else unit
    form = {
        "unit": unit,
        "managing_name": f"UBND {name}",
        "unit_name": office(name),
        "number": f"{unit}/DS",
        "place": name,
        "day": day.isoformat(),
        "department": "Sở Giáo dục và Đào tạo",
        "area": name,
        "contact": IN_CHARGE,
        "count": len(schools),
        "lines": [_line(school) for school in schools],
    }
    return {"form": form | more, "sha256": signed or sha256(f"form 2 {unit} {day}"), "year": YEAR}


def listed(batch: dict[str, Any]) -> dict[str, Any]:
    """The batch with its list as a Word file."""
    form = data_files.parse(json.dumps(batch["form"]).encode("utf-8"), Form2, "")
    word = b64encode(printing.form2(form)).decode("ascii")
    return batch | {"list_file": word, "list_name": "mau2.docx"}


def lines(form: dict[str, Any]) -> list[str]:
    """What stands in either form, as far as it is compared with what is sent."""
    day = date.fromisoformat(form["day"])
    said = [
        f"Số: {form['number']}",
        f"{form['place']}, ngày {day:%d} tháng {day:%m} năm {day:%Y}",
        f"{form.get('area') or form.get('school_name')} {form.get('school', '')}",
    ]
    if "lines" in form:
        said += [f"{line['school']} {line['name']}" for line in form["lines"]]
        said.append(f"Tổng số: {form['count']} đơn vị.")
    return said


def office(area: str) -> str:
    """As the education office of a district signs."""
    return f"Phòng GDĐT {area}"


def contract(school: SchoolPlan, day: date) -> dict[str, Any]:
    """What the school has signed with its vendor."""
    return {
        "number": f"HĐ-{school.index + 1}",
        "date": day.isoformat(),
        "parties": [school.code, school.vendor],
        "clause": True,
        "sha256": sha256(f"contract {school.code}"),
    }


def number(school: SchoolPlan) -> str:
    """Of its Form 1."""
    return f"{school.index + 1}/ĐN"


def sha256(text: str) -> str:
    """In the place of a signed file's."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _line(school: SchoolPlan) -> dict[str, Any]:
    software, vendor = SOFTWARE[school.vendor]
    return {
        "school": school.code,
        "name": school.name,
        "levels": _levels(school),
        "software": software,
        "vendor": vendor,
        "account": f"truong.{school.code.lower()}",
        "officer": IN_CHARGE["name"],
        "form1_number": number(school),
        "contract_confirmed": True,
    }


def _levels(school: SchoolPlan) -> list[str]:
    named = LEVELS[school.level]
    return [level for level in IN_ORDER if level in named]
