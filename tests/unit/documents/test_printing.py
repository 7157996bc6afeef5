"""Forms as Word files and PDF: every field stands in them, as text, whatever it holds."""

import io
import os
import stat
import sys
from datetime import date
from pathlib import Path

import docx
import msgspec
import pytest
from click.testing import CliRunner

from access.documents import data_files, pdf, printing
from cli.main import main
from schemas.errors import ProblemList
from tests.support import wait_until
from tests.unit.documents.made import FORM1, form2, line


def text_of(word):
    document = docx.Document(io.BytesIO(word))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([p.text for p in document.paragraphs] + cells)


def test_form_1_shows_every_field():
    text = text_of(printing.form1(FORM1))
    said = msgspec.structs.asdict(FORM1)
    for name in ("school", "school_name", "number", "place", "department", "through", "software", "vendor",
                 "account", "managing_unit", "signer_title"):  # fmt: skip
        assert said[name] in text
    officer = FORM1.officer
    for shown in (officer.name, officer.phone, officer.email, "ngày 02 tháng 03 năm 2020", "THCS",
                  "HocSinh", "đầu năm", "05/HĐ-VT ngày 05/01/2020, đến hết ngày 31/12/2020"):  # fmt: skip
        assert shown in text
    assert "{" not in text


def test_form_1_of_a_school_direct_to_the_department_is_addressed_to_it_alone():
    text = text_of(printing.form1(msgspec.structs.replace(FORM1, through="", contract_number="")))
    assert "Phòng" not in text and "Chưa ký" in text and "\n-" in text


def test_form_2_shows_every_field_and_every_line():
    form = form2(*(line(n) for n in range(1, 7)))
    text = text_of(printing.form2(form))
    for shown in (
        "31/PGDĐT",
        "Phòng GDĐT huyện Định Hóa",
        "0912345679",
        "Lưu: VT",
        "6 đơn vị",
        "TRƯỞNG PHÒNG",
    ):
        assert shown in text
    for row in form.lines:
        for shown in (row.school, row.name, row.account, row.form1_number, row.officer):
            assert shown in text
    assert "{" not in text


def test_what_stands_in_a_field_is_text_and_no_markup_or_template():
    odd = 'A & B <w:p/> {{ 7 * 7 }} "x"'
    text = text_of(printing.form2(form2(line(1, name=odd))))
    assert odd in text and "49" not in text


def test_a_field_that_the_template_has_and_the_form_has_not_is_a_fault():
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        printing._filled("form2.docx", {"number": "1"})


@pytest.fixture
def office(tmp_path, monkeypatch):
    """A program in LibreOffice's place; what it does is given."""

    def place(script):
        program = tmp_path / "bin" / "soffice"
        program.parent.mkdir()
        program.write_text(f"#!{sys.executable}\n{script}", encoding="utf-8")
        program.chmod(0o700)

    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return place


CONVERTS = """
import os, pathlib, sys
at = pathlib.Path(sys.argv[sys.argv.index("--outdir") + 1])
assert sys.argv[-1].endswith("form.docx") and os.environ["HOME"] == str(at)
assert any(a.startswith("-env:UserInstallation=file://" + str(at)) for a in sys.argv)
(at / "form.pdf").write_bytes(b"%PDF-" + pathlib.Path(sys.argv[-1]).read_bytes())
"""


def refusal(call, *args):
    with pytest.raises(ProblemList) as refused:
        call(*args)
    assert all(all(p.messages()) for p in refused.value.problems)
    return [p.code for p in refused.value.problems]


def test_pdf_is_what_libreoffice_gives_in_a_folder_and_profile_of_its_own(office):
    office(CONVERTS)
    assert pdf.converted(b"word") == b"%PDF-word"


def test_without_libreoffice_there_is_no_pdf(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(pdf.converted, b"word") == ["FORM-091"]


@pytest.mark.parametrize("script", ["raise SystemExit(0)", "raise SystemExit(77)"])
def test_an_office_that_gives_none_is_said(office, script):
    office(script)
    assert refusal(pdf.converted, b"word") == ["FORM-092"]


def test_an_office_that_does_not_end_is_ended_with_all_that_it_started(office, tmp_path):
    office(
        "import os, pathlib, sys, time\n"
        f"pathlib.Path({str(tmp_path / 'pids')!r}).write_text(f'{{os.getpid()}} {{os.fork()}}')\n"
        "time.sleep(600)\n"
    )
    assert refusal(pdf.converted, b"word", 2.0) == ["FORM-092"]
    pids = (tmp_path / "pids").read_text().split()
    wait_until(lambda: all(_ended(pid) for pid in pids if pid != "0"))


def _ended(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def given(folder, form):
    path = folder / "form.json"
    path.write_bytes(msgspec.json.encode(data_files.as_json(form)))
    return str(path)


def run(*args):
    return CliRunner().invoke(main, ["forms", *map(str, args)])


def test_the_command_prints_a_form_for_its_owner_alone(tmp_path):
    out = tmp_path / "mau1.docx"
    answer = run("fill", 1, given(tmp_path, FORM1), out, "--json")
    assert answer.exit_code == 0, answer.output
    assert FORM1.school_name in text_of(out.read_bytes())
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert sorted(p.name for p in tmp_path.iterdir()) == ["form.json", "mau1.docx"]


def test_the_command_says_all_that_is_wrong_and_writes_nothing(tmp_path):
    wrong = msgspec.structs.replace(FORM1, account="a b", day=date(9999, 1, 1), record_types=("X",))
    answer = run("fill", 1, given(tmp_path, wrong), tmp_path / "o.docx", "--json")
    assert answer.exit_code == 1
    found = msgspec.json.decode(answer.stdout)["problems"]
    assert [p["code"] for p in found] == ["FORM-005", "FORM-010", "FORM-012"]
    assert [p.name for p in tmp_path.iterdir()] == ["form.json"]


@pytest.mark.parametrize(
    ("name", "code"),
    [("none.json", "FORM-061"), ("folder", "FORM-061"), ("pipe", "FORM-061"), ("big", "FORM-062")],
)
def test_what_is_no_file_or_too_large_is_refused(tmp_path, name, code):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "big").open("wb") as file:
        file.truncate(100 << 20)
    answer = run("fill", 2, tmp_path / name, tmp_path / "o.docx")
    assert answer.exit_code == 1 and answer.stderr.startswith(code)


def test_a_file_that_is_neither_word_nor_pdf_is_a_wrong_call(tmp_path):
    assert run("fill", 1, given(tmp_path, FORM1), tmp_path / "o.txt").exit_code == 2


@pytest.mark.parametrize("number", ["1", "2"])
def test_a_blank_form_is_one_that_can_be_read(number):
    from cli.forms import FORMS

    answer = run("blank", number)
    assert data_files.parse(answer.stdout.encode(), FORMS[number], "blank")
