"""What a process says when it ends by an error."""

import psycopg2

from runtime.process import one_line


def raised(fault):
    try:
        raise fault
    except type(fault) as caught:
        return caught


def test_the_line_says_kind_and_place_and_never_the_text():
    line = one_line(raised(ValueError("Nguyễn Văn Mẫu")))
    assert line.startswith("builtins.ValueError at test_process.py:")
    assert "Nguyễn" not in line


def test_a_database_error_keeps_its_place_too():
    assert "psycopg2.errors.UniqueViolation at" in one_line(raised(psycopg2.errors.UniqueViolation("x")))
