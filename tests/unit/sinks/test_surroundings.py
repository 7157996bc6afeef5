"""What the watch says of disks, certificates, the clock and backups, where it may look and where not."""

import ctypes
import json
from contextlib import ExitStack

import pytest

from deploy.local import certificates
from runtime import systemd
from runtime.settings import Settings
from sinks.watch.surroundings import Backups, Certificates, backups, clock_is_kept, disks, failed_units
from tests.unit.test_broker_probe import NOW, WEEK, Authority, server


def test_each_disk_that_is_named_is_measured_and_one_that_is_not_there_is_left_out(tmp_path):
    (tmp_path / "kafka").mkdir()
    of = {"kafka": tmp_path / "kafka", "gone": tmp_path / "gone"}
    found = list(disks(Settings(data_dir=tmp_path, disks=of)))
    assert [name for name, *_ in found] == ["data", "kafka"]
    assert all(size > free > 0 for _, size, free in found)


def test_the_earliest_end_of_what_the_brokers_show_is_told_and_nothing_is_sent(tmp_path):
    ours = Authority(tmp_path, "ours")
    with ExitStack() as held:
        ends = [ours.signs(at=NOW + days) for days in (WEEK, 2 * WEEK)]
        shown = [held.enter_context(server(path)) for path in ends]
        said = held.enter_context(server(None))
        servers = ",".join(address for address, _ in (*shown, said))
        watched = Certificates(Settings(bootstrap_servers=servers, kafka_ca_file=ours.file))
        found = watched.ends()
        assert [heard for _, inside in shown for heard in inside if heard] == []
    assert found["broker"] == certificates.ends(ends[0]).timestamp()
    assert found["authority"] == certificates.ends(ours.file).timestamp()
    assert watched.ends() == found, "it looks once an hour, and remembers"


def test_a_broker_without_tls_has_no_certificate_and_one_that_is_away_none_either(tmp_path):
    assert Certificates(Settings(bootstrap_servers="127.0.0.1:9")).ends() == {}
    gone = Settings(bootstrap_servers="127.0.0.1:9", kafka_ca_file=tmp_path / "gone.pem")
    assert Certificates(gone).ends() == {}


@pytest.mark.parametrize(("state", "kept"), [(0, True), (3, True), (5, False), (-1, None)])
def test_the_kernel_says_whether_something_keeps_the_clock(monkeypatch, state, kept):
    class Kernel:
        def __init__(self, _):
            pass

        def adjtimex(self, _):
            return state

    assert clock_is_kept() in (True, False)
    monkeypatch.setattr(ctypes, "CDLL", Kernel)
    assert clock_is_kept() is kept


def test_backups_say_of_themselves_when_they_were_made_and_tried(tmp_path):
    of = Settings(data_dir=tmp_path)
    assert backups(of) == Backups() and of.backups_dir == tmp_path / "backups"
    of.backups_dir.mkdir()
    said = {"last_success": 1_800_000_000.5, "last_verified": 0, "last_failed": True}
    (of.backups_dir / "status.json").write_text(json.dumps(said | {"more": "of a later release"}))
    assert backups(of) == Backups(last_success=1_800_000_000.5, last_failed=True)
    (of.backups_dir / "status.json").write_text("{")
    assert backups(of) == Backups()


def test_a_unit_whose_last_run_failed_as_systemd_tells_it(monkeypatch):
    told = "Id=csdl-retention.service\nActiveState=failed\n\nId=csdl-setup.service\nActiveState=active\n"
    monkeypatch.setattr(systemd, "units", lambda names, *_: systemd.read(told))
    assert failed_units() == {"csdl-retention.service": True, "csdl-setup.service": False}
    assert systemd.read("") == {}
