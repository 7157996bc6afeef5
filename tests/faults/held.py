"""What is held and answered, compared with the sequential model (tests/faults/model.py)."""

import time

from kafka.errors import KafkaError

from demo.ledger import Ledger
from producers.client import PushClient
from schemas.contracts.contracts import record_types
from schemas.datasets import dataset_id
from schemas.encoding.digest import row_hashes, version_digest
from schemas.errors import ProblemList
from sinks.provincial.records import read
from tests import support
from tests.faults import inputs
from tests.faults.inputs import KIND, YEAR


def push(settings, plan, sending):
    with PushClient(settings, "smas", chunk=25) as client:
        client.push(plan.code, YEAR, KIND, sending.tables(), sending.push_id)


def insist(act):
    while True:
        try:
            return act()
        except (ProblemList, KafkaError):
            time.sleep(1)


def no_answer_is_missing(settings, expected):
    wanted = {push: outcome for e in expected.values() for push, outcome in e.outcomes.items()}
    with Ledger(settings) as ledger:
        support.wait_until(lambda: set(ledger.answers) >= set(wanted), ledger.poll)
        answers = {p: (a["Outcome"], a["Version"]) for p, a in ledger.answers.items()}
    assert answers == wanted


def rows_and_versions(cur, expected):
    """Every version's rows by the sender's ids equal the model's; returns the digest of each version."""
    digests = {}
    for code, e in expected.items():
        dataset = dataset_id(code, YEAR, KIND)
        cur.execute("SELECT version, digest FROM version WHERE dataset_id = %s ORDER BY version", [dataset])
        stored = dict(cur.fetchall())
        assert list(stored) == list(range(1, len(e.versions) + 1)), dataset
        for number, rows in enumerate(e.versions, 1):
            held: dict[tuple[str, str], str] = {}
            identities = []
            for record_type in record_types():
                frame = read.versions(cur, record_type, [(dataset, number)])
                records = read.records(record_type, frame)
                names = records["ClientId" if "ClientId" in records.columns else "MaTruongHoc"]
                hashes = row_hashes(records)
                assert hashes.to_list() == frame["_row_hash"].to_list()
                keys = [(record_type, n) for n in names]
                assert len(set(keys)) == len(keys), "a record is there twice"
                held |= dict(zip(keys, hashes, strict=True))
                identities += [(record_type, i, h) for i, h in zip(frame["_identity"], hashes, strict=True)]
            assert held == rows, (dataset, number, sorted(held.items() ^ rows.items())[:4])
            assert stored[number] == version_digest(dataset, number, identities)
        digests[dataset] = stored
    return digests


def refusals(cur, expected):
    cur.execute("SELECT push_id, client_id, rule FROM record_refused")
    found = cur.fetchall()
    assert {rule for _, _, rule in found} == {inputs.NAMELESS_RULE}
    assert sorted((p, c) for p, c, _ in found) == sorted(r for e in expected.values() for r in e.refused)
