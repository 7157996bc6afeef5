"""The levels of a header, from rows of captions with and without merged cells."""

import pytest

from producers.lists.levels import is_keys, is_level, is_numbering, levels


def row(*texts: str) -> dict[int, str]:
    """Texts from column 1, an empty one where nothing stands."""
    return {i: text for i, text in enumerate(texts, 1) if text}


def joined(*rows: dict[int, str], spans: tuple[tuple[int, int, int], ...] = ()) -> list[str]:
    return [" > ".join(path) for path in levels(rows, spans).values()]


def test_a_groups_second_and_third_column_belong_to_it() -> None:
    top = row("STT", "Nơi sinh", "", "", "Dân tộc")
    below = row("", "Xã", "Huyện", "Tỉnh")
    assert joined(top, below) == ["STT", "Nơi sinh > Xã", "Nơi sinh > Huyện", "Nơi sinh > Tỉnh", "Dân tộc"]


def test_a_column_beside_a_group_without_a_caption_of_its_own_is_not_named() -> None:
    assert joined(row("STT", "Họ tên", "", "Lớp")) == ["STT", "Họ tên", "Lớp"]


def test_a_merged_cell_reaches_as_far_as_it_is_drawn() -> None:
    assert joined(row("STT", "Họ và tên", "", "Lớp"), spans=((0, 2, 3),)) == [
        "STT", "Họ và tên", "Họ và tên", "Lớp",
    ]  # fmt: skip


def test_a_group_that_begins_late_holds_the_whole_group_below_it() -> None:
    rows = (
        row("Học sinh", "", "", "", "Kết quả"),
        row("Tổng số", "Số đã nộp", "Số có KQHT", "", "", "Ngày nộp"),
        row("", "", "Học kì 1", "Học kì 2", "Cả năm"),
    )
    assert joined(*rows) == [
        "Học sinh > Tổng số", "Học sinh > Số đã nộp", "Kết quả > Số có KQHT > Học kì 1",
        "Kết quả > Số có KQHT > Học kì 2", "Kết quả > Số có KQHT > Cả năm", "Kết quả > Ngày nộp",
    ]  # fmt: skip


def test_numbers_are_captions_and_the_same_caption_twice_is_one_level() -> None:
    assert joined(row("TX", "", "", "Lớp"), row("1", "2", "3.0", "LỚP")) == [
        "TX > 1", "TX > 2", "TX > 3.0", "Lớp",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        (row("STT", "Cha", "", "Mẹ", ""), row("", "Tên", "Nghề", "Tên", "Nghề"), True),
        (row("STT", "Họ tên", "Lớp", ""), row("1", "Nguyễn Văn Mẫu", "6A", "x"), False),
        (row("STT", "Họ tên", "", "Lớp"), row("", "Nguyễn", "Mẫu", "6A"), False),
        (row("STT", "Cha", ""), row("", "05/09/1980", "x"), False),
        (row("STT", "Họ tên"), row("", "Tổng số"), False),
    ],
)
def test_a_row_of_captions_is_told_from_a_record(
    above: dict[int, str], below: dict[int, str], expected: bool
) -> None:
    assert is_level(above, below) is expected


def test_a_programs_keys_and_a_row_of_numbers_are_no_records() -> None:
    captions = row("Họ tên (*)", "Mã cán bộ", "Email")
    assert is_keys(captions, row("fullName", "code", "email"))
    assert not is_keys(captions, row("Nguyễn", "CB01", "a@example.test"))
    assert is_numbering([1, 2, 3, 4], row("1", "2", "3", "4"))
    assert is_numbering([1, 2, 3, 4], row("A", "B", "(1)", "(2)", "(3)"))
    assert not is_numbering([1, 2, 3, 4], row("1", "6", "3", "3"))
    assert not is_numbering([1, 2, 3, 4], row("1", "6A", "3"))
