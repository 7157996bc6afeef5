"""A backup of a pipeline at work, verified, and put back: of what was lost, on real servers.

The stack goes on after its backup: what happened since is what a restore of both loses, and what one of
PostgreSQL alone gets back from Kafka.
"""

import json
import os
import shutil
from collections import Counter
from contextlib import closing, nullcontext

import pytest
from click.testing import CliRunner

from backup import lost, manifest, records, restoring, sealing, shelf, status, taking
from backup.place import Local
from cli.main import main
from deploy.local import stack as local
from deploy.local.layout import Stack
from producers.synthetic.write import write_register
from runtime import agreement, kafka
from runtime.settings import Settings
from schemas.topics import MINISTRY_EXPORT, topics
from tests import support
from tests.faults import inputs
from tests.faults.small_disk import only_root_mounts, pages
from tests.faults.test_older_copy import (
    WORK,
    all_is_read_again,
    begin,
    confirm,
    examined,
    exported,
    is_projected,
    read_model,
    said,
)
from tests.integration.command_line import csdl

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(900)]

REASON = ("--reason", "a lost disk", "--account", "test")


def called(it, *args, **environment):
    """(exit code, JSON printed) of a command called with the stack's own settings, as an administrator
    does."""
    result = CliRunner(env=support.environment(it.settings()) | environment).invoke(main, [*args, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout) if result.stdout else None


class Kept:
    """A stack that stands still, a backup of it, and how it was then and is now."""

    def __init__(self, it, backup):
        self.it, self.backup = it, backup
        self.then = self.now = self.refused = None

    @property
    def settings(self):
        return support.everybody(self.it)

    def state(self):
        return read_model(self.settings), said(self.settings)


def records_of(settings):
    """partition → every committed record with its offset, time, key, value and headers; and its bounds."""
    found = {}
    with closing(kafka.consumer(settings)) as consumer:
        names = [topic.name for topic in topics(settings.vendors)]
        for tp, log in agreement.logs(consumer, kafka.partitions(*names)).items():
            part = records.Partition(consumer, tp, log)
            found[tp] = log, [(m.offset, m.timestamp, m.key, m.value, list(m.headers)) for m in part]
    return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    it = Stack(tmp_path_factory.mktemp("backup") / "stack", support.free_port_base())
    it.data_dir.mkdir(parents=True)
    first, second = inputs.schools(1, 2)
    write_register(support.everybody(it).register_file, [first, second])
    try:
        local.up(it, processes=WORK)
        settings = support.everybody(it)
        begin(settings, first)
        confirm(settings, first, "submitted")
        support.wait_until(lambda: is_projected(settings))
        assert called(it, "backup", "key")[0] == 0
        full = it.data_dir / "full"
        full.mkdir()
        with nullcontext() if os.geteuid() else pages(full, 256) as mounted:
            refused = called(it, "backup", CSDL_BACKUPS_DIR=str(full)) if mounted else None
            assert {path.name for path in full.iterdir()} <= {shelf.LOCK, status.NAME}
        code, made = called(it, "backup")
        assert code == 0
        found = Kept(it, made)
        found.refused = refused
        found.then = found.state()
        begin(settings, second)
        for plan in (first, second):
            confirm(settings, plan, "forwarding")
        exported(settings, 2)
        support.wait_until(lambda: is_projected(settings))
        found.now = found.state()
        local.down(it)
        yield found
    finally:
        local.down(it, delete=True)


@pytest.fixture(scope="module")
def verified(kept):
    """What `csdl backup verify` says."""
    return called(kept.it, "backup", "verify")


@pytest.fixture
def still(kept):
    """It stands still again at the end."""
    yield kept
    local.down(kept.it)


def test_a_backup_says_what_it_is_and_is_good(kept, verified):
    code, found = called(kept.it, "backup", "list")
    assert code == 0
    [line] = found["backups"]
    assert (line["name"], line["province"], line["bytes"]) == (
        kept.backup["name"],
        "19",
        kept.backup["bytes"],
    )
    code, verified = verified
    assert (code, verified["problems"]) == (0, []), verified["problems"]
    assert verified["rows"]["version"] == len(kept.then[0]["version"])
    assert verified["versions"] == len(kept.then[0]["version"])
    assert verified["events"] >= len(kept.then[0]["events"])
    assert verified["checkpoint"] > 0
    # Nothing of a person, and no key, lies readable in it.
    text = (kept.settings.backups_dir / line["name"] / manifest.NAME).read_text(encoding="utf-8")
    assert "password@" not in text and "postgresql://csdl-" not in text


def test_what_cannot_be_restored_is_refused_before_anything_changes(kept, tmp_path):
    it, settings = kept.it, kept.settings
    before = sorted(path for path in it.data_dir.rglob("*") if "postgres" not in path.parts)
    asked = ("restore", kept.backup["name"], "--data-dir", str(it.data_dir), *REASON)

    def refused(*more):
        code, said = called(it, *asked, *more)
        assert code == 1
        return {problem["code"] for problem in said["problems"]}

    assert refused() == {"BAK-011"}
    other = tmp_path / "other.key"
    sealing.make(other)
    assert refused("--key-file", str(other)) == {"BAK-004"}
    assert refused("--key-file", str(tmp_path / "none")) == {"BAK-001"}

    key = sealing.read(settings.backup_key_file)
    folder = shelf.found(settings.backups_dir, kept.backup["name"])
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    made = manifest.read(copy)
    assert {p.code for p in restoring.refusals(copy, key, "01")[1]} == {"BAK-013"}
    manifest.write(copy, made.model_copy(update={"product": "99.0.0"}).marked(key))
    assert {p.code for p in restoring.refusals(copy, key, "19")[1]} == {"BAK-008"}
    manifest.write(copy, made.model_copy(update={"product": "0.1.0"}))
    assert called(it, "restore", str(copy), "--data-dir", str(it.data_dir), *REASON)[0] == 1
    manifest.write(copy, made)
    cut = max(made.files, key=lambda file: file.bytes)
    with (copy / cut.name).open("r+b") as file:
        file.truncate(cut.bytes // 2)
    assert {p.code for p in restoring.refusals(copy, key, "19")[1]} == {"BAK-005"}
    (copy / manifest.NAME).unlink()
    with pytest.raises(Exception, match="BAK-006"):
        restoring.refusals(copy, key, "19")
    assert sorted(p for p in it.data_dir.rglob("*") if "postgres" not in p.parts) == before


def test_postgres_lost_it_reads_again_from_kafka_what_the_backup_lacks(still):
    it, settings = still.it, still.settings
    it.postgres_dir.rename(it.data_dir / "lost.postgres")
    code, done = called(
        it, "restore", "latest", "--data-dir", str(it.data_dir), "--lost", "postgres", *REASON
    )
    assert (code, done["lost"]) == (0, "postgres")
    local.up(it, processes=WORK)
    all_is_read_again(settings, *still.now)


def test_kafka_lost_both_go_back_and_what_the_tables_knew_is_told_until_it_is_done_again(still):
    it, settings = still.it, still.settings
    it.kafka_dir.rename(it.data_dir / "lost.kafka")
    code, done = called(it, "restore", "latest", "--data-dir", str(it.data_dir), "--lost", "kafka", *REASON)
    assert (code, done["lost"]) == (0, "kafka")
    local.up(it)
    support.wait_until(lambda: is_projected(settings))
    assert (read_model(settings), said(settings)) == still.then
    code, found = examined(settings)
    # One push, the acts of two datasets, a grant, two exports; every reader, chain and state is in agreement.
    assert (code, found) == (1, {("restored", code) for code in ("BAK-030", "BAK-031", "BAK-032", "BAK-033")})
    code, told = csdl(settings, "backup", "lost")
    assert code == 1
    assert Counter(each["code"] for each in told["lost"]) == {
        "BAK-030": 1, "BAK-031": 2, "BAK-032": 1, "BAK-033": 2,
    }  # fmt: skip
    assert csdl(settings, "confirmation", "verify")[0] == 0
    code, audited = csdl(settings, "audit", "verify")
    # Who restored has accepted, by signature, that chains end earlier than they were sealed.
    assert (code, audited["findings"]) == (0, [])
    assert audited["accepted"][-1]["findings"] > 0

    first, second = inputs.schools(1, 2)
    begin(settings, second)
    for plan in (first, second):
        confirm(settings, plan, "forwarding")
    exported(settings, 2)
    support.wait_until(lambda: is_projected(settings))
    again, sent = read_model(settings), said(settings)
    for name in ("dataset", "version", "push"):
        assert again[name] == still.now[0][name]
    assert len(sent[MINISTRY_EXPORT]) == len(still.now[1][MINISTRY_EXPORT])
    assert examined(settings) == (0, set())


def test_both_lost_all_is_as_it_was_at_the_backup_and_goes_on(still, verified):
    it, settings = still.it, still.settings
    lost.done(it.data_dir)
    for home in (it.kafka_dir, it.postgres_dir, settings.checkpoints_dir):
        home.rename(it.data_dir / f"lost.both.{home.name}")
    (settings.checkpoint_key_file.with_suffix(".last")).unlink()
    unfinished = restoring.mark(Local(it))
    unfinished.write_text(json.dumps({"name": still.backup["name"], "lost": "both"}))
    it.kafka_dir.mkdir()  # of a restore that was cut off
    with pytest.raises(Exception, match="BAK-017"):
        local.up(it)
    code, done = called(it, "restore", "latest", "--data-dir", str(it.data_dir), *REASON)
    assert (code, done["lost"]) == (0, "both")
    assert not unfinished.exists()
    local.up(it)
    tables, sent = still.then
    support.wait_until(lambda: is_projected(settings))
    assert (read_model(settings), said(settings)) == (tables, sent)
    # What was verified holds just what the tables do, and is no reason against letting the year go.
    assert list(verified[1]["years"]) == ["2019"]
    code, asked = called(it, "years", "close", "2019", "--dry-run")
    assert code == 1 and {each["code"] for each in asked["problems"]} == {"YEAR-002", "YEAR-003"}
    key = sealing.read(settings.backup_key_file)
    folder = shelf.found(settings.backups_dir, "latest")
    made = manifest.proved(folder, key)
    now = records_of(settings)
    for copied in made.topics:
        log, found = now[copied.tp]
        assert log.begin == copied.begin and log.end >= copied.end
        kept = list(records.read(taking.unpack(folder, key, copied.file))) if copied.file else []
        at_the_backup = [(r.offset, r.at, r.key, r.value, [tuple(h) for h in r.headers]) for r in kept]
        assert [r for r in found if r[0] < copied.end] == at_the_backup
    assert examined(settings) == (0, set())
    assert csdl(settings, "confirmation", "verify")[0] == 0
    code, audited = csdl(settings, "audit", "verify")
    assert (code, audited["findings"]) == (0, [])
    assert audited["accepted"][-1]["reason"].endswith("a lost disk")


@only_root_mounts
def test_a_full_disk_is_said_and_leaves_nothing(kept):
    code, said = kept.refused
    assert (code, [problem["code"] for problem in said["problems"]]) == (1, ["BAK-010"])


def test_settings_of_a_backup_hold_no_secret(kept):
    made = manifest.read(shelf.found(kept.settings.backups_dir, "latest"))
    assert made.settings["database_url"] == "**********"
    assert Settings.model_fields.keys() == made.settings.keys()
