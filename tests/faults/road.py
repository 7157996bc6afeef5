"""The whole way of datasets under faults: granted, opened, confirmed, exported; and what is left of it."""

import subprocess
import sys
import time
from collections import defaultdict
from contextlib import closing
from functools import partial
from threading import Event, Thread

from kafka.errors import KafkaError

from access import confirmation_acts as confirmation
from access import grant_acts as grants
from demo.ledger import Ledger
from runtime import kafka, postgres
from schemas.datasets import dataset_id
from schemas.encoding import codec, columnar
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
from tests.faults.inputs import KIND, YEAR
from tests.faults.office import usual_command

SETTLE_S = 240.0

PROCESSES = (
    "grants", "validation", "load", "check", "outbox", "confirmation", "projection", "export", "receipts",
    "organisation", "checkpoints",
)  # fmt: skip
"""Who works on it, and who signs it."""

TOGETHER = 2
"""Schools whose pushes come by turns; then the next ones begin."""
PAUSE_S = 1.0


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


class Pushes:
    """Group after group of schools is granted, opened and pushed, until the block ends.

    ``expected``, ``last``: of the schools that have begun; ``at``: when each push was acknowledged.
    """

    def __init__(self, settings, plans, seed):
        self.expected, self.last, self.at, self.over = {}, {}, [], False
        self._settings, self._plans, self._seed, self._stop = settings, plans, seed, Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join(support.PATIENCE_S)
        self.over = True

    def _run(self):
        for first in range(0, len(self._plans), TOGETHER):
            if self._stop.is_set():
                return
            self._push(self._plans[first : first + TOGETHER])

    def _push(self, plans):
        sent = {plan.code: inputs.sendings(plan, self._seed) for plan in plans}
        expected = {plan.code: model.play(plan, sent[plan.code]) for plan in plans}
        self.last |= last_versions(expected)
        self.expected |= expected
        grant_and_open(self._settings, plans)
        for number in range(4):
            for plan in plans:
                held.insist(partial(held.push, self._settings, plan, sent[plan.code][number]))
                self.at.append(time.monotonic())
                time.sleep(PAUSE_S)


def grant_and_open(settings, plans):
    """Of whoever hears nothing the same acts come again."""
    granting = [grants.grant(Act.ALLOW, "smas", p.code, unit="19", account="test") for p in plans]
    opening = [confirmation.opening(*_dataset_and_route(p), account="test") for p in plans]
    for machine, commands in ((GRANTS, granting), (CONFIRMATION, opening)):
        held.insist(partial(_send, machine, settings, commands))


def _send(machine, settings, commands):
    with CommandsClient(machine, settings) as client:
        client.send_many(commands, silence_s=10)


def last_versions(expected):
    """Dataset → its last version."""
    return {dataset_id(code, YEAR, KIND): len(e.versions) for code, e in expected.items()}


def _dataset_and_route(plan):
    route = ("19",) if plan.direct else (plan.managing_unit, "19")
    return dataset_id(plan.code, YEAR, KIND), route


def confirm_all(settings, last, over):
    """Officers act on the last version only; whoever hears nothing looks again and asks again.

    ``last``: dataset → its last version; it may grow until it is ``over``.
    """
    deadline = None
    while True:
        try:
            with Ledger(settings) as ledger, CommandsClient(CONFIRMATION, settings) as client:
                while True:
                    ledger.poll()
                    ready = [s for d, s in ledger.states.items() if s.version == last[d]]
                    if len(ready) == len(last) and all(s.state == "accepted" for s in ready) and over():
                        return
                    if over():
                        deadline = deadline or time.monotonic() + SETTLE_S
                        assert time.monotonic() < deadline, _standing(ledger)
                    commands = [c for s in ready if (c := usual_command(s))]
                    if commands:
                        client.send_many(commands, silence_s=10)
        except (ProblemList, KafkaError):
            time.sleep(0.5)


def _standing(ledger):
    return {d: (s.state.value, s.version, s.counts) for d, s in ledger.states.items()}


def all_is_as_expected(settings, expected):
    """Answers, rows, versions, refusals, chains, exports: as the sequential model says."""
    held.no_answer_is_missing(settings, expected)
    with closing(postgres.connect(settings)) as db, db.cursor() as cur:
        digests = held.rows_and_versions(cur, expected)
        held.refusals(cur, expected)
    _chains(settings, expected, digests)
    _exports(settings, expected, digests)


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
            exported = columnar.decode_chunk(value)
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
