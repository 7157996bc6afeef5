"""A broker is started again for what was written since it began, and awaited until it has caught up."""

import os
import time
from pathlib import Path

import pytest

from deploy import broker_again
from runtime import replicas, systemd


def test_what_was_written_since_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = {"MainPID": "7", "ExecMainStartTimestampMonotonic": str(int(time.monotonic() * 1e6))}
    monkeypatch.setattr(systemd, "units", lambda names, *_: {names[0]: began})
    settings, none = tmp_path / "server.properties", tmp_path / "none"
    settings.touch()
    os.utime(settings, (time.time() - 100,) * 2)
    assert not broker_again.stale([settings, none])
    os.utime(settings, (time.time() + 100,) * 2)
    assert broker_again.stale([settings, none])


def test_one_that_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "units", lambda names, *_: {names[0]: {"MainPID": "0"}})
    assert broker_again.stale([])


def test_who_has_not_caught_up() -> None:
    topics = [
        {"partitions": [{"replica_nodes": [1, 2, 3], "isr_nodes": [2, 3]}]},
        {"partitions": [{"replica_nodes": [2, 3], "isr_nodes": [2, 3]}]},
    ]
    assert [replicas.lacking(topics)[number] for number in (1, 2, 3)] == [1, 0, 0]
