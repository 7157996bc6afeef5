"""The connection kit: all that a vendor needs to push for a school, in one encrypted file.

A ZIP with AES-256 (WinZip's AE-2), so that 7-Zip and its like open it on the vendor's machine without any
program of ours; pyzipper writes it. The passphrase is told apart and kept nowhere. No secret lies in it: a
credential that nobody has opened comes with the link that opens it once.
"""

import json
import secrets
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import pyzipper
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from access.credentials.worth import Kind
from schemas.documents import contracts_book, rule_book
from schemas.errors import Problem, ProblemList, SourceLocation, catalogue

NO_KIT: Final = "KEY-030"
WRONG_PASSPHRASE: Final = "KEY-031"
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of one file in a kit that is read."""

ENCRYPTED: Final = 1
"""Of a file's flags in a ZIP: what lies there open is not from us."""

CONNECTION: Final = "connection.json"
AUTHORITY: Final = "ca.pem"

_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 6, 4


class Connection(BaseModel):
    """What a program reads of a kit. ``topic``, ``user``, ``brokers`` are a Kafka user's. ``url`` is where
    the connection is tested, ``gateway`` where a key pushes and asks; "" in kits of releases before it."""

    model_config = ConfigDict(extra="ignore")

    vendor: str
    school: str
    kind: Kind
    test: bool
    name: str
    handle: str
    url: str
    gateway: str = ""
    brokers: str = ""
    user: str = ""
    topic: str = ""
    link: str = ""
    school_years: tuple[int, ...] = Field(min_length=1)


class Kit(BaseModel):
    """A kit as it was read. ``authority``: certificate of who signs the servers', "" where there is none."""

    connection: Connection
    authority: str = ""


def passphrase() -> str:
    """A new one: 120 bits, in groups that can be read out."""
    letters = [secrets.choice(_LETTERS) for _ in range(_GROUPS * _GROUP)]
    return "-".join("".join(letters[i : i + _GROUP]) for i in range(0, len(letters), _GROUP))


def write(path: Path, kit: Kit, words: str) -> None:
    """A new file, whole or not there. Raises FileExistsError, OSError."""
    made = BytesIO()
    with pyzipper.AESZipFile(made, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as out:
        out.setpassword(words.encode())
        for name, text in contents(kit).items():
            out.writestr(name, text.encode())
    with path.open("xb") as file:
        path.chmod(0o600)
        try:
            file.write(made.getvalue())
        except BaseException:
            path.unlink()
            raise


def read(path: Path, words: str) -> Kit:
    """Raises ProblemList: KEY-030 for what is no kit, KEY-031 for another passphrase."""
    place = SourceLocation(path.name)
    try:
        with pyzipper.AESZipFile(path) as found:
            found.setpassword(words.encode())
            names = {info.filename: info.file_size for info in found.infolist() if info.flag_bits & ENCRYPTED}
            if names.get(CONNECTION, LARGEST) >= LARGEST or names.get(AUTHORITY, 0) >= LARGEST:
                raise ProblemList([Problem(NO_KIT, place)])
            connection = Connection.model_validate_json(found.read(CONNECTION))
            authority = found.read(AUTHORITY).decode() if AUTHORITY in names else ""
    except RuntimeError:
        raise ProblemList([Problem(WRONG_PASSPHRASE, place)]) from None
    except (OSError, BadZipFile, pyzipper.BadZipFile, ValidationError, ValueError, NotImplementedError):
        raise ProblemList([Problem(NO_KIT, place)]) from None
    return Kit(connection=connection, authority=authority)


def contents(kit: Kit) -> Mapping[str, str]:
    """File → text."""
    asked = kit.connection
    files = {
        "huong-dan.md": _guide(asked),
        CONNECTION: json.dumps(asked.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n",
        "truong-du-lieu.md": contracts_book.render(),
        "quy-tac.md": rule_book.render(),
        "ma-loi.md": _codes(),
    }
    return files | ({AUTHORITY: kit.authority} if kit.authority else {})


def _guide(asked: Connection) -> str:
    told: dict[str, Any] = asked.model_dump(mode="json")
    lines = [
        f"# Kết nối cho trường {asked.school} — connection for school {asked.school}",
        "",
        f"Nhà cung cấp — vendor: **{asked.vendor}** · {asked.name} · `{asked.handle}`"
        + (" · **thử nghiệm — test**" if asked.test else ""),
        "",
        *_STEPS,
        "",
    ]
    rows = [f"| {name} | `{told[name]}` |" for name in SHOWN if told[name]]
    return "\n".join([*lines, "| | |", "|---|---|", *rows, ""])


SHOWN: Final = ("gateway", "url", "brokers", "user", "topic")

_STEPS: Final = (
    f"1. Mở liên kết `link` trong `{CONNECTION}` (một lần, trong 24 giờ) và cất bí mật vào một tệp."
    " Nếu liên kết báo đã mở mà không phải bạn mở, báo nhà trường thu hồi ngay.",
    "   Open the link (once, within 24 hours) and keep the secret in a file. If it says that it was"
    " opened and that was not you, have the school revoke it at once.",
    "2. Thử — test: `csdl connect test KIT --secret-file FILE`.",
    "3. Đẩy tệp — push files: `POST gateway/v1/pushes`, `Authorization: Bearer …`"
    " (`?dry_run=true`: chỉ kiểm tra — only look); rồi — then `GET gateway/v1/pushes/{push_id}`.",
    "4. Trường dữ liệu, quy tắc, mã lỗi — fields, rules, codes:"
    " `truong-du-lieu.md`, `quy-tac.md`, `ma-loi.md`.",
    "5. Thay khóa không gián đoạn — rotate without a gap: `csdl credentials rotate`;"
    " khóa cũ còn dùng một tuần — the old one goes on for a week.",
)


def _codes() -> str:
    shown = {code: texts for code, texts in catalogue().items() if code.startswith(_OF_VENDORS)}
    lines = ["# Mã lỗi — Codes", "", "| mã | nghĩa và cách sửa | what to do |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {code} | {vi} | {en} |" for code, (vi, en) in shown.items()), ""])


_OF_VENDORS: Final = ("GATE-", "KEY-03", "KEY-1", "MSG-", "NEXT-", "PUSH-", "REC-", "SEC-10", "SEND-", "ENV-")
