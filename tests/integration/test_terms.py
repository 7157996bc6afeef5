"""A vendor and a school year are taken on, and let go, under running processes: none is started again."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from cli.main import main
from deploy import kafka_rights, taking_on, upgrade
from deploy.upgrade import Knows
from runtime import accounts, terms
from runtime.settings import Settings
from runtime.topic_admin import deviations
from schemas.days import today
from schemas.terms import VENDOR as VENDOR_TERM
from schemas.terms import Term
from schemas.topics import TERMS, in_topic, topics
from sinks.provincial import schema
from tests import people
from tests.granted import make_key
from tests.integration.command_line import answer, csdl
from tests.organisation import put_units
from tests.people import free_port
from tests.support import Running, environment, run_process, wait_until, wait_while_it_runs
from tests.unit.cli.conftest import REGISTER
from tests.unit.producers.made import SCHOOL, pupils

VENDOR, YEAR = "moi", 2031
PROCESSES = ("grants", "validation", "load", "outbox", "watch", "access", "gateway")

pytestmark = pytest.mark.slow


@pytest.fixture
def running(settings: Settings, tmp_path: Path) -> Iterator[tuple[Settings, dict[str, Running]]]:
    """A school's province and its processes; what the vendor had is taken away again."""
    register = tmp_path / "register.csv"
    register.write_text(REGISTER, encoding="utf-8")
    access, gateway = free_port(), free_port()
    settings = settings.model_copy(
        update={
            "register_file": register,
            "access_port": access,
            "access_url": f"http://127.0.0.1:{access}",
            "gateway_port": gateway,
            "gateway_url": f"http://127.0.0.1:{gateway}",
            "watch_every_s": 0.5,
        }
    )
    put_units(settings)
    try:
        with ExitStack() as stack:
            yield settings, {n: stack.enter_context(run_process(n, settings)) for n in PROCESSES}
    finally:
        kafka_rights.ensure(settings)
        (settings.kafka_password_file.parent / accounts.vendor(VENDOR)).unlink(missing_ok=True)


def _call(settings: Settings, *arguments: str) -> None:
    """A command by setup's account."""
    result = CliRunner(env=environment(settings)).invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr


def _push(settings: Settings, folder: Path, vendor: str, year: int, *pupils_: dict[str, Any]) -> Any:
    packet = folder / f"{year}.json"
    packet.write_bytes(pupils(*pupils_).replace(b"2019", str(year).encode()))
    called = ("--vendor", vendor, "--school", SCHOOL, "--year", str(year), str(packet))
    return csdl(settings, "push", *called)


def _codes(told: Any) -> set[str]:
    return {problem["code"] for problem in told["problems"]}


def test_a_vendor_and_a_year_are_in_force_in_all_processes_without_a_restart(running, ask, tmp_path) -> None:
    settings, processes = running
    pids = {name: process.pid for name, process in processes.items()}
    officer = people.department(settings).settings
    assert csdl(officer, "grants", "allow", "smas", SCHOOL)[0] == 0
    code, sent = _push(settings, tmp_path, "smas", 2019, {}, {})
    assert answer(settings, sent["push_id"])["pushes"][0]["outcome"] == "version"

    code, told = _push(settings, tmp_path, VENDOR, YEAR, {})
    assert (code, _codes(told)) == (1, {"FILE-018", "ENV-303"})
    assert csdl(officer, "grants", "allow", VENDOR, SCHOOL)[0] == 1

    _call(settings, "vendors", "add", VENDOR, "--from", "2020-01-01")
    _call(settings, "years", "add", str(YEAR))
    # At once: nobody is waited for.
    assert csdl(officer, "grants", "allow", VENDOR, SCHOOL)[0] == 0
    code, sent = _push(settings, tmp_path, VENDOR, YEAR, {}, {}, {})
    secret, _ = make_key(settings, VENDOR, SCHOOL)
    packet = pupils({}, {}, {}, {}).replace(b"2019", str(YEAR).encode())
    pushed = httpx.post(
        f"{settings.gateway}/v1/pushes",
        content=packet,
        headers={
            "Authorization": f"Bearer {secret}",
            "Content-Type": "application/json",
            "Idempotency-Key": "k",
        },
        trust_env=False,
        timeout=60,
    )
    assert (code, pushed.status_code) == (0, 202), pushed.text
    for push_id in (sent["push_id"], pushed.json()["push_id"]):
        assert answer(settings, push_id)["pushes"][0]["outcome"] == "version"
    assert ask(f"SELECT count(*) FROM hoc_sinh_{YEAR} WHERE valid_to IS NULL") == [(4,)]
    wait_until(lambda: f'topic="csdl.in.{VENDOR}.v1"' in processes["watch"].metrics())
    listed = csdl(settings, "vendors", "list")[1]
    assert {"name": VENDOR, "from": "2020-01-01", "to": None, "taken": True} in listed

    _call(settings, "vendors", "end", VENDOR, "--to", str(today() - timedelta(days=1)))
    code, told = _push(settings, tmp_path, VENDOR, YEAR, {})
    assert (code, _codes(told)) == (1, {"FILE-018"})
    _call(settings, "years", "add", str(YEAR), "--from", str(date(YEAR, 9, 1)))
    code, told = _push(settings, tmp_path, "smas", YEAR, {})
    assert (code, _codes(told)) == (1, {"ENV-303"})
    assert {name: process.pid for name, process in processes.items()} == pids
    assert all(process.popen.poll() is None for process in processes.values()), "none has ended"
    assert csdl(settings, "dead-letters", "show")[1] == []

    lacks = Knows(
        schema.expected(), frozenset(), frozenset(topic.name for topic in topics(["VENDOR"])) - {TERMS}
    )
    found = {p.params["topic"]: p.params["count"] for p in upgrade.used(settings, lacks)}
    assert found[TERMS] == 2, "a vendor and a year that the settings do not name"
    assert found[in_topic(VENDOR)] > 0


def test_who_takes_a_vendor_on_waits_for_who_does_and_takes_nothing_away(settings, ask) -> None:
    """Rights are brought to what is known: read before the other's term is written, they would lack them."""
    own = Settings.of(environment(settings))
    waiting = (
        f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = {taking_on.LOCK} AND NOT granted"
    )
    try:
        with taking_on.alone(own):
            other = subprocess.Popen(
                [sys.executable, "-m", "cli", "vendors", "add", "hai"], env=environment(settings)
            )
            try:
                wait_while_it_runs(other, lambda: ask(waiting), lambda: "no lock is waited for")
                terms.bring(own, strictly=True)
                own.learn([*own.terms.all(), Term(VENDOR_TERM, VENDOR)])
                list(taking_on._made(own, Term(VENDOR_TERM, VENDOR)))
                terms.keep(own, [Term(VENDOR_TERM, VENDOR)])
            except BaseException:
                other.kill()
                raise
        assert other.wait() == 0
        terms.bring(own, strictly=True)
        assert {"hai", VENDOR} <= set(own.vendors)
        assert list(kafka_rights.ensure(own)) == []
        assert deviations(own) == []
    finally:
        kafka_rights.ensure(settings)
        for vendor in ("hai", VENDOR):
            (settings.kafka_password_file.parent / accounts.vendor(vendor)).unlink(missing_ok=True)
