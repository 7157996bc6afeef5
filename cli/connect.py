"""`csdl connect`: the kit that a school hands to its vendor, and the vendor's own look whether it works."""

import re
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from access import client
from access.credentials import kit, selftest
from access.credentials.kit import Connection, Kit
from cli.answers import exit_code, json_option, print_json, say, tell
from cli.login import password
from producers import files
from producers.model import ROW, SourceTable, Target
from producers.synthetic import school as made_up
from producers.synthetic.province import plan
from rehearsal.rehearse import rehearse
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

REFUSED_RECORD: Final = "KEY-036"
NO_SECRET: Final = "KEY-037"
_SECRET: Final = re.compile(r"[!-~]+")
"""Letters that a secret of ours is made of: what holds others is another file."""
OF_A_TEST: Final = "1"
"""LoaiDongBo of the record that is tried."""


@click.group()
def connect() -> None:
    """Kết nối — the connection kit of a grant, and whether the connection works."""


@connect.command(name="kit")
@click.argument("number", type=int)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="New file: the kit (.zip)."
)
@json_option
def make_kit(number: int, out: Path, as_json: bool) -> None:
    """Bàn giao — hand credential NUMBER over: an encrypted file; its passphrase is told here alone.

    Send the file one way and the passphrase another (by telephone).
    """
    if out.exists():
        raise click.BadParameter(f"{out} đã có — is there already", param_hint="--out")
    with client.logged_in(Settings()) as access:
        said: dict[str, Any] = access.call("POST", f"/v1/credentials/{number}/hand-over", {})
    words = kit.passphrase()
    kit.write(
        out, Kit(connection=Connection.model_validate(said["connection"]), authority=said["authority"]), words
    )
    if as_json:
        print_json(
            {
                "number": number,
                "file": str(out),
                "passphrase": words,
                "link": bool(said["connection"]["link"]),
            }
        )
        return
    tell(f"Bộ kết nối — kit: {out}", f"Mật khẩu mở tệp, gửi riêng — passphrase, told apart: {words}")


@connect.command()
@click.argument("file", metavar="KITFILE", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option(
    "--secret-file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File with the secret that the link showed (csdl credentials open).",
)
@click.option(
    "--passphrase-stdin", is_flag=True, help="Read the kit's passphrase from stdin, its first line."
)
@click.option("--record", "records", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@json_option
@click.pass_context
def test(
    ctx: click.Context,
    file: Path,
    secret_file: Path,
    passphrase_stdin: bool,
    records: Path | None,
    as_json: bool,
) -> None:
    """Tự kiểm tra — name, TLS, login, grant, a dry run of one record: each step in words; nothing is sent.

    --record: a file of one's own, whose records are tried; else a made-up one.
    """
    found = kit.read(file, password(passphrase_stdin))
    secret = _secret(secret_file)
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(found, secret_file, Path(folder))
        steps = []
        for step in selftest.steps(
            found.connection, settings, secret, lambda: _dry_run(found.connection, records)
        ):
            steps.append(step)
            if not as_json:
                _tell(step)
    problems = [problem for step in steps for problem in step.problems]
    ok = not problems
    if as_json:
        print_json({"connected": ok, "steps": [step.as_dict() for step in steps]})
    elif ok:
        tell("Kết nối dùng được — the connection works")
    ctx.exit(exit_code(problems))


def _tell(step: selftest.Step) -> None:
    vi, en = selftest.WORDS[step.name]
    mark = "–" if step.skipped else "✗" if step.problems else "✓"
    tell(f"{mark} {vi} — {en}")
    say(step.problems)


def _secret(path: Path) -> str:
    """Raises ProblemList (KEY-037)."""
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    if not _SECRET.fullmatch(found):
        raise ProblemList([Problem(NO_SECRET, params={"path": str(path)})])
    return found


def _settings(found: Kit, secret_file: Path, folder: Path) -> Settings:
    """Of a client that knows nothing but the kit."""
    asked = found.connection
    authority = folder / kit.AUTHORITY
    authority.write_text(found.authority, encoding="utf-8")
    update: dict[str, Any] = {"kafka_user": "", "kafka_password_file": Path()}
    if asked.user:
        update = {"kafka_user": asked.user, "kafka_password_file": secret_file.absolute()}
    ca = authority if found.authority else Path()
    return Settings().model_copy(
        update={"bootstrap_servers": asked.brokers, "kafka_ca_file": ca, "access_url": asked.url, **update}
    )


class _AnySchool:
    """Whether there is the school the grant has said."""

    def school(self, code: str, _: date, /) -> str:
        return code


def _dry_run(asked: Connection, records: Path | None) -> list[Problem]:
    """The verdict on records that are sent to nobody."""
    year = max(asked.school_years)
    target = Target(asked.vendor, asked.school, year, OF_A_TEST)
    tables = files.read((records,), target).tables if records else [_class(asked, year)]
    told = rehearse(tables, target, _AnySchool(), asked.school_years)
    found = [f for f in told.findings if f.verdict == "refused"]
    return [Problem(REFUSED_RECORD, f.place, {"rule": f.rule}) for f in found]


def _class(asked: Connection, year: int) -> SourceTable:
    """A class that nobody has, of the kit's school."""
    school = replace(plan(seed=1)[0], code=asked.school, vendor=asked.vendor)
    frame = made_up.make(school, seed=1, year=year).frames["LopHoc"].head(1)
    return SourceTable("LopHoc", "csdl connect test", "", frame.with_row_index(ROW, 1))
