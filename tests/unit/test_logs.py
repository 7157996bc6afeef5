"""The log of a process: what its threads leave behind when they end."""

import logging
import threading

from runtime import logs
from runtime.health import Servers
from runtime.settings import Settings


def test_a_thread_that_ends_by_a_fault_is_one_line_without_what_the_fault_says(monkeypatch, capsys):
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.set_up("load", Servers(Settings()))

    def ends():
        raise ValueError("Nguyễn Văn Mẫu")

    thread = threading.Thread(target=ends, name="terms")
    thread.start()
    thread.join()
    (line,) = capsys.readouterr().err.splitlines()
    assert " load ERROR thread terms ended: builtins.ValueError at test_logs.py:" in line
    assert "Nguyễn" not in line
