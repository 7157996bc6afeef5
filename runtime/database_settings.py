"""What the pipeline needs of PostgreSQL's own settings: one table, for every way to run it and the check.

Rows hold personal values: neither statements, nor parameters, nor the details and contexts of errors may
reach its log. PostgreSQL's own defaults write the whole row that did not fit, and all names of a statement
that met a full disk.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final

import psycopg2
from psycopg2.extensions import connection

from runtime import postgres
from runtime.server_settings import Deviation, Harm, ServerFits, Setting, in_quotes, lines
from runtime.settings import Settings
from schemas.errors import Problem

CODES: Final = {Harm.LOSES: "FIT-001", Harm.LEAKS: "FIT-002", Harm.HINDERS: "FIT-003"}

CONNECTIONS: Final = 180
"""The gateway and the access service may have 40 each, every other process up to four, and a person some."""

LOG_LINE_PREFIX: Final = "%m [%p] %e "
"""As ``sinks.watch.database_log`` reads it."""

_UTC: Final = "UTC|Etc/UTC"
_QUIET: Final = "warning|error|log|fatal|panic"
_LOSES, _LEAKS, _HINDERS = Harm.LOSES, Harm.LEAKS, Harm.HINDERS

SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "fsync", "on", "is", "on",
        "a commit carries consumed offsets: what is committed must survive the machine", _LOSES,
    ),
    Setting("full_page_writes", "on", "is", "on", "it mends a page half written by a power cut", _LOSES),
    Setting(
        "synchronous_commit", "on", "is", "on|local|remote_write|remote_apply",
        "what was answered for must be on the disk", _LOSES,
    ),
    Setting("timezone", "UTC", "is", _UTC, "days and times are written and read in one zone", _LOSES),
    Setting("password_encryption", "scram-sha-256", "is", "scram-sha-256", "no password as MD5", _LEAKS),
    Setting("log_statement", "none", "is", "none", "statements hold personal values", _LEAKS),
    Setting(
        "log_min_error_statement", "panic", "is", "panic", "nor the statement that met an error", _LEAKS
    ),
    Setting(
        "log_error_verbosity", "terse", "is", "terse",
        "nor DETAIL and CONTEXT: the row that did not fit, the line that was copied", _LEAKS,
    ),
    Setting("log_min_messages", "warning", "is", _QUIET, "notices may quote rows", _LEAKS),
    Setting("log_min_duration_statement", "-1", "is", "-1", "nor slow statements", _LEAKS),
    Setting("log_min_duration_sample", "-1", "is", "-1", "nor some of them", _LEAKS),
    Setting("log_transaction_sample_rate", "0", "is", "0", "nor all of some transactions", _LEAKS),
    Setting("log_parameter_max_length", "0", "is", "0", "nor parameters", _LEAKS),
    Setting("log_parameter_max_length_on_error", "0", "is", "0", "nor those of an error", _LEAKS),
    Setting("debug_print_parse", "off", "is", "off", "trees hold a statement's constants", _LEAKS),
    Setting("debug_print_rewritten", "off", "is", "off", "the same", _LEAKS),
    Setting("debug_print_plan", "off", "is", "off", "the same", _LEAKS),
    Setting("auto_explain.log_min_duration", "-1", "is", "-1", "plans hold constants, too", _LEAKS),
    Setting("log_timezone", "UTC", "is", _UTC, "its log is read by the process watch", _HINDERS),
    Setting(
        "log_line_prefix", LOG_LINE_PREFIX, "is", LOG_LINE_PREFIX, "so refusals are counted from it", _HINDERS
    ),
    Setting(
        "max_connections", "200", "at least", str(CONNECTIONS), "every process and service at its most",
        _HINDERS,
    ),
    Setting(
        "idle_in_transaction_session_timeout", "15min", "within", "1h",
        "a client that hangs in a transaction keeps what others wait for", _HINDERS,
    ),
    Setting("autovacuum", "on", "is", "on", "tables would grow without end", _HINDERS),
    Setting("jit", "off", "is", "off", "statements are short: compiling costs more than it brings", _HINDERS),
    Setting("max_wal_size", "4GB", "at least", "1GB", "a full load would force checkpoints", _HINDERS),
    Setting("checkpoint_timeout", "15min", "at least", "5min", "the same", _HINDERS),
    Setting("wal_level", "replica", "is", "replica|logical", "a backup is made while it runs", _HINDERS),
    Setting("max_wal_senders", "10", "at least", "4", "backups and a standby read its log", _HINDERS),
    Setting("wal_keep_size", "1GB", "at least", "1GB", "the log of as long as a copy takes", _HINDERS),
    Setting(
        "max_slot_wal_keep_size", "16GB", "within", "64GB",
        "a standby that is away must not fill the disk: one that lacks more is copied anew", _HINDERS,
    ),
)  # fmt: skip
"""What PostgreSQL 15 to 18 know; an extension that is not loaded has none."""

READ_ONLY: Final = (
    Setting(
        "data_checksums", "on", "is", "on",
        "a disk that turns a bit is found out: pg_checksums --enable while the server stands still", _HINDERS,
    ),
)  # fmt: skip
"""What no file can set."""

MEMORY_MB: Final = 4096
"""What PostgreSQL may have, where nobody says."""

_FLOOR: Final = Setting(
    "shared_buffers", "", "at least", "128MB", "an index is read again and again", _HINDERS
)

CHECKED: Final[tuple[Setting, ...]] = (*SETTINGS, *READ_ONLY, _FLOOR)


def memory(memory_mb: int = MEMORY_MB) -> dict[str, str]:
    """Settings of a server that may use so many MiB: an eighth for all, and what one statement may take is
    small enough for as many as work at once."""
    return {
        "shared_buffers": f"{min(max(memory_mb // 8, 128), 8192)}MB",
        "effective_cache_size": f"{memory_mb}MB",
        "work_mem": f"{min(max(memory_mb // 64, 4), 256)}MB",
        "maintenance_work_mem": f"{min(max(memory_mb // 16, 64), 2048)}MB",
        "temp_buffers": f"{min(max(memory_mb // 32, 8), 256)}MB",
        "random_page_cost": "1.1",
        "wal_buffers": "64MB",
        "log_checkpoints": "off",
    }


def configuration(memory_mb: int = MEMORY_MB) -> str:
    """Lines of postgresql.conf."""
    sized = "".join(f"{name} = {in_quotes(value)}\n" for name, value in memory(memory_mb).items())
    return "".join(lines(SETTINGS, quoted=True)) + f"# For {memory_mb} MiB of memory.\n{sized}"


def document(memory_mb: int = MEMORY_MB) -> str:
    """``deploy/postgresql/csdl.conf``."""
    return _HEAD + configuration(memory_mb)


_HEAD: Final = """\
# What the pipeline needs of the server's own PostgreSQL (15 to 18): a file in conf.d (Debian:
# /etc/postgresql/15/main/conf.d/csdl.conf), then restart it. Made by csdl docs from
# runtime/database_settings.py; csdl database settings --memory-mb N prints it for another size. csdl doctor
# (pg-settings) compares, and a process that meets a server which would lose or show data waits (FIT-010).
"""


def look(conn: connection) -> list[Deviation]:
    """Settings in force for the account that asks which will not do."""
    with conn, conn.cursor() as cur:
        cur.execute(
            "SELECT lower(name), current_setting(name) FROM pg_settings WHERE lower(name) = ANY(%s)",
            ([setting.name for setting in CHECKED],),
        )
        found = dict(cur.fetchall())
    return list(_deviations(found))


def _deviations(found: Mapping[str, str]) -> Iterator[Deviation]:
    for setting in CHECKED:
        value = found.get(setting.name)
        if value is None and "." in setting.name:
            continue
        if value is None or not setting.holds(value):
            yield Deviation(setting, value or "")


def problems(settings: Settings) -> list[Problem]:
    """One of FIT-001 to 003 a setting that will not do. Raises psycopg2.Error if PostgreSQL is away."""
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        found = look(conn)
    return [
        Problem(
            CODES[each.setting.harm],
            params={
                "setting": each.setting.name,
                "found": each.found or "–",
                "bound": each.setting.bound,
                "wanted": each.setting.value or each.setting.bound,
            },
        )
        for each in found
    ]


class DatabaseFits(ServerFits):
    """A process does not work with a PostgreSQL that would lose rows or write them into its log."""

    server = "PostgreSQL"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def refused(self) -> Problem | None:
        """FIT-010 while it would, SYS-002 while it is away."""
        try:
            return self.judged(self.look())
        except psycopg2.OperationalError as fault:
            return postgres.away(fault)

    def look(self) -> list[Deviation]:
        """In force for our own account."""
        with closing(postgres.connect(self._settings, "csdl-settings")) as conn:
            return look(conn)
