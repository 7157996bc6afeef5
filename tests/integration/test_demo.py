"""`csdl demo` from end to end: every record accounted for, and what is missing behind its back is noticed."""

import json
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from demo import accounts
from demo.sending import START, Sent
from deploy.local import layout
from deploy.local import stack as local
from producers.synthetic.school import YEAR
from runtime import postgres, serve
from runtime.accounts import SETUP
from schemas.datasets import dataset_id
from tests import support
from tests.support import ANSWER_S

SCHOOLS = 15
SHARED = ("grants", "validation", "load", "confirmation")
INSTANCES = dict.fromkeys((*SHARED, "check"), 2)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # a stack starts, on whatever machine


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """(result, stack that is still up) of a small demonstration in a pipe, two of each process."""
    folder = tmp_path_factory.mktemp("demo")
    said, data = folder / "out.json", folder / "data"
    command = [sys.executable, "-m", "cli", "demo", "--schools", str(SCHOOLS), "--seed", "4", "--keep"]
    command += ["--json", str(said), "--data-dir", str(data), "--port-base", str(support.free_port_base())]
    env = os.environ | {"CSDL_INSTANCES": json.dumps(INSTANCES)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=env)
    it = layout.at(data)
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        yield json.loads(said.read_text(encoding="utf-8")), it
    finally:
        local.down(it, delete=True)


def test_nothing_is_lost_or_doubled_and_every_story_ends_as_told(run):
    said, _ = run
    assert said["schools"] == SCHOOLS
    assert said["records_lost"] == said["records_doubled"] == 0
    assert said["records_pushed"] == said["records_accepted"] + said["records_refused"]
    assert [s["name"] for s in said["stories"] if not s["ok"]] == []
    assert sum(said["datasets_by_state"].values()) == SCHOOLS
    assert said["exported"] == said["receipts"] > 0


@pytest.mark.parametrize("name", SHARED)
def test_both_of_two_had_their_share_of_it(run, name):
    _, it = run
    for number in (1, 2):
        with urlopen(
            serve.request(it.settings(), it.port(f"{name}-{number}"), "/metrics"), timeout=ANSWER_S
        ) as answer:
            read = re.findall(r"^csdl_messages_total{.*} ([\d.]+)$", answer.read().decode(), re.MULTILINE)
        assert sum(map(float, read)) > 0, number


def test_rows_deleted_and_doubled_behind_its_back_are_noticed(run):
    _, it = run
    with closing(postgres.connect(it.settings().acting_as(SETUP))) as conn, conn.cursor() as cur:
        pushes = [
            _sent(push_id, vendor, school, it.data_dir / "vendors")
            for push_id, vendor, school in _ordinary_pushes(cur)
        ]
        assert _total(cur, pushes) == (0, 0)
        dataset = pushes[0].dataset_id
        for table in ("hoc_sinh", "can_bo"):
            cur.execute(
                f"DELETE FROM {table} WHERE dataset_id = %s AND identity = (SELECT min(identity) FROM {table}"
                " WHERE dataset_id = %s)",
                (dataset, dataset),
            )
        assert _total(cur, pushes) == (2, 0)
        cur.execute(
            "INSERT INTO lop_hoc (school_year, school, dataset_id, identity, valid_from, row_hash, vendor,"
            " client_id) SELECT school_year, school, dataset_id, identity || 'x', valid_from, row_hash,"
            " vendor, client_id FROM lop_hoc WHERE dataset_id = %s LIMIT 1",
            (dataset,),
        )
        assert _total(cur, pushes) == (2, 1)
        conn.rollback()


def _ordinary_pushes(cur):
    cur.execute(
        "SELECT p.push_id, p.vendor, d.school FROM push p JOIN dataset d USING (dataset_id)"
        " WHERE p.version = 1 AND p.outcome = 'version' AND p.refused = 0 AND d.version = 1"
    )
    return cur.fetchall()


def _sent(push_id: str, vendor: str, school: str, folder: Path) -> Sent:
    paths = tuple(sorted((folder / vendor).glob(f"{school}.*")))
    return Sent(push_id, vendor, school, dataset_id(school, YEAR, START), "", paths, 0, 0.0)


def _total(cur, pushes: list[Sent]) -> tuple[int, int]:
    """(lost, doubled) of all pushes."""
    tallies = [tally for _, tally in accounts.balance(cur, pushes)]
    return sum(t.lost for t in tallies), sum(t.doubled for t in tallies)
