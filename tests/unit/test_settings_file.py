"""The server's file of settings: read as systemd reads it, found by every command, told line by line."""

import pytest

from runtime.settings_file import Line, parse

TEXTS = {
    "a list stays as it is": ('A=["smas","vnedu"]\n', [("A", '["smas","vnedu"]', 1)]),
    "an object, too": ('A={"load": 2}\n', [("A", '{"load": 2}', 1)]),
    "remarks": ("# B=1\n; C=1\n\n  A=1\n", [("A", "1", 4)]),
    "a remark is none behind a value": ("A=1 # two\n", [("A", "1 # two", 1)]),
    "blanks at the ends": ("A =  x y  \nB=2", [("A", "x y", 1), ("B", "2", 2)]),
    "double quotes": ('A="x \\"y\\" \\n "\nB=2\n', [("A", 'x "y" \\n ', 1), ("B", "2", 2)]),
    "single quotes": ("A='x \\ \" '\nB=2\n", [("A", 'x \\ " ', 1), ("B", "2", 2)]),
    "a quotation of two lines": ('A="x\ny"\nB=2\n', [("A", "x\ny", 1), ("B", "2", 3)]),
    "a backslash goes on": ("A=x\\\n  y\nB=2\n", [("A", "x  y", 1), ("B", "2", 3)]),
    "a backslash is taken away": ("A=x\\y\n", [("A", "xy", 1)]),
    "two quotations": ("A='x' \"y\"\n", [("A", "xy", 1)]),
    "nothing": ("A=\nB=2\n", [("A", "", 1), ("B", "2", 2)]),
    "no setting": ("what is this\nB=2\n", [("", "what is this", 1), ("B", "2", 2)]),
    "another system's ends of lines": ("A=1\r\nB=2\r\n", [("A", "1", 1), ("B", "2", 2)]),
    "an equals sign": ("A=b=c\n", [("A", "b=c", 1)]),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_line_is(name: str) -> None:
    text, lines = TEXTS[name]
    assert parse(text) == [Line(*line) for line in lines]
