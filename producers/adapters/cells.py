"""Cells of vendors' sheets, column by column: small pure functions from a text series to typed values.

Each takes a cleaned column (``clean``) and gives ``Cells``: the values, the cells that cannot be expressed by
error code, and the cells that were read with a repair or a doubt by warning code. A null is never an error.
"""

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from producers.text.columns import BEGIN, END, UNTIDY, holding, joined, tidied, untidy

NOT_A_DATE: Final = "CELL-102"
NOT_YES_NO: Final = "CELL-105"
DIGITS_LOST: Final = "CELL-108"
BECAME_DATE: Final = "CELL-147"
TRUE_FALSE: Final = "CELL-148"
ZERO_RESTORED: Final = "CELL-201"
MONTH_FIRST: Final = "CELL-202"
REMARK_CUT: Final = "CELL-203"
FORMULA_ERROR: Final = "CELL-206"
LETTER_AMONG_DIGITS: Final = "CELL-227"
TIME_OF_DAY: Final = "CELL-228"
EVENING_BEFORE: Final = "CELL-229"
DAY_COUNT: Final = "CELL-230"
DAY_COUNT_OF_1904: Final = "CELL-250"
DATE_IN_TEXT: Final = "CELL-231"
CLASS_AS_NUMBER: Final = "CELL-232"
SIGN_CUT: Final = "CELL-233"
MONTH_PROVED: Final = "CELL-234"

_FORMULA_ERROR: Final = r"#(?:N/A|[A-Z0-9/_]+[!?])|Err:[0-9]{3}"
_NOTHING: Final = rf"(?i:-|—|–|_|\.\.\.|…|nan|none|null|nat)?|{_FORMULA_ERROR}"
_MARK: Final = r"^'(\P{L}|$)"
UNCLEAN: Final = f"{UNTIDY}|{BEGIN}'|{BEGIN}(?:{_NOTHING}){END}"
"""Of what ``joined`` gives: what ``clean`` may change."""

_SCIENTIFIC: Final = r"^[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+$"
_FRACTION: Final = r"^[0-9]*[.,][0-9]+$"
_OF_A_SPREADSHEET: Final = (
    r"^(?i)([0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9:.]+)?|[0-9]{1,2}/[0-9]{1,2}/([0-9]{2}){1,2}( [0-9:.]+)?|"
    r"[0-9]{1,2}[- ](jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|thg ?[0-9]{1,2})([- ][0-9]{2,4})?|"
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|thg ?[0-9]{1,2})[- ][0-9]{1,4})$"
)
"""6/1, 1-2 or 2E3 where the program has made a date of them: 2019-01-06, 06-Jan, 1-thg2."""

_YES: Final = ["x", "có", "1", "true", "ü", "þ", "\uf0fc", "✓", "✔", "v"]
_NO: Final = ["không", "0", "false"]


FIRST_YEAR: Final = 1900
FROM_1904: Final = 1462
"""Days from the beginning of the one calendar of spreadsheets to that of the other."""
HIGHEST_GRADE: Final = 12


@dataclass(frozen=True)
class Cells:
    """A column read: ``values``; ``bad`` and ``doubtful``: code → mask."""

    values: pl.Series
    bad: dict[str, pl.Series] = field(default_factory=dict)
    doubtful: dict[str, pl.Series] = field(default_factory=dict)


def clean(raw: pl.DataFrame) -> pl.DataFrame:
    """Texts of cells, tidied (``producers.text``), without a spreadsheet's mark of a text; words for "no
    value" and error results of formulas are null."""
    whole = joined(raw)
    odd = untidy(whole) | holding(whole, f"{BEGIN}'")
    nothing = odd | (holding(whole, f"{BEGIN}(?:{_NOTHING}){END}") - _blank(raw))
    cells = raw.with_columns(map(_unmarked, tidied(odd))) if odd else raw
    said = [pl.when(~pl.col(n).str.contains(f"^(?:{_NOTHING})$")).then(n) for n in nothing]
    return cells.with_columns(said) if said else cells


def _unmarked(text: pl.Expr) -> pl.Expr:
    """An apostrophe marks a text that a program would else read as a number, a date or a formula; before a
    letter it is a name's, unless the whole column has it."""
    marked = text.str.starts_with("'")
    throughout = (marked | (text == "")).all() & (marked.sum() > 1)
    return pl.when(throughout).then(text.str.strip_prefix("'")).otherwise(text.str.replace(_MARK, "$1"))


def _blank(frame: pl.DataFrame) -> set[str]:
    """Columns without a text: joined they are empty, as one empty text would be."""
    nulls = frame.null_count()
    return {n for n, count in zip(nulls.columns, nulls.row(0), strict=True) if count == frame.height}


def formula_error(name: str) -> pl.Expr:
    """Whether a raw cell holds an error result of a formula, such as #N/A."""
    return pl.col(name).str.contains(rf"^\s*(?:{_FORMULA_ERROR})\s*$").fill_null(value=False)


def dates(column: pl.Series, *, since_1904: bool = False) -> Cells:
    """Dates: day first, ``2012-09-05``, ``20120905``, or an Excel serial, which counts as its workbook does.
    A lone year is not a date.

    Month first is read only where the day proves it, and told; if any row of the column is so written, the
    rows that could be read both ways are doubtful.
    """
    text = column.str.replace(r"(?i)^ngày\s*", "").str.replace_all(r"\s*([/.\-])\s*", "$1")
    clock = r"(?:[T ](?<t>[0-9:.]+))?$"
    ymd = text.str.extract_groups(
        r"^(?<y>[0-9]{4})[/.\-]?(?<m>[0-9]{2}|[0-9])[/.\-]?(?<d>[0-9]{2}|[0-9])" + clock
    )
    dmy = text.str.extract_groups(
        r"^(?<a>[0-9]{1,2})[/.\-](?<b>[0-9]{1,2})[/.\-](?<y>[0-9]{4}|[0-9]{2})" + clock
    )
    parts = pl.DataFrame({"text": text, "ymd": ymd, "dmy": dmy})
    year_4, month, day = (pl.col("ymd").struct.field(n).cast(pl.Int32) for n in ("y", "m", "d"))
    first, second = (pl.col("dmy").struct.field(n).cast(pl.Int32) for n in ("a", "b"))
    year = pl.col("dmy").struct.field("y").cast(pl.Int32)
    full_year = pl.when(year < 30).then(year + 2000).when(year < 100).then(year + 1900).otherwise(year)
    month_first = (first <= 12) & (second > 12)
    serial = pl.col("text").str.extract(r"^([0-9]{5})(?:\.[0-9]+)?$").cast(pl.Int32)
    serial = serial + (FROM_1904 if since_1904 else 0)
    serial = pl.when(serial.is_between(15_000, 60_000)).then(serial)
    clock_time = pl.coalesce(pl.col("ymd").struct.field("t"), pl.col("dmy").struct.field("t"))
    read = parts.select(
        value=pl.coalesce(
            _date(year_4, month, day, when=_compact_ok()),
            _date(full_year, second, first, when=full_year >= FIRST_YEAR),
            _date(full_year, first, second, when=month_first & (full_year >= FIRST_YEAR)),
            pl.lit("1899-12-30").str.to_date() + pl.duration(days=serial),
        ),
        clock=clock_time,
        counted=serial.is_not_null(),
        month_first=month_first.fill_null(value=False),
        both=((first <= 12) & (second <= 12) & (first != second)).fill_null(value=False),
    )
    values = read["value"].alias(column.name)
    proved = read["month_first"] & values.is_not_null()
    doubtful = {MONTH_FIRST: read["both"], MONTH_PROVED: proved} if proved.any() else {}
    if read["counted"].any():
        doubtful[DAY_COUNT_OF_1904 if since_1904 else DAY_COUNT] = read["counted"]
    doubtful |= times_of_day(read["clock"])
    return Cells(values, {NOT_A_DATE: column.is_not_null() & values.is_null()}, doubtful)


def times_of_day(clock: pl.Series) -> dict[str, pl.Series]:
    """Doubts of dates that say a time (null: none): 17:00 is midnight in Vietnam, of the next day, in UTC."""
    said = clock.str.contains("[1-9]").fill_null(value=False)
    evening = clock.str.contains(r"^17:00(:00(\.0+)?)?$").fill_null(value=False)
    found = {EVENING_BEFORE: evening, TIME_OF_DAY: said & ~evening}
    return _found(found)


def years(column: pl.Series, *, since_1904: bool = False) -> Cells:
    """Birth years of parents, or full dates. The wire wants a date: a year stands as its 1 January."""
    year = column.str.extract(r"^((?:19|20)[0-9]{2})(?:\.0)?$")
    full = dates(column, since_1904=since_1904)
    values = (year + "-01-01").str.to_date("%Y-%m-%d", strict=False).fill_null(full.values).alias(column.name)
    return Cells(values, {NOT_A_DATE: column.is_not_null() & values.is_null()}, full.doubtful)


def ids(column: pl.Series) -> Cells:
    """Codes and numbers of things: no blanks inside, no ``.0`` of a float; 1.9E+10 has lost digits, and so
    may any number with a fraction. The letters O, o, I, l among digits alone are doubtful, never changed."""
    digits = _digits(column)
    text = digits.values.str.replace(r"^([0-9A-Za-z]+)[,;.]$", "$1")
    cut = (text != digits.values).fill_null(value=False)
    lost = digits.bad[DIGITS_LOST] | text.str.contains(_FRACTION).fill_null(value=False)
    dated = column.str.contains(_OF_A_SPREADSHEET).fill_null(value=False)
    truth = text.str.contains("^(?i:true|false)$").fill_null(value=False)
    letters = text.str.contains("^[0-9OoIl]{6,}$") & text.str.contains("[OoIl]") & text.str.contains("[0-9]")
    return Cells(
        text,
        _found({DIGITS_LOST: lost, BECAME_DATE: dated, TRUE_FALSE: truth}),
        _found({LETTER_AMONG_DIGITS: letters.fill_null(value=False), SIGN_CUT: cut}),
    )


def _digits(column: pl.Series) -> Cells:
    text = column.str.replace_all(" ", "").str.replace(r"^'", "").str.replace(r"^([0-9]+)\.0+$", "$1")
    return Cells(text, {DIGITS_LOST: text.str.contains(_SCIENTIFIC).fill_null(value=False)})


def _found(masks: dict[str, pl.Series]) -> dict[str, pl.Series]:
    return {code: mask for code, mask in masks.items() if mask.any()}


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
    return Cells(values, read.bad, read.doubtful | {ZERO_RESTORED: repaired["fits"]})


def phones(column: pl.Series) -> Cells:
    """Telephones: ``+84…`` becomes ``0…``; nine digits that begin a mobile number get their zero back."""
    read = _digits(column)
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
    truth = column.str.contains("^(?i:true|false)$").fill_null(value=False)
    read = column.str.replace_all(r"\s*\([^)]*\)", "").str.strip_chars()
    return Cells(read, _found({TRUE_FALSE: truth}), {REMARK_CUT: cut})


def texts(column: pl.Series) -> Cells:
    """Texts as given; told where a spreadsheet has made a date of one, such as a house's number 12/5."""
    dated = column.str.contains(_OF_A_SPREADSHEET).fill_null(value=False)
    return Cells(column, {}, _found({DATE_IN_TEXT: dated}))


def class_names(column: pl.Series) -> Cells:
    """Names of classes. 6/1 may have become a date, 6E2 the number 600: which class it was, nobody can tell.
    6.1 may have been 6.10: doubtful."""
    number = column.str.extract(r"^([0-9]+)(?:\.0+)?$").cast(pl.Int64, strict=False)
    lost = column.str.contains(_OF_A_SPREADSHEET) | column.str.contains(_SCIENTIFIC)
    lost = lost.fill_null(value=False) | (number > HIGHEST_GRADE).fill_null(value=False)
    fraction = column.str.contains(r"^[0-9]{1,2}[.,][0-9]{1,2}$").fill_null(value=False)
    return Cells(column, _found({BECAME_DATE: lost}), _found({CLASS_AS_NUMBER: fraction}))


def grades(column: pl.Series) -> pl.Series:
    """Grade that a class name begins with: ``6A1``, ``L2B``, ``Lớp 10T4``. An age is no grade."""
    number = column.str.extract(r"(?i)^(?:lớp\s*)?\p{L}?([0-9]{1,2})(?:\D|$)").cast(pl.Int32)
    grade = number.is_between(1, 12) & ~column.str.contains(r"(?i)tuổi")
    return pl.select(pl.when(grade).then(number.cast(pl.String).str.zfill(2))).to_series().alias(column.name)


def grades_beyond_ages(column: pl.Series) -> pl.Series:
    """The same in a school whose classes have ages: ``6A1`` is a grade, ``5TA1`` and ``5B`` may be an age,
    ``12`` a count."""
    beyond = column.str.contains(r"(?i)^(?:lớp\s*)?(?:[6-9]|1[0-2])[/\s]?\p{L}").fill_null(value=False)
    return pl.select(pl.when(beyond).then(grades(column))).to_series().alias(column.name)


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
