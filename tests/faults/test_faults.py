"""Everything is killed in the middle of a run; afterwards all is as if nothing had happened.

Rows, versions, chain and export are compared with a sequential model of the inputs (tests/faults/model.py).
Nobody helps: processes come back by the supervisor alone.
"""

import subprocess
import sys
import time
from collections import defaultdict
from contextlib import closing
from threading import Event, Thread

import pytest
from kafka.errors import KafkaError

from access import confirmation_acts as confirmation
from access import grant_acts as grants
from demo.ledger import Ledger
from deploy.local import stack as local
from deploy.local.layout import SERVERS, Stack
from producers.synthetic.write import write_register
from runtime import kafka, postgres
from schemas.datasets import dataset_id
from schemas.encoding import codec
from schemas.encoding.digest import row_hashes
from schemas.errors import ProblemList
from schemas.topics import MINISTRY_EXPORT
from streams.confirmation.machine import MACHINE as CONFIRMATION
from streams.grants.commands import Act
from streams.grants.machine import MACHINE as GRANTS
from streams.machines import chain, machine_log, topic_log
from streams.machines.commands_client import CommandsClient
from tests import support
from tests.faults import held, inputs, model
from tests.faults.chaos import Chaos
from tests.faults.inputs import KIND, YEAR
from tests.faults.office import usual_command

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

PAUSE_S = 2.0
SETTLE_S = 240.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_kill_all_is_as_the_sequential_model_says(seed, tmp_path):
    it = Stack(tmp_path / "stack", support.free_port_base())
    plans = inputs.schools(seed)
    sent = {p.code: inputs.sendings(p, seed) for p in plans}
    expected = {p.code: model.play(p, sent[p.code]) for p in plans}
    it.data_dir.mkdir(parents=True)
    write_register(support.everybody(it).register_file, plans)
    local.up(it)
    try:
        settings = support.everybody(it)
        _grant_and_open(settings, plans)
        with Ministry(it), Chaos(it, seed, PAUSE_S) as chaos:
            pushing = Thread(target=_push_all, args=(settings, plans, sent))
            pushing.start()
            _confirm_all(settings, expected, chaos)
            pushing.join()
        assert len(chaos.done) == len(chaos.plan)
        everything = (*SERVERS, *it.processes)
        support.wait_until(
            lambda: all(local.is_ready(it, name) for name in everything), seen=lambda: local.status(it)
        )
        held.no_answer_is_missing(settings, expected)
        with closing(postgres.connect(settings)) as db, db.cursor() as cur:
            digests = held.rows_and_versions(cur, expected)
            held.refusals(cur, expected)
        _chains(settings, expected, digests)
        _exports(settings, expected, digests)
    finally:
        local.down(it, delete=True)


class Ministry:
    """The Ministry's stand-in, which accepts everything: a system of its own, started again when it ends."""

    def __init__(self, it):
        self.it, self.stop = it, Event()
        self.thread = Thread(target=self._run)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *error):
        self.stop.set()
        self.thread.join()

    def _run(self):
        command = [sys.executable, "-m", "cli", "ministry", "simulate", "--refuse-percent", "0"]
        env = support.environment(support.everybody(self.it))
        with (self.it.logs / "ministry.log").open("wb") as log:
            while not self.stop.is_set():
                popen = subprocess.Popen(command, env=env, stdout=log, stderr=log)
                while popen.poll() is None and not self.stop.wait(0.2):
                    pass
                support.end(popen)


def _grant_and_open(settings, plans):
    with CommandsClient(GRANTS, settings) as client:
        client.send_many([grants.grant(Act.ALLOW, "smas", p.code, unit="19", account="test") for p in plans])
    with CommandsClient(CONFIRMATION, settings) as client:
        client.send_many([confirmation.opening(*_dataset_and_route(p), account="test") for p in plans])


def _dataset_and_route(plan):
    route = ("19",) if plan.direct else (plan.managing_unit, "19")
    return dataset_id(plan.code, YEAR, KIND), route


def _push_all(settings, plans, sent):
    """Round by round over the schools; what the broker did not confirm is sent again under the same id."""
    for n in range(4):
        for plan in plans:
            sending = sent[plan.code][n]
            held.insist(lambda plan=plan, sending=sending: held.push(settings, plan, sending))
            if n == 1:  # a sender that lost the answer sends the same push once more
                held.insist(lambda plan=plan, sending=sending: held.push(settings, plan, sending))
            time.sleep(0.4)


def _confirm_all(settings, expected, chaos):
    """Officers act on the last version only; whoever hears nothing looks again and asks again."""
    deadline = None
    last = {dataset_id(code, YEAR, KIND): len(e.versions) for code, e in expected.items()}
    while True:
        try:
            with Ledger(settings) as ledger, CommandsClient(CONFIRMATION, settings) as client:
                while True:
                    ledger.poll()
                    ready = [s for d, s in ledger.states.items() if s.version == last[d]]
                    if len(ready) == len(last) and all(s.state == "accepted" for s in ready) and chaos.over:
                        return
                    if chaos.over:
                        deadline = deadline or time.monotonic() + SETTLE_S
                        assert time.monotonic() < deadline, _standing(ledger)
                    commands = [c for s in ready if (c := usual_command(s))]
                    if commands:
                        client.send_many(commands, silence_s=10)
        except (ProblemList, KafkaError):
            time.sleep(0.5)


def _standing(ledger):
    return {d: (s.state.value, s.version, s.counts) for d, s in ledger.states.items()}


def _chains(settings, expected, digests):
    log = machine_log.read(CONFIRMATION, settings)
    assert log.replayed(CONFIRMATION).differences == []
    chains = defaultdict(list)
    for event in [*log.events, *log.later]:
        chains[event["DatasetId"]].append(event)
    assert set(chains) == {dataset_id(code, YEAR, KIND) for code in expected}
    for code, e in expected.items():
        dataset = dataset_id(code, YEAR, KIND)
        events = chains[dataset]
        assert chain.breaks(dataset, events) == []
        seen = [
            (x["Event"], x["State"], x["Level"], "school" if x["Unit"] == code else x["Unit"], x["Version"])
            for x in events
        ]
        assert seen == e.chain(), dataset
        for x in events:
            assert x["Digest"] == (digests[dataset][x["Version"]] if x["Version"] else "")


def _exports(settings, expected, digests):
    """Read as the Ministry reads it: committed messages only. Each record once, with the rows' own hashes.

    An export that was sent and not marked comes again, the same to the byte (ADR 12): once, for its readers.
    """
    rows: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    ids = []
    sent = topic_log.read(settings, kafka.partitions(MINISTRY_EXPORT))
    for value in dict.fromkeys(message.value for message in sent):
        name = codec.contract_name(value)
        if name.endswith("Exported"):
            exported = codec.decode_chunk(value)
            records = exported.records
            names = records["ClientId" if "ClientId" in records.columns else "MaTruongHoc"]
            keys = [(exported.record_type, n) for n in names]
            rows[exported.header["DatasetId"]] |= dict(zip(keys, row_hashes(records), strict=True))
            ids += exported.header["Ids"]
        else:
            _, totals = codec.decode(value)
            assert totals["Digest"] == digests[totals["DatasetId"]][totals["Version"]]
    assert len(ids) == len(set(ids)), "a record was exported twice"
    assert rows == {dataset_id(code, YEAR, KIND): e.versions[-1] for code, e in expected.items()}
