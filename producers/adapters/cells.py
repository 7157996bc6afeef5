"""Cells of vendors' sheets, column by column: small pure functions from a text series to typed values.

Each takes a cleaned column (``clean``) and gives ``Cells``: the values, the cells that cannot be expressed by
error code, and the cells that were read with a repair or a doubt by warning code. A null is never an error.
"""

from dataclasses import dataclass, field
from typing import Final

import polars as pl

NOT_A_DATE: Final = "CELL-102"
NOT_YES_NO: Final = "CELL-105"
DIGITS_LOST: Final = "CELL-108"
ZERO_RESTORED: Final = "CELL-201"
MONTH_FIRST: Final = "CELL-202"
REMARK_CUT: Final = "CELL-203"

_MISSING: Final = ["", "-", "—", "–", "_", "...", "…", "nan", "none", "null", "nat"]
_BLANKS: Final = r"[\s\u{00a0}\u{200b}\u{feff}]+"
_WIDE: Final = {chr(0xFF10 + n): str(n) for n in range(10)}
"""Full-width digits of East Asian keyboards → the digits that they are."""
_ODD: Final = r"[\u{0300}-\u{036f}]|[^\S ]|[\u{00a0}\u{200b}\u{feff}\u{ff10}-\u{ff19}]|  "
"""Combining marks, blanks other than a space, two blanks, wide digits: rare, and dear to look for one by
one."""
_FORMULA_ERROR: Final = r"^(#(N/A|[A-Z0-9/_]+[!?])|Err:[0-9]{3})$"
_SCIENTIFIC: Final = r"^[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+$"
_YES: Final = ["x", "có", "1", "true", "ü", "þ", "\uf0fc", "✓", "✔", "v"]
_NO: Final = ["không", "0", "false"]


@dataclass(frozen=True)
class Cells:
    """A column read: ``values``; ``bad`` and ``doubtful``: code → mask."""

    values: pl.Series
    bad: dict[str, pl.Series] = field(default_factory=dict)
    doubtful: dict[str, pl.Series] = field(default_factory=dict)


def clean(raw: pl.DataFrame) -> pl.DataFrame:
    """Texts of cells: NFC, blanks folded, wide digits made plain, a leading apostrophe dropped; words for "no
    value" are null."""
    text = pl.all()
    if raw.select(pl.any_horizontal(pl.all().str.contains(_ODD).any())).item():
        text = text.str.normalize("NFC").str.replace_all(_BLANKS, " ").str.replace_many(_WIDE)
    cells = raw.select(text.str.strip_chars(" ").str.strip_prefix("'"))
    return cells.select(
        pl.when(
            ~(pl.col(n).str.to_lowercase().is_in(_MISSING) | pl.col(n).str.contains(_FORMULA_ERROR))
        ).then(n)
        for n in cells.columns
    )


def formula_error(name: str) -> pl.Expr:
    """Whether a raw cell holds an error result of a formula, such as #N/A."""
    return pl.col(name).str.strip_chars().str.contains(_FORMULA_ERROR).fill_null(value=False)


def dates(column: pl.Series) -> Cells:
    """Dates: day first, ``2012-09-05``, ``20120905``, or an Excel serial. A lone year is not a date.

    Month first is read only where the day proves it; if any row of the column is so written, the rows that
    could be read both ways are doubtful.
    """
    text = column.str.replace(r"(?i)^ngày\s*", "").str.replace_all(r"\s*([/.\-])\s*", "$1")
    ymd = text.str.extract_groups(
        r"^(?<y>[0-9]{4})[/.\-]?(?<m>[0-9]{2}|[0-9])[/.\-]?(?<d>[0-9]{2}|[0-9])(?:[T ][0-9:.]+)?$"
    )
    dmy = text.str.extract_groups(
        r"^(?<a>[0-9]{1,2})[/.\-](?<b>[0-9]{1,2})[/.\-](?<y>[0-9]{4}|[0-9]{2})(?: [0-9:.]+)?$"
    )
    parts = pl.DataFrame({"text": text, "ymd": ymd, "dmy": dmy})
    year_4, month, day = (pl.col("ymd").struct.field(n).cast(pl.Int32) for n in ("y", "m", "d"))
    first, second = (pl.col("dmy").struct.field(n).cast(pl.Int32) for n in ("a", "b"))
    year = pl.col("dmy").struct.field("y").cast(pl.Int32)
    full_year = pl.when(year < 30).then(year + 2000).when(year < 100).then(year + 1900).otherwise(year)
    month_first = (first <= 12) & (second > 12)
    serial = pl.col("text").str.extract(r"^([0-9]{5})(?:\.[0-9]+)?$").cast(pl.Int32)
    read = parts.select(
        value=pl.coalesce(
            _date(year_4, month, day, when=_compact_ok()),
            _date(full_year, second, first),
            _date(full_year, first, second, when=month_first),
            pl.when(serial.is_between(15_000, 60_000)).then(
                pl.lit("1899-12-30").str.to_date() + pl.duration(days=serial)
            ),
        ),
        month_first=month_first.fill_null(value=False),
        both=((first <= 12) & (second <= 12) & (first != second)).fill_null(value=False),
    )
    values = read["value"].alias(column.name)
    doubtful = {MONTH_FIRST: read["both"]} if read["month_first"].any() else {}
    return Cells(values, {NOT_A_DATE: column.is_not_null() & values.is_null()}, doubtful)


def years(column: pl.Series) -> Cells:
    """Birth years of parents, or full dates. The wire wants a date: a year stands as its 1 January."""
    year = column.str.extract(r"^((?:19|20)[0-9]{2})(?:\.0)?$")
    full = dates(column).values
    values = (year + "-01-01").str.to_date("%Y-%m-%d", strict=False).fill_null(full).alias(column.name)
    return Cells(values, {NOT_A_DATE: column.is_not_null() & values.is_null()})


def ids(column: pl.Series) -> Cells:
    """Codes and numbers of things: no blanks inside, no ``.0`` of a float; 1.9E+10 has lost digits."""
    text = column.str.replace_all(" ", "").str.replace(r"^'", "").str.replace(r"^([0-9]+)\.0+$", "$1")
    lost = text.str.contains(_SCIENTIFIC).fill_null(value=False)
    return Cells(text, {DIGITS_LOST: lost})


def citizen_numbers(column: pl.Series, genders: pl.Series, births: pl.Series) -> Cells:
    """12-digit numbers. A lost leading zero comes back only if province, gender and birth year then agree.

    ``genders`` are ministry codes, ``births`` dates. Digit 4: century and gender; digits 5 and 6: the year.
    """
    read = ids(column)
    frame = pl.DataFrame({"text": read.values, "gender": genders, "birth": births})
    padded = pl.col("text").str.zfill(12)
    year = pl.col("birth").dt.year()
    sex = 2 * (year // 100 - 19) + (pl.col("gender") == "02").cast(pl.Int32)
    fits = (
        pl.col("text").str.contains(r"^[0-9]{10,11}$")
        & padded.str.contains(r"^0(0[1-9]|[1-9][0-9])")
        & (padded.str.slice(3, 1).cast(pl.Int32, strict=False) == sex)
        & (padded.str.slice(4, 2).cast(pl.Int32, strict=False) == year % 100)
    ).fill_null(value=False)
    repaired = frame.select(fits.alias("fits"), pl.when(fits).then(padded).otherwise("text").alias("value"))
    values = repaired["value"].alias(column.name)
    return Cells(values, read.bad, {ZERO_RESTORED: repaired["fits"]})


def phones(column: pl.Series) -> Cells:
    """Telephones: ``+84…`` becomes ``0…``; nine digits that begin a mobile number get their zero back."""
    read = ids(column)
    digits = read.values.str.replace_all(r"[.\-()]", "")
    local = digits.str.replace(r"^(?:\+84|84)([0-9]{9})$", "0$1").str.replace(r"^([35789][0-9]{8})$", "0$1")
    return Cells(local.alias(column.name), read.bad)


def ticks(column: pl.Series) -> Cells:
    """Tick columns: x, a symbol font's tick, có, 1 are yes; blank, không, 0 are no."""
    text = column.str.to_lowercase()
    yes, no = text.is_in(_YES), text.is_null() | text.is_in(_NO)
    bad = ~(yes.fill_null(value=False) | no)
    return Cells(yes.fill_null(value=False).alias(column.name), {NOT_YES_NO: bad})


def names(column: pl.Series) -> Cells:
    """Names as given; a remark in brackets, such as (chuyển trường), is cut and reported."""
    cut = column.str.contains(r"\(.*\)").fill_null(value=False)
    return Cells(column.str.replace_all(r"\s*\([^)]*\)", "").str.strip_chars(), {}, {REMARK_CUT: cut})


def grades(column: pl.Series) -> pl.Series:
    """Grade that a class name begins with: ``6A1``, ``L2B``, ``Lớp 10T4``. An age is no grade."""
    number = column.str.extract(r"(?i)^(?:lớp\s*)?\p{L}?([0-9]{1,2})(?:\D|$)").cast(pl.Int32)
    grade = number.is_between(1, 12) & ~column.str.contains(r"(?i)tuổi")
    return pl.select(pl.when(grade).then(number.cast(pl.String).str.zfill(2))).to_series().alias(column.name)


def _compact_ok() -> pl.Expr:
    """``20120905`` or parts set apart: a bare run of 5 to 7 digits is no date."""
    text = pl.col("text")
    return text.str.contains(r"^[0-9]{8}$") | text.str.contains(r"^[0-9]{4}[/.\-][0-9]{1,2}[/.\-][0-9]{1,2}")


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr, when: pl.Expr | None = None) -> pl.Expr:
    """A date, null where the day does not exist (31/02) or ``when`` does not hold."""
    text = pl.format(
        "{}-{}-{}",
        year.cast(pl.String),
        month.cast(pl.String).str.zfill(2),
        day.cast(pl.String).str.zfill(2),
    )
    parsed = text.str.to_date("%Y-%m-%d", strict=False)
    return parsed if when is None else pl.when(when).then(parsed)
