"""What says the same is spelt the same, whichever way is taken to find out."""

from unicodedata import normalize

import polars as pl
import pytest

from schemas.encoding import digest, normal

NESTED = pl.List(pl.Struct({"Ma": pl.String(), "So": pl.Float64(), "Ds": pl.List(pl.String())}))


def stored(*values: str | None) -> list[str | None]:
    """Of texts in a column between two others, one row a text."""
    frame = pl.DataFrame({"A": ["x"] * len(values), "T": values, "Z": [1] * len(values)}, strict=False)
    found, texts = normal.texts(frame.with_columns(pl.col("T").cast(pl.String)))
    assert texts == digest.row_texts(found), "the texts are those of what is stored"
    again, _ = normal.texts(found)
    assert again.equals(found), "what is normal stays as it is"
    return [text or None for text in found["T"]]


SPELT = [
    ("Nguyễn Văn Mẫu", "Nguyễn Văn Mẫu"),
    ("Nguye\u0302\u0303n", "Nguyễn"),
    ("a  b", "a b"),
    (" a", "a"),
    ("a ", "a"),
    ("a\u00a0b", "a b"),
    ("a\u2003\u3000b", "a b"),
    ("a\nb", "a b"),
    ("a\r\n\tb", "a b"),
    ("a\x1eb\x1fc", "a b c"),
    ("\x7fa\x85b", "a b"),
    (" \n", None),
    ("", None),
    (None, None),
    ("\u212b", "\u00c5"),
    ("\u1100\u1161", "\uac00"),
    ("C:\\n", "C:\\n"),
    ("a\x00b", "a\x00b"),
]


@pytest.mark.parametrize(("pushed", "spelt"), SPELT)
def test_a_text_has_one_spelling(pushed, spelt):
    assert stored(pushed) == [spelt]


def test_each_row_is_spelt_the_same_alone_and_among_others():
    assert stored(*[pushed for pushed, _ in SPELT]) == [spelt for _, spelt in SPELT]


def test_every_letter_passed_over_is_normal_already():
    """The quick look takes these bytes for clean: no letter of theirs may have another spelling."""
    passed = [chr(c) for c in [*range(0x21, 0x7F), *range(0xC0, 0x1C0), *range(0x1E80, 0x1F00)]]
    assert all(normalize("NFC", c) == c for c in passed)
    assert normal._odd_rows("\x1e".join(c for c in passed if c != "\\").encode() + b"\x1e") == []


def test_first_and_last_row_are_looked_at_to_their_ends():
    assert stored(" a", "b", "c ") == ["a", "b", "c"]
    one = pl.DataFrame({"T": [" a", "b", " c", "d "]})
    assert normal.texts(one)[1] == [b"a", b"b", b"c", b"d"]


def test_no_rows_have_no_texts():
    frame, texts = normal.texts(pl.DataFrame(schema={"T": pl.String()}))
    assert (frame.height, texts) == (0, [])


def test_lists_stand_in_the_order_of_their_values_down_to_the_last():
    one = [{"Ma": "02", "So": -0.0, "Ds": ["b ", "a"]}, {"Ma": "01", "So": 1.5, "Ds": None}]
    other = [{"Ma": "01", "So": 1.5, "Ds": []}, {"Ma": "02", "So": 0.0, "Ds": ["a", "b"]}]
    rows = pl.DataFrame({"L": [one, other]}, schema={"L": NESTED})
    found, texts = normal.texts(rows)
    assert texts[0] == texts[1]
    assert found["L"][0] == '[{"Ma": "01", "So": 1.5}, {"Ds": ["a", "b"], "Ma": "02", "So": 0.0}]'


def test_nothing_below_nothing_is_nothing():
    """-0.0 is what 0.0 is: another hash would make a change of what says the same."""
    schema = {"A": pl.String(), "So": pl.Float64(), "L": NESTED}
    rows = [{"A": "x", "So": zero, "L": [{"So": zero}]} for zero in (-0.0, 0.0)]
    found, texts = normal.texts(pl.DataFrame(rows, schema=schema))
    assert texts[0] == texts[1] == b'x\x1f0.0\x1f[{"So": 0.0}]'
    assert digest.row_texts(found) == texts
