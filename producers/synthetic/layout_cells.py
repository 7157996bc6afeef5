"""Made-up records as a layout's cells say them: each column by its format, and the fields it is read into."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any, Final

import polars as pl

from producers.codemaps import CodeMap
from producers.layouts import Column, Layout
from producers.lists.values import IMPLIED, YEAR_OF_PUSH
from producers.model import OWN_ID, Target
from producers.synthetic import names
from schemas.codes import codelists

SEXES: Final = ("01", "02")
PROVINCE: Final = "019"
PLACES: Final = ("Xóm Mẫu", "Khu dân cư số 2", "Xã Mẫu", "Phường Mẫu", "Huyện Mẫu")
NEVER_BLANK: Final = ("class", "citizen", "identity", "school", "skip", "constant")
"""Forms whose columns are never left blank."""

Fields = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Who a row is about. ``number`` from 1."""

    number: int
    sex: str
    birth: date
    family: str
    given: str
    of_class: str
    grade: str

    @property
    def citizen(self) -> str:
        """A number that agrees with the person's sex and year of birth."""
        digit = 2 * (self.birth.year // 100 - 19) + (self.sex == "02")
        return f"{PROVINCE}{digit}{self.birth.year % 100:02}{self.number:06}"


@dataclass
class Row:
    """A record: ``cells`` by caption (None: blank), ``fields`` as they are read."""

    person: Person
    cells: dict[str, str | None] = field(default_factory=dict)
    fields: Fields = field(default_factory=dict)


def rows(
    layout: Layout, codemap: CodeMap, count: int, seed: int, classes: Sequence[str], push: Target
) -> list[Row]:
    """Records of a layout, the classes one behind the other. The same arguments give the same records."""
    rng = Random(f"{seed}/{layout.name}")
    per_class = -(-count // len(classes))
    made = []
    for number in range(1, count + 1):
        row = Row(_person(rng, number, classes[(number - 1) // per_class]))
        said = _Said(row.person, codemap, rng, push)
        for place, column in enumerate((*layout.columns, *layout.constants)):
            blank = (number + place) % 5 == 0 and not _always(column)
            cell = said.column(column, blank=blank)
            if column.caption:
                row.cells[column.caption] = cell
        row.fields = said.fields()
        made.append(row)
    return made


def _always(column: Column) -> bool:
    """Whether every row has something in a column: what a record cannot be without."""
    own = OWN_ID in (*column.targets, column.argument.partition("=")[0])
    return own or column.required or column.format in NEVER_BLANK


def _person(rng: Random, number: int, of_class: str) -> Person:
    sex = rng.choice(SEXES)
    grade = int("".join(c for c in of_class if c.isdigit())[:1])
    birth = date(2013 - grade, rng.randrange(1, 13), rng.randrange(1, 29))
    surname, middle = rng.choice(names.SURNAMES)[0], rng.choice(names.MIDDLE[sex])
    given = rng.choice(names.GIVEN[sex])
    return Person(number, sex, birth, f"{surname} {middle}", given, of_class, f"{grade:02}")


class _Said:
    """What the columns of one row say."""

    def __init__(self, person: Person, codemap: CodeMap, rng: Random, push: Target) -> None:
        self._who, self._codemap, self._rng, self._push = person, codemap, rng, push
        self._values: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        self._parts: dict[tuple[str, str, str], list[tuple[int, str | None]]] = defaultdict(list)

    def fields(self) -> Fields:
        """Of each field the first value by rank."""
        for (form, target, codelist), ranked in self._parts.items():
            parts = [text for _, text in sorted(ranked, key=lambda pair: pair[0]) if text]
            whole = (" " if form == "name_part" else ", ").join(parts) or None
            if form == "word" and whole:
                whole = self._codemap.map(codelist, pl.Series([whole]))[0][0]
            self._take(min(rank for rank, _ in ranked), whole, target)
        return {
            target: next((v for _, v in sorted(ranked, key=lambda pair: pair[0]) if v is not None), None)
            for target, ranked in self._values.items()
        }

    def _take(self, rank: int, value: Any, *targets: str) -> None:
        for target in targets:
            self._values[target].append((rank, value))

    def _imply(self, column: Column, value: Any) -> None:
        if column.argument:
            self._take(column.rank + IMPLIED, value, column.argument)

    def column(self, column: Column, *, blank: bool) -> str | None:
        """The cell, None for a blank one; what it means is kept."""
        who, rank = self._who, column.rank
        number = f"{who.number:06}"
        match column.format:
            case "skip":
                return str(who.number)
            case "unsent":
                return None if blank else f"ghi thêm {who.number}"
            case "constant":
                of_push = self._push.year if column.argument == YEAR_OF_PUSH else column.argument
                self._take(rank, of_push, *column.targets)
                return None
            case "label" | "grade" | "disability":
                return self._coded(column, blank=blank)
            case "tick" | "flag" | "word":
                return self._answered(column, blank=blank)
            case "part" | "name_part":
                return self._part(column, blank=blank)
            case "citizen":
                self._take(rank, who.citizen, *column.targets)
                return who.citizen
            case "identity":
                old = who.number % 2 == 0
                said = f"{90_000_000 + who.number:09}" if old else who.citizen
                self._take(rank, said, column.targets[old])
                return said
            case "school":
                self._take(rank, self._push.school, *column.targets)
                return self._push.school
            case "class":
                self._take(rank, who.of_class, *column.targets)
                self._imply(column, who.grade)
                return who.of_class
        if blank:
            self._take(rank, None, *column.targets)
            return None
        day = who.birth.replace(year=who.birth.year - 30)
        cells: dict[str, tuple[str, Any]] = {
            "id": (f"{abs(hash_of(column.caption)) % 1000:03}{number}",) * 2,
            "commune": ("05431", "05431"),
            "name": (f"{who.family} {who.given}",) * 2,
            "text": (f"{self._rng.choice(PLACES)} {who.number}",) * 2,
            "date": (f"{who.birth:%d/%m/%Y}", who.birth),
            "year": (str(day.year), date(day.year, 1, 1)),
            "phone": (f"09{who.number:08}",) * 2,
            "int": (str(1980 + who.number), 1980 + who.number),
            "number": (f"{who.number},5", who.number + 0.5),
        }
        cell, value = cells[column.format]
        self._take(rank, value, *column.targets)
        if column.format == "id" and column.argument:
            own, prefix = column.argument.split("=")
            self._take(rank + IMPLIED, prefix + value, own)
        elif column.format == "name":
            self._imply(column, who.given)
        return cell

    def _coded(self, column: Column, *, blank: bool) -> str | None:
        rank, who = column.rank, self._who
        if column.format == "grade":
            self._take(rank, None if blank else who.grade, *column.targets)
            return None if blank else (f"Khối {int(who.grade)}" if who.number % 2 else str(int(who.grade)))
        label, code = (None, column.argument or None) if blank else self._label(column)
        if column.format == "disability":
            self._take(rank, code is not None, column.targets[0])
            self._take(rank, code, *column.targets[1:])
        else:
            self._take(rank, code, *column.targets)
        return label

    def _label(self, column: Column) -> tuple[str, str]:
        """A label or a sender's digit, and the ministry's code that it means."""
        if column.codelist == "GIOI_TINH":
            return {"01": "Nam", "02": "Nữ"}[self._who.sex], self._who.sex
        entries = self._codemap.entries(column.codelist)
        labels = [code.label_vi for code in codelists().get(column.codelist, {}).values()] or ["Việt Nam"]
        codes, unmapped = self._codemap.map(column.codelist, pl.Series(labels, dtype=pl.String))
        said = [(text, c) for text, c, u in zip(labels, codes, unmapped, strict=True) if c and not u]
        digits = [(text, c) for text, c in entries.items() if c and not any(x.isalpha() for x in text)]
        return self._rng.choice(said + digits)

    def _answered(self, column: Column, *, blank: bool) -> str | None:
        rank = column.rank
        yes = not blank and self._rng.random() < 0.5
        if column.format == "word":
            self._parts["word", column.targets[0], column.codelist].append(
                (rank, column.argument if yes else None)
            )
            return "true" if yes else "false"
        if column.format == "flag":
            self._take(rank, None if blank else yes, *column.targets)
            return None if blank else ("Có" if yes else "Không")
        if column.targets == ("GioiTinh",):
            yes = self._who.sex == "02"
        codes = [*column.argument.split(","), None][:2] if column.argument else [True, False]
        self._take(rank, codes[0] if yes else codes[1], *column.targets)
        return "x" if yes else None

    def _part(self, column: Column, *, blank: bool) -> str | None:
        rank, who = column.rank, self._who
        text: str | None = f"{self._rng.choice(PLACES)} {who.number}"
        alone: Any = text
        if column.format == "name_part":
            text = alone = who.given if column.argument else who.family
        elif column.codelist:
            text, alone = self._label(column)
        if blank:
            text = alone = None
        self._imply(column, alone)
        for target in column.targets:
            self._parts[column.format, target, ""].append((rank, text))
        return text


def hash_of(text: str) -> int:
    """The same in every run, which ``hash`` is not."""
    return sum(i * ord(c) for i, c in enumerate(text, 1))
