"""Names, passwords, days and persons of accounts: pure."""

import unicodedata
from datetime import date
from pathlib import Path

import pytest

from access import logins
from access.accounts import names, passwords, persons
from access.accounts.account import Account, Move, Role, number_of
from schemas.errors import ProblemList

TWINS = {
    "NFD": unicodedata.normalize("NFD", "hoà.le"),
    "trailing blank": "hoà.le ",
    "tone elsewhere": "hòa.le",
    "no tone": "hoa.le",
    "capitals": "HOÀ.LE",
    "full width": "ｈoà.le",
    "0 for o": "h0à.le",
    "another tone": "hoạ.le",
}


@pytest.mark.parametrize("typed", TWINS.values(), ids=TWINS)
def test_names_that_look_alike_have_one_key(typed: str) -> None:
    name = names.canonical(typed)
    assert name is not None and names.key(name) == names.key("hoà.le")


@pytest.mark.parametrize(
    "typed",
    [
        "hоà.le",
        "hoà\u200b.le",
        "hoà\u202e.le",
        "αn.le",
        "an le",
        "an",
        "x" * 65,
        "x" * 100_000,
        ".an",
        "an.",
        "ａ\u0308n.le",
        "",
    ],
)
def test_what_cannot_be_a_name(typed: str) -> None:
    assert names.canonical(typed) is None


def test_different_people_have_different_keys() -> None:
    some = ["hoà.le", "hoàng.le", "hoa.lê2", "truong.19164101", "truong.19164102", "dung", "dunq"]
    assert len({names.key(names.canonical(name) or "") for name in some}) == len(some)


def test_a_persons_code_is_compared_whatever_its_letters() -> None:
    assert {names.person(code) for code in ("CB-07", "cb-07 ", "ＣＢ-07")} == {"cb-07"}
    assert names.person("Lê Thị Hoà") is None and names.person("") is None


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("x" * 11, "ACC-003"),
        ("x" * 12, ""),
        ("mật khẩu dài", ""),
        ("x" * 256, ""),
        ("x" * 257, "ACC-004"),
        ("x" * 10_000, "ACC-004"),
        ("mật khẩu\x00 dài", "ACC-005"),
        ("mật khẩu\u200b dài", "ACC-005"),
    ],
)
def test_a_password_is_bounded_before_it_is_hashed(password: str, code: str) -> None:
    assert passwords.fault(password) == code


def test_a_password_is_the_same_however_it_is_composed() -> None:
    kept = passwords.hashed("mật khẩu của hoà")
    assert kept.startswith("$argon2id$")
    assert passwords.verify(kept, unicodedata.normalize("NFD", "mật khẩu của hoà"))
    assert passwords.verify(kept, "mật\u00a0khẩu của hoà")
    assert not passwords.verify(kept, "mật khẩu của hòa")
    assert not passwords.verify("", "mật khẩu của hoà"), "an account without a password"
    assert not passwords.verify("x", "mật khẩu của hoà"), "what is no hash"


def account(number: int = 1, person: str = "cb1", until: date | None = None) -> Account:
    return Account(
        number, "an.le", person, "164", frozenset({Role.DISTRICT_OFFICER}), date(2020, 1, 1), until
    )


@pytest.mark.parametrize(
    ("on", "code"),
    [
        (date(2019, 12, 31), "ACC-021"),
        (date(2020, 1, 1), ""),
        (date(2020, 6, 30), ""),
        (date(2020, 7, 1), "ACC-022"),
    ],
)
def test_an_account_is_in_force_from_its_first_day_to_its_last(on: date, code: str) -> None:
    assert account(until=date(2020, 7, 1)).fault(on) == code


@pytest.mark.parametrize(
    ("authors", "code"),
    [
        (["A2"], ""),
        (["A3"], "ACC-031"),
        (["A2", "A3"], "ACC-031"),
        (["cli"], "ACC-032"),
        (["demo.19", "A2"], "ACC-032"),
        ([""], "ACC-032"),
        (["A99"], "ACC-032"),
        (["A²"], "ACC-032"),
    ],
    ids=str,
)
def test_persons_are_compared_and_an_unknown_author_is_nobodys_second(authors: list[str], code: str) -> None:
    known = {1: "cb1", 2: "cb2", 3: "cb1"}
    assert persons.fault(account(), authors, known) == code


def test_an_accounts_id_is_its_number() -> None:
    assert number_of(account(12).id) == 12
    assert [number_of(other) for other in ("cli", "A", "A1x", "A-1", "A" + "9" * 30)] == [None] * 5


def test_a_login_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "own" / "login.json"
    logins.keep(path, "http://one", logins.Login("s1"))
    logins.keep(path, "http://two", logins.Login("s2"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    logins.forget(path, "http://one")
    assert (logins.read(path, "http://one"), logins.read(path, "http://two")) == (None, logins.Login("s2"))
    logins.forget(path, "http://two")
    assert not path.exists() and list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "text"), [(0o644, "{}"), (0o620, "{}"), (0o600, "[]"), (0o600, "{"), (0o600, "")]
)
def test_a_login_file_that_others_read_or_that_is_none_is_refused(
    tmp_path: Path, mode: int, text: str
) -> None:
    path = tmp_path / "login.json"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(ProblemList) as refused:
        logins.read(path, "http://one")
    assert [p.code for p in refused.value.problems] == ["ACC-053"]


def test_an_account_is_of_its_next_unit_from_that_day_on() -> None:
    head, officer = frozenset({Role.SCHOOL_HEAD}), frozenset({Role.SCHOOL_OFFICER})
    move = Move(date(2025, 7, 1), "19164102", officer)
    account = Account(1, "an", "cb", "19164101", head, date(2020, 1, 1), moves=move)
    before, after = account.on(date(2025, 6, 30)), account.on(date(2025, 7, 1))
    assert (before.unit, before.roles, before.moved) == ("19164101", head, False)
    assert (after.unit, after.roles, after.moved) == ("19164102", officer, True)
