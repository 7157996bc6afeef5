"""The contract between school and vendor: neither form asks for it, and without it nothing is handed over."""

from collections.abc import Iterator
from datetime import date

from access.grants.papers import SHA256, ContractForm, fault
from schemas.errors import Problem
from streams.grants.state import Contract


def problems(form: ContractForm, vendor: str, school: str, today: date) -> list[Problem]:
    """All that is wrong with it."""
    return list(_problems(form, vendor, school, today))


def of(form: ContractForm) -> Contract:
    """What of it goes on record; of one that is complete."""
    assert form.date is not None
    begins = form.begins or form.date
    return Contract(form.number.strip(), form.date, begins, form.ends, form.parties, form.clause, form.sha256)


def _problems(form: ContractForm, vendor: str, school: str, today: date) -> Iterator[Problem]:
    if not form.number.strip():
        yield fault("GRT-301", "number")
    if form.date is None:
        yield fault("GRT-301", "date")
    elif form.date > today:
        yield fault("GRT-302", "date", day=form.date.isoformat())
    if set(form.parties) != {vendor, school}:
        yield fault("GRT-303", "parties", school=school, vendor=vendor)
    if not form.clause:
        yield fault("GRT-304", "clause")
    begins = form.begins or form.date
    if form.ends is not None and begins is not None and form.ends < begins:
        yield fault("GRT-305", "ends", begins=begins.isoformat(), ends=form.ends.isoformat())
    elif form.ends is not None and form.ends < today:
        yield fault("GRT-306", "ends", ends=form.ends.isoformat())
    if form.sha256 and not SHA256.fullmatch(form.sha256):
        yield fault("GRT-112", "sha256")
