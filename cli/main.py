"""`csdl`: the table of command groups, and nothing else.

A command's module is imported when the command is called, so `csdl --help` and `csdl run` stay quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

from cli import guard
from runtime import environment
from runtime.garbage import collect_seldom

#: command name -> (module, attribute, one line of help: Vietnamese, then English)
COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "audit": (
        "cli.audit",
        "audit",
        "Kiểm toán — are the logs what was signed; who did what to a school's data.",
    ),
    "adapters": (
        "cli.adapters",
        "adapters",
        "Mẫu tệp — layouts of files: which are known, and which one a file is.",
    ),
    "accounts": ("cli.accounts", "accounts", "Tài khoản — accounts of people: make, end, move, list."),
    "backup": (
        "cli.backup",
        "backup",
        "Sao lưu — copy all that is kept, sealed; list, verify.",
    ),
    "broker": (
        "cli.broker",
        "broker",
        "Máy chủ Kafka — a broker on a server: configured, made, run.",
    ),
    "campaign": ("cli.campaign", "campaign", "Mở đợt báo cáo — open datasets for the schools to fill."),
    "chains": (
        "cli.chains",
        "chains",
        "Sự kiện bị để riêng — events that do not belong to their chain.",
    ),
    "codemap": (
        "cli.codemap",
        "codemap",
        "Bảng ánh xạ mã — a vendor's code map, what is doubtful about it, codes of files that it lacks.",
    ),
    "compose": (
        "cli.stack",
        "compose",
        "In tệp Docker Compose — print compose.yml with as many of each process as CSDL_INSTANCES says.",
    ),
    "config": (
        "cli.config",
        "config",
        "In cấu hình đang dùng — print the settings in force and where each comes from; --check.",
    ),
    "confirmation": (
        "cli.confirmation",
        "confirmation",
        "Gửi, xác nhận, trả lại, chuyển, xem — submit, confirm, return, forward; show and verify.",
    ),
    "dead-letters": (
        "cli.dead_letters",
        "dead_letters",
        "Thông điệp bị để riêng — what could not be read or taken, and why.",
    ),
    "demo": (
        "cli.demo",
        "demo",
        "Chạy thử cả hệ thống — a made-up province through all of it, every record accounted for.",
    ),
    "docs": ("cli.docs", "docs", "In tài liệu sinh từ mã nguồn — write the documents that are generated."),
    "conform": (
        "cli.conform",
        "conform",
        "Thử nghiệm hợp chuẩn — what a vendor's product shows before it gets a production key.",
    ),
    "connect": (
        "cli.connect",
        "connect",
        "Kết nối — the connection kit that a school hands over, and a test whether it works.",
    ),
    "credentials": (
        "cli.credentials",
        "credentials",
        "Khóa của nhà cung cấp — a grant's API keys and Kafka users: make, rotate, stop, revoke.",
    ),
    "database": (
        "cli.database",
        "database",
        "Tài khoản PostgreSQL — the pipeline's accounts at a server of one's own.",
    ),
    "doctor": (
        "cli.doctor",
        "doctor",
        "Khám hệ thống — look at servers, topics, tables and the clock; say what needs a hand.",
    ),
    "down": ("cli.stack", "down", "Dừng hệ thống — stop the local stack."),
    "explain": (
        "cli.explain",
        "explain",
        "Giải thích mã lỗi — what a code means, and what to do about it.",
    ),
    "forms": (
        "cli.forms",
        "forms",
        "Mẫu số 1, Mẫu số 2, văn bản ký số — fill in, read back and compare the forms; verify signed PDFs.",
    ),
    "grants": (
        "cli.grants",
        "grants",
        "Cấp, thu hồi quyền đẩy dữ liệu — a vendor's right to push for a school.",
    ),
    "login": ("cli.login", "login", "Đăng nhập — log in; what follows is done by this account."),
    "logout": ("cli.login", "logout", "Đăng xuất — end the login."),
    "metrics": ("cli.metrics", "metrics", "Các số đo — what the pipeline measures."),
    "ministry": (
        "cli.ministry",
        "ministry",
        "Dữ liệu chuyển lên Bộ — what went to the Ministry, and a stand-in for it.",
    ),
    "organisation": (
        "cli.organisation",
        "organisation",
        "Tổ chức theo ngày — units by date: import, routes, lists and totals on a day.",
    ),
    "positions": (
        "cli.positions",
        "positions",
        "Vị trí đọc trên Kafka — where each reader stands against its log; accept a loss.",
    ),
    "preflight": (
        "cli.push",
        "preflight",
        "Kiểm tra tệp, không gửi — say what files would be refused for, send nothing.",
    ),
    "push": ("cli.push", "push", "Gửi tệp của một trường — send a vendor's files for one school."),
    "push-report": (
        "cli.feedback",
        "push_report",
        "Báo cáo một lần đẩy — what was found in a push, by cell of its file; the file with marks.",
    ),
    "push-status": (
        "cli.pushes",
        "push_status",
        "Kết quả một lần đẩy — what became of a push and of its refused records.",
    ),
    "pushes": ("cli.pushes", "pushes", "Các lần đẩy và kết quả — list the pushes and what became of them."),
    "records": (
        "cli.records",
        "records",
        "Bản ghi vắng, bản ghi rời đi — records that a school's lists lacked; which of them leave.",
    ),
    "retention": (
        "cli.retention",
        "retention",
        "Lưu giữ — what is kept, how long and why; what is due goes.",
    ),
    "release": (
        "cli.release",
        "release",
        "Bản phát hành — make the one file that a server is installed from.",
    ),
    "restore": (
        "cli.backup",
        "restore",
        "Khôi phục — put a backup in the place of what was lost.",
    ),
    "rules": ("cli.schemas", "rules", "Bộ quy tắc kiểm tra — the rule book."),
    "run": ("cli.run", "run", "Chạy một tiến trình — run one process of the pipeline in the foreground."),
    "sandbox": (
        "cli.sandbox",
        "sandbox",
        "Hệ thống thử — a local stack of one made-up school, with a test key, for a vendor's technician.",
    ),
    "schemas": ("cli.schemas", "schemas", "Hợp đồng dữ liệu — the data contracts: list, freeze, publish."),
    "server": ("cli.server", "server", "Máy chủ — accounts, folders and secrets of a server."),
    "setup": (
        "cli.stack",
        "setup",
        "Tạo chủ đề và bảng — make the topics and tables on servers that run already.",
    ),
    "status": (
        "cli.stack",
        "status",
        "Tình trạng hệ thống — say what runs in the local stack, or on this server.",
    ),
    "synthetic": (
        "cli.synthetic",
        "synthetic",
        "Tạo dữ liệu giả lập — write a made-up province as the vendors' files.",
    ),
    "tokens": ("cli.tokens", "tokens", "Mã cá nhân — personal tokens for scripts of one's own."),
    "units": (
        "cli.units",
        "units",
        "Tệp dịch vụ systemd — write the units of the processes that run on this server.",
    ),
    "up": ("cli.stack", "up", "Khởi động — start Kafka, PostgreSQL and every process of the pipeline."),
    "vendors": ("cli.terms", "vendors", "Nhà cung cấp — vendors by date: add, end, list; without a restart."),
    "years": ("cli.years", "years", "Năm học — school years: taken by date; one that is over and done goes."),
    "whoami": ("cli.login", "whoami", "Ai đang đăng nhập — the account whose acts these are."),
}


class _Table(click.Group):
    """A group whose commands come from COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        environment.set_up()
        command: click.Command = getattr(import_module(module), attribute)
        collect_seldom()
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Whatever goes wrong is said with its code, in both languages; never a traceback."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click's own, which it deals with
        except Exception as fault:
            from cli.answers import fail  # with all it needs: not for csdl --help

            fail(ctx, guard.problems(fault))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """The entry point, also of tests."""
        with guard.streams():
            return super().main(*args, **kwargs)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in sorted(COMMANDS)])


def _say_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from cli.answers import tell
        from deploy.version import version

        tell(f"csdl {version()}")
        ctx.exit()


@click.command(cls=_Table, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Phiên bản — version and commit, and exit.",
)
def main() -> None:
    """Hồ sơ trường học, từ phần mềm của nhà cung cấp đến Bộ, xác nhận qua từng cấp.

    School records from the vendors' software to the Ministry, confirmed level by level.
    Exit codes: 0 done, 1 refused, 2 called wrongly, 3 a part of the system is away.
    """
