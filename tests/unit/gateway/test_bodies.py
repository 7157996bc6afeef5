"""Bodies become files, or are refused with a code: whatever their headers and parts hold."""

import gzip
import io
import random
from typing import Any

import pytest

from producers.adapters.unpacking import Limits, Unpacking
from producers.gateway import body, media
from producers.gateway.media import Media
from producers.gateway.target import Asked, target, wrong
from schemas.errors import ProblemList

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="a"; filename="Danh s\xc3\xa1ch.csv"\r\n'
    b"Content-Type: text/csv; charset=utf-8\r\n\r\na,b\r\n1,2\r\n\r\n"
    b'--b\r\nContent-Disposition: form-data; name="a"; filename="C:\\\\x\\\\b.json"\r\n\r\n{}\r\n--b--\r\n'
)
OF_FORM = ['multipart/form-data; boundary="b"']


def files(data: bytes, said: Media, disposition: str = "") -> list[Any]:
    return body.files(io.BytesIO(data), said, disposition)


def code(*args: Any, **more: Any) -> str:
    with pytest.raises(ProblemList) as error:
        args[0](*args[1:], **more)
    return error.value.problems[0].code


def test_a_form_has_its_files_by_their_names() -> None:
    first, second = files(FORM, media.media(OF_FORM, form=True))
    assert (first.name, first.said.kinds, first.data) == ("Danh sách.csv", {"csv"}, b"a,b\r\n1,2\r\n")
    assert (second.name, second.said, second.data) == ("b.json", Media(), b"{}")


@pytest.mark.parametrize(
    ("said", "code_"),
    [
        (["text/csv", "text/csv"], "FILE-090"),
        (["multipart/form-data; boundary=b"], "FILE-090"),  # a form within a form
        (["application/json; charset=utf-16"], "FILE-091"),
        (["x" * 10_000], "FILE-090"),
        ([""], ""),
    ],
)
def test_what_a_part_says_of_itself_is_looked_at(said: list[str], code_: str) -> None:
    if code_:
        assert code(media.media, said) == code_
    else:
        assert media.media(said) == Media()


@pytest.mark.parametrize("boundary", ["", "b" * 10_000, "\xe1", '"', "b b", "=?utf-8?q?b?="])
def test_no_boundary_ends_the_reading(boundary: str) -> None:
    said = media.media([f'multipart/form-data; boundary="{boundary}"'], form=True)
    assert code(files, FORM, said) == "GATE-036"


def test_what_follows_the_end_of_a_form_is_not_passed_over() -> None:
    said = media.media(OF_FORM, form=True)
    assert code(files, FORM + FORM, said) == "GATE-036"
    assert code(files, FORM + b" " * body.PIECE + b"x", said) == "GATE-036"
    assert len(files(FORM + b"\r\n" * body.PIECE, said)) == 2
    assert code(files, b"--b--", said) == "GATE-036"
    for size in range(body.PIECE - 20, body.PIECE + 20):  # the end lies over two pieces
        start = FORM[: FORM.index(b"{}")] + b" " * (size - FORM.index(b"{}"))
        assert len(files(start + b"\r\n--b--\r\n", said)) == 2
        assert code(files, start + b"\r\n--b--\r\n--b", said) == "GATE-036"


def test_whatever_a_form_holds_it_is_read_or_refused() -> None:
    """Bytes cut out, doubled and changed: nothing but a code comes of it, and a cut form is none."""
    rng, said = random.Random(3), media.media(OF_FORM, form=True)
    codes = set()
    for _ in range(3000):
        data = bytearray(FORM)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(data))
            match rng.randrange(3):
                case 0:
                    del data[at : at + rng.randrange(1, 9)]
                case 1:
                    data[at:at] = data[at : at + rng.randrange(1, 30)]
                case _:
                    data[at] = rng.randrange(256)
        try:
            assert files(bytes(data), said)
        except ProblemList as error:
            codes |= {p.code for p in error.problems}
    assert {"GATE-036", "GATE-038"} <= codes <= {"GATE-036", "GATE-038", "FILE-090", "FILE-091"}
    for end in range(len(FORM) - 4):
        assert code(files, FORM[:end], said).startswith("GATE-03")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("", "body"),
        ("attachment", "body"),
        ('attachment; filename=""', "body"),
        ('attachment; filename="a.xlsx"', "a.xlsx"),
        ("attachment; filename*=UTF-8''L%E1%BB%9Bp.xlsx", "Lớp.xlsx"),
        ('attachment; filename="L\xe1\xbb\x9bp.xlsx"', "Lớp.xlsx"),  # UTF-8, as a header gives its bytes
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=UTF-8''a%00%0Ab%E2%80%AE.csv", "ab.csv"),
        ("attachment; filename*=UTF-8''%FF%FE", "��"),
        ("attachment; filename*=nonsense", "nonsense"),
        (f'attachment; filename="{"x" * 5000}"', "x" * 200),
        ("\x00;;;=\"'*", "body"),
    ],
)
def test_a_files_name_is_what_can_be_shown(disposition: str, name: str) -> None:
    (file,) = files(b"{}", Media(), disposition)
    assert file.name == name


def test_what_is_not_packed_is_taken_as_it_came() -> None:
    came = io.BytesIO(b"x" * 700_000)
    assert body.unpacked(came, Unpacking("identity")).read() == came.getvalue()
    assert not came.closed
    packed = io.BytesIO(gzip.compress(b"x" * 700_000))
    assert body.unpacked(packed, Unpacking("gzip")).read() == came.getvalue()
    assert packed.closed


@pytest.mark.parametrize(
    ("data", "limits", "said"),
    [(b"\x1f\x8b\x08", Limits(), "FILE-089"), (b"x" * 100, Limits(99), "FILE-084")],
)
def test_what_is_not_packed_has_its_bounds_too(data: bytes, limits: Limits, said: str) -> None:
    came = io.BytesIO(data)
    assert code(body.unpacked, came, Unpacking("", limits)) == said
    assert came.closed


def test_what_is_cut_short_is_no_body() -> None:
    assert code(body.unpacked, io.BytesIO(b"\x1f\x8b\x08"), Unpacking("gzip")) == "FILE-086"


def test_parameters_are_looked_at_before_a_body_is_read() -> None:
    found = wrong(Asked(school="1", parts=("Pupil", "HocSinh")), "19164101")
    assert [(p.code, p.place.field) for p in found] == [("KEY-111", "school"), ("GATE-042", "part")]
    assert not wrong(Asked(school="19164101", parts=("HocSinh",)), "19164101")


@pytest.mark.parametrize("year", [-1, 10**30, 12345])
def test_a_year_has_four_figures(year: int) -> None:
    assert code(target, Asked("19164101", year, "1"), "smas", "19164101", []) == "ENV-303"
