"""`csdl forms`: Form 1 and Form 2 of the letter, from their data to Word or PDF."""

from pathlib import Path
from typing import Any, Final

import click
import msgspec

from access import client
from access.documents import (
    comparing,
    data_files,
    foreign_files,
    list_file,
    packages,
    pdf,
    printing,
    signed_pdf,
    trust,
    whole_file,
)
from access.documents.form1 import Form1
from access.documents.form2 import Form2, Line
from access.documents.signed_pdf import Findings
from access.documents.trust import Authority
from cli.answers import exit_code, json_option, print_json, say, tell
from runtime.settings import Settings
from schemas.contracts.contracts import record_types
from schemas.days import today
from schemas.errors import ProblemList
from schemas.organisation import files, province
from schemas.organisation.organisation import Organisation
from streams.organisation import units

AUTHORITY_VI: Final = {"government": "chuyên dùng Chính phủ", "public": "công cộng", "": "chưa tin cậy"}
FORMS: Final[dict[str, type[Form1] | type[Form2]]] = {"1": Form1, "2": Form2}
NUMBER: Final = click.argument("number", metavar="1|2", type=click.Choice(list(FORMS)))


@click.group()
def forms() -> None:
    """Mẫu số 1, Mẫu số 2 và văn bản ký số — the letter's forms and signed documents."""


@forms.command()
@NUMBER
def blank(number: str) -> None:
    """In mẫu trống dạng JSON — print the fields of Form 1 or 2 as JSON, to be filled in."""
    print_json(data_files.as_json(Form1() if number == "1" else Form2(lines=(Line(),))))


@forms.command()
@NUMBER
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@json_option
def fill(number: str, data: Path, out: Path, as_json: bool) -> None:
    """Điền mẫu từ tệp DATA (JSON) vào tệp OUT (.docx, .pdf) — fill in Form 1 or 2 as Word file or PDF.

    All that is missing, wrong or contradictory is said at once, and then no file is written. OUT is for its
    owner alone to read: it names an officer.
    """
    if out.suffix.lower() not in (".docx", ".pdf"):
        raise click.BadParameter(".docx, .pdf", param_hint="OUT")
    form = data_files.read(data, FORMS[number])
    if isinstance(form, Form1):
        problems = form.problems(today(), tuple(record_types()), data.name)
    else:
        problems = form.problems(today(), data.name)
    if problems:
        raise ProblemList(problems)
    word = printing.form1(form) if isinstance(form, Form1) else printing.form2(form)
    whole_file.write(out, pdf.converted(word) if out.suffix.lower() == ".pdf" else word)
    if as_json:
        print_json({"form": number, "file": str(out)})
    else:
        tell(f"Đã in Mẫu số {number}: {out}", f"Form {number} is printed: {out}")


@forms.command()
@click.argument("batch", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--units",
    "units_file",
    type=click.Path(path_type=Path),
    help="File of schools to hold it against. Default: the organisation of the running system.",
)
@json_option
def compare(batch: Path, file: Path, units_file: Path | None, as_json: bool) -> None:
    """So danh sách (.docx, .xlsx) với đợt đề nghị — compare the list in FILE with the Form 2 in BATCH (JSON).

    Every difference is said with its place: a school that is missing, extra, twice, unknown, of another unit,
    renamed since; another software, vendor, account, officer. Exit code 1 if there is one.
    """
    form = data_files.read(batch, Form2)
    if problems := form.problems(today(), batch.name):
        raise ProblemList(problems)
    sent = list_file.read(foreign_files.read(file, packages.MAX_BYTES), file.name)
    found = comparing.differences(form, sent, _organisation(units_file), file.name)
    if as_json:
        print_json({"lines": len(sent.lines), "differences": [problem.as_dict() for problem in found]})
    else:
        say(found)
        tell(
            f"{len(sent.lines)} dòng trong tệp, {len(form.lines)} trường trong đợt, {len(found)} khác biệt.",
            f"{len(sent.lines)} lines in the file, {len(form.lines)} schools in the batch,"
            f" {len(found)} differences.",
        )
    click.get_current_context().exit(exit_code(found))


def _organisation(units_file: Path | None) -> Organisation:
    settings = Settings()
    if units_file is None:
        return units.organisation(settings)
    return files.load(units_file, province.load(settings.province))


@forms.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--authority",
    "authorities",
    multiple=True,
    type=click.Choice([a.value for a in Authority]),
    help="Only certificates of this kind of authority. Default: of either.",
)
@click.option(
    "--unit",
    "names",
    multiple=True,
    help="Name of the unit that must be a signer's organisation; several names of it may be given.",
)
@json_option
def verify(file: Path, authorities: tuple[str, ...], names: tuple[str, ...], as_json: bool) -> None:
    """Kiểm tra chữ ký số của tệp PDF — verify the signatures of a PDF, as it is done before an approval.

    Trusted are the authorities whose certificates lie in CSDL_TRUST_DIR (government/, public/, between/) with
    their revocation lists (lists/). Every signature must hold, and together they cover all of the file.
    Signers are told by their certificate's fingerprint and organisation, never by name.
    """
    accepted = [Authority(name) for name in authorities] or list(Authority)
    found = signed_pdf.check_file(file, trust.load(Settings().trust_dir), accepted)
    if names and found.good:
        problems = tuple(signed_pdf.of_unit(found, names, file.name))
        found = msgspec.structs.replace(found, problems=problems)
    if as_json:
        print_json(_findings(found))
    else:
        _tell(file, found)
    click.get_current_context().exit(exit_code(found.problems))


@forms.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def send(file: Path, as_json: bool) -> None:
    """Nộp văn bản đã ký số (PDF) — hand in a signed PDF; acts name it by the SHA-256 that is printed.

    It is verified by the province's trust and kept, by the account that is logged in.
    """
    data = foreign_files.read(file, signed_pdf.MAX_BYTES)
    with client.logged_in(Settings()) as access:
        said = access.document(data)
    if as_json:
        print_json(said)
    else:
        tell(f"Đã nhận {file.name}. SHA-256:", f"{file.name} is taken. SHA-256:", said["sha256"])


def _findings(found: Findings) -> dict[str, Any]:
    return {
        "sha256": found.sha256,
        "good": found.good,
        "signatures": [
            {name: getattr(signature, name) for name in signature.__struct_fields__}
            for signature in found.signatures
        ],
        "problems": [problem.as_dict() for problem in found.problems],
    }


def _tell(file: Path, found: Findings) -> None:
    tell(f"{file.name}  SHA-256 {found.sha256}")
    for number, signature in enumerate(found.signatures, 1):
        at = signature.signed_at.isoformat() if signature.signed_at else "–"
        stamp = "có dấu thời gian — timestamped" if signature.timestamped else "người ký khai — as claimed"
        tell(
            f"  {number}. {signature.organisation or '–'}  {AUTHORITY_VI[signature.authority]}"
            f" — {signature.authority or 'not trusted'}",
            f"     {at} ({stamp})  {signature.fingerprint}",
        )
    if found.good:
        tell("Chữ ký hợp lệ và bao trùm toàn bộ tệp.", "The signatures hold, and cover all of the file.")
    say(found.problems)
