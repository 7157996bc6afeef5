"""Which values of a server's settings will do, and what a process does about those that will not."""

import logging
import re

import pytest

from deploy.processes import TABLE
from runtime.database_settings import CODES, CONNECTIONS, SETTINGS, configuration, memory
from runtime.server_settings import Deviation, Harm, ServerFits, amount
from schemas.topics import PARTITIONS
from tests.support import ROOT

ROLES = ROOT / "deploy" / "ansible" / "roles"
BY_NAME = {setting.name: setting for setting in SETTINGS}


@pytest.mark.parametrize(
    ("name", "found", "holds"),
    [
        ("log_error_verbosity", "default", False),  # as PostgreSQL comes
        ("log_error_verbosity", "verbose", False),
        ("log_min_error_statement", "error", False),  # as it comes
        ("log_parameter_max_length_on_error", "-1", False),
        ("timezone", "Etc/UTC", True),  # as Debian sets it
        ("timezone", "Asia/Ho_Chi_Minh", False),
        ("synchronous_commit", "off", False),
        ("synchronous_commit", "remote_apply", True),
        ("idle_in_transaction_session_timeout", "0", False),  # none
        ("idle_in_transaction_session_timeout", "90s", True),
        ("idle_in_transaction_session_timeout", "1d", False),
        ("max_wal_size", "512MB", False),
        ("max_wal_size", "16GB", True),
        ("max_connections", "100", False),
        ("wal_level", "minimal", False),
    ],
)
def test_what_postgresql_has_will_do_or_not(name, found, holds):
    assert BY_NAME[name].holds(found) == holds


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_what_we_set_will_do(setting):
    assert setting.holds(setting.value) and setting.why and setting.harm in CODES


def test_amounts_are_read_as_postgresql_writes_them():
    assert [amount(text) for text in ("-1", "128MB", "15min", "0.5", "on")] == [
        -1,
        128 * 1024**2,
        900_000,
        0.5,
        None,
    ]


def test_every_process_at_its_most_finds_a_connection():
    services = 2 * 40
    others = sum(d.tables for d in TABLE) - 2 + 2 * (PARTITIONS - 1)
    assert services + 4 * others <= CONNECTIONS


@pytest.mark.parametrize("megabytes", [512, 4096, 65_536])
def test_memory_stays_within_what_was_said(megabytes):
    sized = {name: amount(value) or 0 for name, value in memory(megabytes).items() if value.endswith("MB")}
    working = sized["shared_buffers"] + 8 * (sized["work_mem"] + sized["temp_buffers"])
    assert working + sized["maintenance_work_mem"] <= megabytes * 1024**2
    assert f"# For {megabytes} MiB" in configuration(megabytes)


class Fits(ServerFits):
    server = "PostgreSQL"

    def __init__(self, *found):
        super().__init__()
        self.found = [Deviation(BY_NAME[name], value) for name, value in found]

    def refused(self):
        return self.judged(self.found)


def test_a_process_waits_for_what_loses_or_leaks_and_names_it_all():
    problem = Fits(("fsync", "off"), ("log_statement", "all"), ("jit", "on")).refused()
    assert problem is not None and problem.code == "FIT-010"
    assert problem.params["settings"] == "fsync = off (on), log_statement = all (none)"


def test_what_only_hinders_is_said_once_and_keeps_nobody(caplog):
    gate = Fits(("jit", "on"))
    with caplog.at_level(logging.WARNING, "csdl"):
        assert (gate.refused(), gate.refused()) == (None, None)
    assert caplog.text.count("FIT-011") == 1 and "jit = on" in caplog.text
    assert BY_NAME["jit"].harm is Harm.HINDERS


def test_the_role_sets_every_line_of_the_table():
    text = (ROLES / "postgresql" / "templates" / "csdl.conf.j2").read_text(encoding="utf-8")
    said = dict(re.findall(r"^([\w.]+) = '?(.*?)'?$", text, re.MULTILINE))
    assert {s.name: said.get(s.name) for s in SETTINGS} == {s.name: s.value for s in SETTINGS}
    assert memory().keys() - {"effective_cache_size"} <= said.keys()
