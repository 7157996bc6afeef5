"""The guide for vendors, played word by word on a sandbox: from "up" to "accepted", by HTTP and by Kafka.
Then the client package there, with what cuts and repeats between them."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main as csdl
from csdl_client import Client
from demo.sandbox import life
from demo.sandbox.school import Given
from readings import pushes
from runtime import postgres
from runtime.settings import Settings
from tests import support
from tests.cutting_proxy import Fate, proxy
from tests.guide import Ran, Shell, blocks
from tests.support import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # a stack starts, on whatever machine

CHAPTERS = {1: "newcomer", 2: "curl", 3: "python", 4: "client", 5: "kafka", 11: "files"}


@dataclass
class Played:
    """``ran``: chapter → what was run of it."""

    ran: dict[int, list[Ran]]
    given: Given
    settings: Settings

    def pushes(self) -> dict[str, str]:
        """Id of each push → its outcome."""
        with closing(postgres.connect(self.settings)) as conn:
            return {push["push_id"]: push["outcome"] for push in pushes.listed(conn)[0]}

    def client(self, url: str = "") -> Client:
        """The client package, with the sandbox's key."""
        return Client(url or self.given.url, self.given.key_file.read_text())

    def packet(self, path: Path, kind: int, address: str) -> Path:
        """The school's packet of a period, in which its first pupil has moved."""
        packet = json.loads(self.given.samples["packet.json"].read_bytes())
        packet["LoaiDongBo"] = kind
        packet["LstHocSinh"][0]["DchiTmtru"] = address
        path.write_text(json.dumps(packet, ensure_ascii=False), encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The guide, played where a reader works: there is nothing of the product but its contracts."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "schemas").symlink_to(ROOT / "schemas")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CSDL_")}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'client'}",
        "CSDL_SANDBOX_PORT_BASE": str(support.free_port_base()),
    }
    guide = blocks((ROOT / "docs" / "guide.md").read_text("utf-8"))
    sandbox = folder / life.DATA_DIR
    shell = Shell(folder, environment)
    try:
        ran: dict[int, list[Ran]] = {}
        for block in guide:
            if "curl" not in block.words or shutil.which("curl"):
                ran.setdefault(block.chapter, []).append(shell.run(block))
                if wrong := ran[1][0].wrong():
                    pytest.fail(wrong)
        it, given = life.at(sandbox)
        yield Played(ran, given, it.settings())
    finally:
        shell.close()
        CliRunner().invoke(csdl, ["sandbox", "down", "--delete", "--data-dir", str(sandbox)])


@pytest.mark.parametrize("chapter", CHAPTERS, ids=CHAPTERS.get)
def test_the_guide_does_what_it_says(played, chapter):
    if chapter == 2 and not shutil.which("curl"):
        pytest.skip("no curl")
    assert played.ran[chapter]
    wrong = "\n".join(filter(None, (ran.wrong() for ran in played.ran[chapter])))
    assert not wrong, wrong


def test_the_feed_tells_a_push_to_its_end_each_event_once(played, tmp_path):
    told = []

    def kinds() -> set[str]:
        told.extend(played.client().events(tmp_path / "cursor", limit=3))
        return {event["kind"] for event in told}

    whole = {"answered", "version_checked", "submitted", "approved", "forwarded", "receipts_recorded"}
    support.wait_until(lambda: whole <= kinds(), seen=kinds)
    ids = [event["event_id"] for event in told]
    assert len(ids) == len({*ids})


def test_a_proxy_that_repeats_a_push_without_its_key_makes_no_second_version(played, tmp_path):
    before = played.pushes()
    path = played.packet(tmp_path / "packet.json", 3, "Xóm Một")
    with proxy(played.given.url) as way:
        way.fates = [Fate.TWICE]
        push = played.client(way.url).push(path)
    assert played.client().wait_until_loaded(push["push_id"])["outcome"] == "unchanged"
    new = {push_id: outcome for push_id, outcome in played.pushes().items() if push_id not in before}
    assert sorted(new.values()) == ["unchanged", "version"]


def test_a_list_that_is_cut_and_gone_on_with_is_there_once(played, tmp_path):
    """Cut in the middle of the second file; then its answer is lost; then all is well."""
    before = played.pushes()
    names = ["mot.json", "hai.json", "ba.json"]
    for name in names:
        played.packet(tmp_path / name, 3, f"Xóm {name}")

    def send(url: str) -> tuple[int, list[str], str]:
        command = [sys.executable, "-m", "csdl_client", "--tries", "1", "push", *names]
        environment = {"PYTHONPATH": str(ROOT / "client"), "CSDL_URL": url}
        environment["CSDL_KEY_FILE"] = str(played.given.key_file)
        run = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return run.returncode, run.stdout.split(), run.stderr

    with proxy(played.given.url) as way:
        way.fates = [Fate.PASSED, Fate.CUT]
        code, first, said = send(way.url)
        assert code == 3 and "not sent: hai.json, ba.json" in said
        way.fates = [Fate.SWALLOWED]
        code, again, said = send(way.url)
        assert code == 3 and "not sent: hai.json, ba.json" in said
        assert again == first, "it is there already"
        code, sent, _ = send(way.url)
        assert code == 0 and sent[:1] == first and len(set(sent)) == 3
        assert way.posts == 5
    for push_id in sent:
        assert played.client().wait_until_loaded(push_id)["outcome"] == "version"
    assert played.pushes().keys() - before.keys() == {*sent}
