"""Processes of the pipeline and the signals they get."""

import signal
import time
from contextlib import ExitStack

from pydantic import SecretStr

from deploy.processes import NAMES
from producers.synthetic.write import write_register
from runtime.settings import Settings
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
