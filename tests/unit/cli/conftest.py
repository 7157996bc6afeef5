"""A command line with no system behind it.

``folder``  working directory: the register of one school, its packet, one cut off; every server away,
            somebody is logged in
"""

from pathlib import Path

import pytest

from access import logins
from runtime import kafka
from tests.unit.producers.made import SCHOOL, pupils

REGISTER = "code,name,level,district,managing_unit,valid_from,valid_to,active\n" + (
    f"{SCHOOL},Trường mẫu,primary,164,164,2000-01-01,,1\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "register.csv").write_text(REGISTER, encoding="utf-8")
    (tmp_path / "good.json").write_bytes(pupils({}, {"TrangThai": 5}))
    (tmp_path / "bad.json").write_bytes(pupils({})[:-9])
    monkeypatch.setenv("CSDL_REGISTER_FILE", str(tmp_path / "register.csv"))
    monkeypatch.setenv("CSDL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CSDL_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("CSDL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("CSDL_ACCESS_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("CSDL_LOGIN_FILE", str(tmp_path / "login.json"))
    logins.keep(tmp_path / "login.json", "http://127.0.0.1:1", logins.Login("csdl_made-up"))
    monkeypatch.setattr(kafka, "STAND_BY_MS", 200)
    monkeypatch.chdir(tmp_path)
    return tmp_path
