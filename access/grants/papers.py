"""What goes with the forms when they are sent, the contract, and what all of them are checked for."""

import csv
import datetime
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from schemas.errors import Problem, SourceLocation

UNSIGNED: Final = "GRT-112"
SHA256: Final = re.compile(r"[0-9a-f]{64}")


class Paper(BaseModel):
    """A part of a request's body: nothing is taken for something else."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Request1(Paper):
    """``form``: Form 1 as JSON (``access.documents.form1``). ``vendor``: whom the grant is for; ``sha256`` of
    the signed file; ``remove``: records leave by a push, too; ``valid_until``: the last day that is asked
    for; ``year``: the school year whose campaign it is for, 0: the newest."""

    form: dict[str, Any]
    vendor: str
    sha256: str = ""
    product_version: str = ""
    remove: bool = False
    valid_until: datetime.date | None = None
    year: int = 0


class Request2(Paper):
    """``form``: Form 2 with its list as JSON (``access.documents.form2``); ``sha256`` of the signed file.
    ``list_file``: the list that goes with it, .docx or .xlsx, in base64; ``list_name``: what it is called."""

    form: dict[str, Any]
    sha256: str = ""
    list_file: str = ""
    list_name: str = ""
    year: int = 0


class ContractForm(Paper):
    """What the school says of its contract with the vendor; ``parties`` as codes."""

    number: str = ""
    date: datetime.date | None = None
    begins: datetime.date | None = None
    ends: datetime.date | None = None
    parties: tuple[str, ...] = ()
    clause: bool = False
    sha256: str = ""


def fault(code: str, field: str, row: int = 0, **params: object) -> Problem:
    """A problem of a field, in a line of the list if there is one."""
    return Problem(code, SourceLocation(row=row, field=field), {"field": field, **params})


def signed(sha256: str) -> Iterator[Problem]:
    """What is wrong with the hash of the signed file."""
    if not SHA256.fullmatch(sha256):
        yield fault(UNSIGNED, "sha256")


@cache
def products() -> Mapping[str, str]:
    """Known product, in capitals → its vendor. Another product is free text."""
    text = files("access.grants").joinpath("products.csv").read_text(encoding="utf-8")
    return {row["product"]: row["vendor"] for row in csv.DictReader(text.splitlines())}
