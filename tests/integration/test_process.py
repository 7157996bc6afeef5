"""Processes of the pipeline and the signals they get."""

import signal
import time
from contextlib import ExitStack

import pytest
from pydantic import SecretStr

from deploy.processes import NAMES
from producers.synthetic.write import write_register
from runtime.settings import Settings
from sinks.provincial.records.tables import table
from tests.integration.test_processor import assert_equals_the_replay, lives, wait_until_answered, write
from tests.support import wait_until


def test_each_stops_when_told_though_the_servers_are_away(tmp_path, run_process):
    away = Settings(
        data_dir=tmp_path,
        bootstrap_servers="127.0.0.1:9",
        database_url=SecretStr("postgresql://nobody@127.0.0.1:9/none"),
        register_file=tmp_path / "register.csv",
    )
    write_register(away.register_file, [])
    with ExitStack() as running:
        started = [running.enter_context(run_process(name, away, wait=False)) for name in NAMES]
        wait_until(lambda: all("started, http port" in p.log.read_text(encoding="utf-8") for p in started))
        time.sleep(1)  # on the way to the servers
        ends = {process.name: process.stop() for process in started}
    assert -signal.SIGKILL not in ends.values(), ends


def said(process, code):
    return process.log.read_text(encoding="utf-8").count(f"{code} ")


@pytest.mark.parametrize("name", ["load", "confirmation", "watch"])
def test_a_second_one_waits_and_takes_over_when_the_first_is_killed(settings, run_process, name):
    """They fenced each other for ever: nine restarts in 48 s."""
    with run_process(name, settings) as first, run_process(name, settings, wait=False) as second:
        second.wait_until(lambda: said(second, "SYS-006"))
        first.wait_until(first.is_ready)
        assert not second.is_ready()
        first.popen.kill()
        first.popen.wait()
        second.wait_until(second.is_ready)
        assert said(second, "SYS-006") == 1, "once, not at every look"


@pytest.mark.slow
def test_one_that_is_frozen_loses_its_turn_and_ends_when_it_wakes(settings, run_process):
    with run_process("projection", settings) as frozen, run_process("projection", settings, False) as second:
        second.wait_until(lambda: said(second, "SYS-006"))
        frozen.popen.send_signal(signal.SIGSTOP)
        second.wait_until(second.is_ready)
        frozen.popen.send_signal(signal.SIGCONT)
        wait_until(lambda: frozen.popen.poll() is not None, seen=frozen.tail)
        assert frozen.popen.returncode == 1
        second.wait_until(second.is_ready)


@pytest.mark.slow
def test_of_two_on_two_machines_the_fenced_one_says_so_and_stays_away(settings, run_process):
    elsewhere = settings.model_copy(update={"data_dir": settings.data_dir / "elsewhere"})
    with run_process("confirmation", settings) as first, run_process("confirmation", elsewhere) as second:
        commands = lives(schools=6, seed=1)
        write(settings, commands)
        wait_until_answered(second, settings, commands)
        wait_until(lambda: said(first, "SYS-009"), seen=first.tail)
        assert not first.is_ready()
        second.wait_until(second.is_ready)
    assert_equals_the_replay(settings, len(commands))


ANOTHER_SCHEMA = {
    "no tables yet": (
        "ALTER TABLE alembic_version RENAME TO aside",
        "ALTER TABLE aside RENAME TO alembic_version",
    ),
    "an earlier release's": (
        "UPDATE alembic_version SET version_num = '0' || version_num",
        "UPDATE alembic_version SET version_num = substr(version_num, 2)",
    ),
    "a contract's new field": (
        'ALTER TABLE "{table}" RENAME "{column}" TO aside',
        'ALTER TABLE "{table}" RENAME aside TO "{column}"',
    ),
}


@pytest.mark.parametrize("other", ANOTHER_SCHEMA)
def test_a_process_that_meets_another_schema_waits_until_it_fits(settings, run_process, conn, other):
    """It crash-looped on the missing column."""
    pupils = table("HocSinh")
    named = {"table": pupils.name, "column": pupils.columns[0].name}
    damage, repair = (statement.format(**named) for statement in ANOTHER_SCHEMA[other])
    _execute(conn, damage)
    with run_process("load", settings, wait=False) as process:
        process.wait_until(lambda: said(process, "SYS-005"))
        assert not process.is_ready()
        _execute(conn, repair)
        process.wait_until(process.is_ready)
        assert said(process, "SYS-005") == 1, "once, not at every look"


def _execute(conn, statement):
    with conn, conn.cursor() as cur:
        cur.execute(statement)
