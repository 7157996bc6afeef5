"""As what an answer is wanted: by the parameter ``format``, else by the header Accept. Pure."""

from typing import Final, Literal

from schemas.errors import Problem, ProblemList

Format = Literal["json", "xlsx"]

NOT_OFFERED: Final = "GATE-075"

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSM: Final = "application/vnd.ms-excel.sheet.macroenabled.12"
ZIP: Final = "application/zip"

OFFERED: Final[dict[str, Format]] = {
    "*/*": "json",
    "application/*": "json",
    "application/json": "json",
    XLSX: "xlsx",
    XLSM: "xlsx",
    ZIP: "xlsx",
}


def wanted(said: Format | None, accept: str | None) -> Format:
    """The best of what is accepted. Raises ProblemList (GATE-075)."""
    if said is not None:
        return said
    if accept is None or not accept.strip():
        return "json"
    ranked = [
        (_quality(each), OFFERED.get(each.partition(";")[0].strip().lower())) for each in accept.split(",")
    ]
    taken = [(quality, kind) for quality, kind in ranked if quality > 0 and kind is not None]
    if not taken:
        raise ProblemList([Problem(NOT_OFFERED)])
    best = max(quality for quality, _ in taken)
    return next(kind for quality, kind in taken if quality == best)


def _quality(one: str) -> float:
    """Of one kind in the header; what is no number refuses it."""
    for parameter in one.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
