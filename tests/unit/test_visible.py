"""What others wrote is shown, not obeyed."""

import json

import pytest

from runtime.visible import visible, visible_json

OBEYED = {
    "[/x]": "[/x]",
    "\x1b[2J": r"\x1b[2J",
    "a\nb\rc\td": r"a\nb\rc\td",
    "\x9b31m": r"\x9b31m",
    "\x7f\x00": r"\x7f\x00",
    "gpj\u202eexe": r"gpj\u202eexe",
    "\u2066x\u2069\u200b\ufeff": r"\u2066x\u2069\u200b\ufeff",
    "\u2028\u2029": r"\u2028\u2029",
    "\ud800": r"\ud800",
    "\U000e0041": r"\U000e0041",
    "Trường Nguyễn Văn Mẫu — đủ": "Trường Nguyễn Văn Mẫu — đủ",
    "Nguyê\u0303n": "Nguyê\u0303n",
}


@pytest.mark.parametrize(("written", "shown"), OBEYED.items())
def test_what_a_terminal_would_obey_is_shown_as_an_escape(written, shown):
    assert visible(written) == shown


@pytest.mark.parametrize("written", OBEYED)
def test_json_keeps_the_value_and_shows_what_a_terminal_would_obey(written):
    text = visible_json(json.dumps({"id": written}, ensure_ascii=False, indent=2))
    assert json.loads(text) == {"id": written}
    assert visible(text.replace("\n", "")) == text.replace("\n", "")
