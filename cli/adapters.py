"""`csdl adapters`: the layouts that are known, and what a file is taken for."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from cli.answers import REFUSED, json_option, print_json, print_table, say, tell
from producers import files
from producers.layouts import Library, known
from producers.lists import answers
from producers.lists import detect as detection
from producers.lists.answers import Answers
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList, SourceLocation

_SURE = {
    "sure": "chắc chắn/sure",
    "likely": "có lẽ/likely",
    "unknown": "không theo mẫu nào/of no known layout",
}


column_option = click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="CAPTION=FIELD",
    help='What a column is, where its caption may be several fields: "Mã học sinh=ClientId". Repeatable.',
)


@click.group()
def adapters() -> None:
    """Mẫu tệp — layouts of files: which are known, and which one a file is."""


@adapters.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Các mẫu đã biết — every layout: what it carries, whether it is sent, column → field (--json)."""
    described = detection.described(known(Settings()))
    if as_json:
        print_json(described)
        return
    print_table(
        ("layout", "carries", "sent", "vendors", "kind", "columns", "title"),
        [
            (
                d["layout"], d["carries"], "có/yes" if d["sent"] else "không/no",
                ", ".join(d["vendors"]) or "*", d["kind"], len(d["columns"]), d["title_vi"],
            )
            for d in described
        ],
    )  # fmt: skip


@adapters.command("detect")
@click.argument("paths", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@column_option
@json_option
def detect(paths: tuple[Path, ...], columns: tuple[str, ...], as_json: bool) -> None:
    """Tệp này là gì — layout, sheets, header rows, column → field, what is guessed, left over and unsaid.

    Exit 1 if a file cannot be read, is of no known kind, or is not sent.
    """
    layouts, given = known(Settings()), answers.parsed(columns)
    if wrong := answers.problems(given, layouts):
        raise ProblemList(wrong)
    said = Answers(given)
    found = [_one(path, layouts, said) for path in paths]
    if wrong := said.unused(SourceLocation(", ".join(path.name for path in paths))):
        raise ProblemList(wrong)
    if as_json:
        told = [{**one, "problems": _as_dicts(one.get("problems", ()))} for one in found]
        print_json({"files": told})
    else:
        for one in found:
            _tell(one)
    sys.exit(0 if all(one.get("sent") and not one.get("problems") for one in found) else REFUSED)


def _one(path: Path, layouts: Library, said: Answers) -> dict[str, Any]:
    try:
        return detection.detect(path.name, files.content(path), layouts, said)
    except ProblemList as error:
        return {"file": path.name, "layout": None, "sent": False, "problems": error.problems}


def _as_dicts(problems: Iterable[Any]) -> list[dict[str, Any]]:
    return [p.as_dict() if isinstance(p, Problem) else p for p in problems]


def _tell(one: dict[str, Any]) -> None:
    tell(f"{one['file']}")
    if "sureness" not in one:
        say(one["problems"])
        return
    title = f"{one['title_vi']} — {one['title_en']}" if one["layout"] else _SURE["unknown"]
    sent = "được gửi/sent" if one["sent"] else "không gửi/not sent"
    tell(f"  {one['layout'] or '–'}: {title} ({_SURE[one['sureness']]}; {sent})")
    for sheet in one["sheets"]:
        hidden = " (ẩn/hidden)" if sheet["hidden"] else ""
        tell(f"  {sheet['sheet'] or '–'}{hidden}: {len(sheet['tables'])} bảng/tables")
        for table in sheet["tables"]:
            rows = ", ".join(map(str, table["header_rows"]))
            tell(f"    tiêu đề ở dòng/captions in row {rows}; {table['rows_below']} dòng/rows")
            for column in table["columns"]:
                how = "đoán/guessed: " + column["by"] if column["guessed"] else column["by"]
                fields = ", ".join(column["fields"]) or column["form"]
                tell(f"      {column['column']} {column['path']} → {fields} ({how})")
            for column in table["left_over"]:
                tell(f"      {column['column']} {column['path']} → không gửi/not sent")
            for name in table["missing"]:
                tell(f"      thiếu/missing: {name}")
    if one["asked"]:
        tell(f"  Cần nêu — to be told: {', '.join(one['asked'])}")
