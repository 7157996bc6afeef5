"""A Form 2 list from elsewhere: read back as printed, compared with the batch, or refused by a code."""

import io
import json
import random
import zipfile
from datetime import date

import docx
import msgspec
import pytest
import xlsxwriter
from click.testing import CliRunner

from access.documents import comparing, data_files, list_file, packages, printing
from access.documents.fields import LEVELS
from access.documents.form2 import LINE_CAPTIONS
from cli.main import main
from schemas.errors import ProblemList
from schemas.organisation.names import clean
from tests.unit.documents.made import DAY, form2, line, organisation

CAPTIONS = ["STT", *LINE_CAPTIONS.values()]
REGISTER = "code,name,level,district,managing_unit,valid_from,valid_to,active\n" + "".join(
    f"{line(n).school},{line(n).name},lower_secondary,167,167,2000-01-01,,1\n" for n in (1, 2, 3)
)


def cells(number, row):
    contract = {True: "Có", False: "Chưa", None: ""}[row.contract_confirmed]
    return [number, row.school, row.name, "-".join(row.levels), row.software, row.vendor, row.account,
            row.officer, row.form1_number, contract]  # fmt: skip


def workbook(lines, *, total=None, captions=CAPTIONS, hidden=False):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("Danh sách")
    if hidden:
        book.add_worksheet("Khác").activate()
        sheet.hide()
    sheet.write_row(0, 0, ["DANH SÁCH ĐƠN VỊ ĐỀ NGHỊ"])
    sheet.write_row(2, 0, captions)
    for number, row in enumerate(lines, 1):
        sheet.write_row(2 + number, 0, cells(number, row)[: len(captions)])
    if total is not None:
        sheet.write(4 + len(lines), 2, f"Tổng số: {total} đơn vị")
    book.close()
    return out.getvalue()


def word(lines, change=lambda document: None, captions=CAPTIONS):
    document = docx.Document()
    document.add_paragraph("Kính gửi: Sở")
    table = document.add_table(0, len(captions))
    for texts in (captions, *(cells(n, row) for n, row in enumerate(lines, 1))):
        for cell, text in zip(table.add_row().cells, texts, strict=False):
            cell.text = str(text)
    change(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def repacked(data, change):
    """The archive with its parts (name → bytes) changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def refusal(data):
    with pytest.raises(ProblemList) as refused:
        list_file.read(data, "a.docx")
    assert all(all(p.messages()) for p in refused.value.problems)
    return [p.code for p in refused.value.problems]


def made_up(seed):
    """A batch of lines nobody would think of."""
    dice = random.Random(seed)

    def text(letters, most):
        return clean("".join(dice.choice(letters) for _ in range(dice.randint(2, most)))) or "A"

    def row(n):
        return line(
            1,
            school=f"{dice.randint(0, 10**8 - 1):08}",
            name=f"Trường {text('aăâđêôơưỹị &()-’ ABC', 40)}",
            levels=tuple(level for level in LEVELS if dice.random() < 0.4) or ("TH",),
            software=text("SMASvnedu &.", 12),
            vendor=text("ViettelVNPT &.", 12),
            account=text("abc0123._@-", 20).replace(" ", ""),
            officer=f"Nguyễn {text('aăâđêôơưỹị ', 20)}",
            form1_number=f"{n}/THCS",
            contract_confirmed=dice.random() < 0.5,
        )

    return tuple(row(n) for n in range(1, dice.randint(2, 12)))


@pytest.mark.parametrize("seed", range(12))
def test_a_printed_list_is_read_back_as_it_was(seed):
    lines = made_up(seed)
    sent = list_file.read(printing.form2(form2(*lines)), "a.docx")
    assert sent.lines == lines and sent.count == len(lines)
    sent = list_file.read(workbook(lines, total=len(lines)), "a.xlsx")
    assert sent.lines == lines and sent.count == len(lines)


def compared(data, batch=None, day=DAY):
    batch = msgspec.structs.replace(batch or form2(), day=day)
    sent = list_file.read(data, "a.xlsx")
    found = comparing.differences(batch, sent, organisation(), "a.xlsx")
    assert all(all(p.messages()) for p in found)
    return [(p.code, p.place.row, p.place.field) for p in found]


@pytest.mark.parametrize("write", [word, workbook])
def test_the_batchs_own_list_has_no_difference(write):
    assert compared(write(form2().lines)) == []


ELSEWHERE = line(1, school="19164301", name="Trường THCS Nha Trang")
DIRECT = line(1, school="19000401", name="Trường THPT Lương Ngọc", levels=("THPT",))
ONE, TWO, THREE = form2().lines


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((ONE, TWO), [("FORM-051", 0, "")]),
        ((ONE, TWO, THREE, TWO), [("FORM-021", 7, "school")]),
        ((ONE, TWO, THREE, line(4, school="19167999")), [("FORM-031", 7, "school")]),
        ((ONE, TWO, THREE, ELSEWHERE), [("FORM-035", 7, "school")]),
        ((ONE, TWO, THREE, DIRECT), [("FORM-036", 7, "school")]),
        ((ONE, TWO, line(3, name="Trường THCS Bộc Nhiêu")), [("FORM-033", 6, "name")]),
        ((ONE, TWO, line(3, name="Trường THCS Khác")), [("FORM-053", 6, "name")]),
        ((line(1, software="K12"), TWO, THREE), [("FORM-053", 4, "software")]),
        ((line(1, vendor="Viettel Hà Nội"), TWO, THREE), [("FORM-053", 4, "vendor")]),
        ((line(1, account="other"), TWO, THREE), [("FORM-053", 4, "account")]),
        ((line(1, officer="Lê Thị Khác"), TWO, THREE), [("FORM-053", 4, "officer")]),
        ((line(1, levels=("TH",)), TWO, THREE), [("FORM-053", 4, "levels")]),
        ((line(1, form1_number="9/A"), TWO, THREE), [("FORM-053", 4, "form1_number")]),
        ((line(1, contract_confirmed=False), TWO, THREE), [("FORM-053", 4, "contract_confirmed")]),
        ((line(1, account="a b", officer=""), TWO, THREE),
         [("FORM-010", 4, "account"), ("FORM-001", 4, "officer")]),
        ((line(1, school=""), TWO, THREE), [("FORM-001", 4, "school"), ("FORM-051", 0, "")]),
        ((line(1, software="", contract_confirmed=None), TWO),
         [("FORM-001", 4, "software"), ("FORM-001", 4, "contract_confirmed"), ("FORM-051", 0, "")]),
    ],
)  # fmt: skip
def test_each_difference_has_its_code_and_place(lines, found):
    assert compared(workbook(lines)) == found


def test_a_school_of_the_unit_that_is_not_in_the_batch_is_extra():
    assert compared(workbook((ONE, TWO, THREE)), form2(ONE, TWO)) == [("FORM-052", 6, "school")]


def test_a_total_that_is_not_the_number_of_lines_is_a_difference():
    assert compared(workbook(form2().lines, total=4)) == [("FORM-054", 0, "")]
    assert compared(workbook(form2().lines, total=3)) == []


def test_a_school_that_has_moved_since_is_of_another_unit():
    found = compared(workbook((ONE,)), form2(ONE), day=date(2025, 7, 1))
    assert found == [("FORM-035", 4, "school")]


def test_no_difference_repeats_what_stands_in_a_personal_field():
    lines = (line(1, officer="Bí Mật Thật", account="bi-mat"), TWO, THREE)
    sent = list_file.read(workbook(lines), "a.xlsx")
    found = comparing.differences(form2(), sent, organisation())
    text = " ".join(" ".join(p.messages()) for p in found) + repr(sent.lines)
    assert len(found) == 2 and "Bí Mật" not in text and "bi-mat" not in text


def test_captions_in_other_words_and_levels_in_full_are_known():
    other = ["TT", "Mã đơn vị", "Tên đơn vị", "CẤP HỌC (*)", "Tên phần mềm", "Đơn vị cung cấp", "Tài khoản",
             "Họ tên cán bộ phụ trách", "Mẫu số 1", "Hợp đồng"]  # fmt: skip
    data = workbook([msgspec.structs.replace(ONE, levels=("Trung học cơ sở",))], captions=other)
    assert list_file.read(data, "a.xlsx").lines == (ONE,)


def test_a_table_that_goes_on_under_a_header_of_its_own_is_one_list():
    def again(document):
        table = document.add_table(0, len(CAPTIONS))
        for texts in (CAPTIONS, cells(2, TWO), [""] * 10):
            for cell, text in zip(table.add_row().cells, texts, strict=True):
                cell.text = str(text)

    sent = list_file.read(word([ONE], again), "a.docx")
    assert sent.lines == (ONE, TWO) and [p.sheet for p in sent.places] == ["Bảng 1", "Bảng 2"]


def test_a_cell_that_spans_columns_or_rows_shifts_no_other():
    def merge(document):
        rows = document.tables[0].rows
        rows[2].cells[4].merge(rows[2].cells[5])

    [_, second] = list_file.read(word([ONE, msgspec.structs.replace(TWO, vendor="")], merge), "a").lines
    assert (second.software, second.vendor, second.account) == ("VNEDU", "", TWO.account)


def xml(change):
    """The Word file with its document's text changed."""

    def of(parts):
        parts["word/document.xml"] = change(parts["word/document.xml"].decode()).encode()

    return repacked(word([ONE]), of)


def add(name, content=b"x"):
    return repacked(word([ONE]), lambda parts: parts.update({name: content}))


def many(parts, content):
    return repacked(word([ONE]), lambda there: there.update({f"word/m{n}": content for n in range(parts)}))


def encrypted_flag():
    data = bytearray(word([ONE]))
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def twice():
    out = io.BytesIO(word([ONE]))
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("word/document.xml", b"<x/>")
    return out.getvalue()


LAUGHS = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (lambda: b"", ["FORM-074"]),
        (lambda: b"%PDF-1.7", ["FORM-074"]),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), ["FORM-074"]),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), ["FORM-076"]),
        (encrypted_flag, ["FORM-076"]),
        (lambda: b"PK\x03\x04 rubbish", ["FORM-075"]),
        (lambda: word([ONE])[:2000], ["FORM-075"]),
        (lambda: repacked(word([ONE]), lambda p: p.pop("_rels/.rels")), ["FORM-074"]),
        (lambda: repacked(word([ONE]), lambda p: p.pop("word/document.xml")), ["FORM-074"]),
        (lambda: xml(lambda text: text[:-200]), ["FORM-075"]),
        (lambda: xml(lambda text: text.replace("?>", "?>" + LAUGHS, 1)), ["FORM-075"]),
        (lambda: xml(lambda text: text.replace("?>", "?>" + OUTSIDE, 1)), ["FORM-075"]),
        (twice, ["FORM-075"]),
        (lambda: add("word/vbaProject.bin"), ["FORM-078"]),
        (lambda: add("word/embeddings/oleObject1.bin"), ["FORM-078"]),
        (lambda: add("word/media/big.png", bytes(packages.MAX_PART + 1)), ["FORM-077"]),
        (lambda: many(5, bytes(15 << 20)), ["FORM-077"]),
        (lambda: many(packages.MAX_PARTS + 1, b""), ["FORM-077"]),
        (lambda: xml(lambda text: text.replace("<w:tcPr>", '<w:tcPr><w:gridSpan w:val="99999999"/>', 1)),
         ["FORM-077"]),
        (lambda: xml(lambda text: text.replace("<w:tbl>", "<w:tbl>" * 70, 1)), ["FORM-077"]),
        (lambda: word([]), None),
        (lambda: word([], captions=["STT", "Họ tên"]), ["FORM-079"]),
        (lambda: workbook([], captions=["a", "b"]), ["FORM-079"]),
        (lambda: word([ONE], captions=CAPTIONS[:-2]), ["FORM-080", "FORM-080"]),
        (lambda: word([ONE], captions=[*CAPTIONS, "Tài khoản"]), ["FORM-081"]),
        (lambda: xml(lambda text: text.replace("<w:p>", '<w:p><w:ins w:id="1"/>', 1)), ["FORM-082"]),
        (lambda: xml(lambda text: text.replace("<w:r>", "<w:r><w:rPr><w:vanish/></w:rPr>", 1)), ["FORM-083"]),
        (lambda: workbook([ONE], hidden=True), ["FORM-083"]),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused_by_its_code(data, codes):
    if codes is None:
        assert list_file.read(data(), "a.docx").lines == ()
    else:
        assert refusal(data()) == codes


def test_the_second_reading_of_a_text_box_counts_once():
    box = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        "<mc:Choice><w:t>A</w:t></mc:Choice><mc:Fallback><w:t>A</w:t></mc:Fallback></mc:AlternateContent>"
    )
    data = xml(lambda text: text.replace(f"<w:t>{ONE.account}</w:t>", box, 1))
    assert list_file.read(data, "a").lines[0].account == "A"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "units.csv").write_text(REGISTER, encoding="utf-8")
    (tmp_path / "batch.json").write_bytes(msgspec.json.encode(data_files.as_json(form2())))
    return tmp_path


def run(folder, name, *more):
    args = ["forms", "compare", folder / "batch.json", folder / name, "--units", folder / "units.csv", *more]
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_the_command_says_every_difference_and_ends_by_them(files):
    (files / "a.docx").write_bytes(printing.form2(form2()))
    (files / "b.xlsx").write_bytes(workbook((ONE, line(2, account="other"))))
    same, other = run(files, "a.docx"), run(files, "b.xlsx", "--json")
    assert same.exit_code == 0, same.output
    assert other.exit_code == 1
    said = json.loads(other.stdout)["differences"]
    assert [(d["code"], d["row"]) for d in said] == [("FORM-053", 5), ("FORM-051", 0)]


def test_the_command_takes_no_file_of_100_mb(files):
    with (files / "big.docx").open("wb") as file:
        file.truncate(100 << 20)
    answer = run(files, "big.docx")
    assert answer.exit_code == 1 and answer.stderr.startswith("FORM-062 big.docx")
