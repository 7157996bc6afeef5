"""HTML pages that call themselves workbooks: each table's rows in their places, or a code."""

import random
from html import escape

import pytest

from producers.adapters import html_tables
from producers.adapters.grid import TooMuch
from tests.unit.producers.made import CAPTIONS, ROW, VNEDU, problems, read, table

LINE = [ROW.get(c, "") for c in CAPTIONS]


def page(*rows: list[str], before: str = "", after: str = "</table></body></html>") -> bytes:
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f"<html><body>{before}<table border=1>{body}{after}".encode()


def test_a_list_saved_as_html_is_read() -> None:
    second = [{**ROW, "Mã học sinh": "2000000002", "Họ tên": "Đỗ Văn A&B"}.get(c, "") for c in CAPTIONS]
    found = table(read(page(CAPTIONS, LINE, second, before="<h3>DANH SÁCH</h3>"), VNEDU))
    assert found.records["HoTen"].to_list() == ["Nguyễn Văn Mẫu", "Đỗ Văn A&B"]
    assert found.records["_row"].to_list() == [3, 4]


def test_a_page_that_ends_within_its_table_is_cut_off() -> None:
    whole = page(CAPTIONS, LINE, LINE)
    for end in range(whole.index(b"<tr>"), whole.index(b"</table>") + 7, 97):
        assert [p.code for p in problems(whole[:end], VNEDU)] == ["FILE-066"]


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("<table><tr><td>a<td>b<tr><td>c</table>", {1: {1: "a", 2: "b"}, 2: {1: "c"}}),
        ("<TABLE><TR><TH>a</TH></TR></TABLE>", {1: {1: "a"}}),
        ("<table><td>a</td></table>", {1: {1: "a"}}),
        ('<table><tr><td colspan=2>a</td><td>b</td></tr></table>', {1: {1: "a", 3: "b"}}),
        (
            '<table><tr><td rowspan="2">a<td>b<tr><td>c<tr><td>d</table>',
            {1: {1: "a", 2: "b"}, 2: {2: "c"}, 3: {1: "d"}},
        ),
        (
            "<table><tr><td>1<td rowspan=2 colspan=2>a<td>b<tr><td>c<td>d</table>",
            {1: {1: "1", 2: "a", 4: "b"}, 2: {1: "c", 4: "d"}},
        ),
        ("<table><tr><td> a \n  b<br>c </td></tr></table>", {1: {1: "a b c"}}),
        ("<table><tr><td>&#272;&agrave;o&nbsp;x</td></tr></table>", {1: {1: "Đào\xa0x"}}),
        ("<table><tr><td><!-- x -->a<!--[if gte mso 9]>y<![endif]--></td></tr></table>", {1: {1: "a"}}),
        (
            "<style>td{x}</style><p>t</p><table><tr><td>a</table><table><tr><td>b</table>u",
            {1: {1: "t"}, 2: {1: "a"}, 3: {1: "b"}, 4: {1: "u"}},
        ),
        ("<table><tr><td></td></tr><tr><td>a</table>", {2: {1: "a"}}),
        (
            "<table><tr><td><table><tr><td>a<td>b</table></td></tr><tr><td>c</table>",
            {1: {1: "a", 2: "b"}, 3: {1: "c"}},
        ),
        ("<table>lost<tr><td>a</table>", {1: {1: "a"}, 2: {1: "lost"}}),
        ("<table><tr><td colspan=99999999999>a<td>b</table>", {1: {1: "a", 2: "b"}}),
    ],
)  # fmt: skip
def test_rows_and_cells_stand_where_a_browser_shows_them(text: str, due: object) -> None:
    assert html_tables.read(text).rows == due


@pytest.mark.parametrize("text", ["<table>" + "<td colspan=1000>x" * 20, "<table><tr>" + "<td>" * 20_000])
def test_a_row_without_end_is_given_up(text: str) -> None:
    with pytest.raises(TooMuch):
        html_tables.read(text + "</table>")


def test_whatever_is_cut_out_of_a_page_no_cell_changes_its_text() -> None:
    """Tags may be lost; a text is found whole, in a cell with its neighbours, or not at all."""
    rng = random.Random(5)
    words = [f"w{n}w" for n in range(40)]
    for _ in range(200):
        rows = [words[n : n + 8] for n in range(0, 40, 8)]
        tags = page(*rows).decode().replace("<", "\0<").replace(">", ">\0").split("\0")
        kept = [t for t in tags if t.startswith("<table") or t == "</table>" or rng.random() > 0.05]
        said = " ".join(c for row in html_tables.read("".join(kept)).rows.values() for c in row.values())
        assert sorted(w for w in words if w in said) == sorted(t for t in kept if t in words)
