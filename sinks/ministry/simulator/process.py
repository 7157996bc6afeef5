"""A stand-in for the Ministry: reads the exports, answers each record, knows nothing of our tables.

It is a system of its own: it keeps its place in a consumer group of its own, answers at least once (flush,
then commit) and answers a repeated chunk alike, so a repetition does no harm.
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

from kafka.consumer.fetcher import ConsumerRecord
from kafka.structs import OffsetAndMetadata

from runtime import accounts, agreement, kafka, metrics
from runtime.process import Process
from runtime.settings import Settings
from schemas.contracts import contracts
from schemas.encoding import codec, columnar
from schemas.topics import MINISTRY_EXPORT, MINISTRY_RECEIPTS
from sinks.ministry.simulator.answers import answer_record, codes_about

log = logging.getLogger("csdl")

GROUP: Final = "ministry-stand-in"


def answer(chunk: columnar.Chunk, *, refuse_percent: float, seed: int) -> dict[str, Any]:
    """The MinistryReceipts to one exported chunk. Pure."""
    codes = codes_about(contracts.record(chunk.record_type))
    shared = ("ExportId", "DatasetId", "MaTruongHoc", "NamHoc", "Period", "Chunk")
    return {name: chunk.header[name] for name in shared} | {
        "RecordType": chunk.record_type,
        "Receipts": [
            {
                "Id": record_id,
                "Code": answer_record(record_id, codes, refuse_percent=refuse_percent, seed=seed),
            }
            for record_id in chunk.header["Ids"]
        ],
    }


class StandIn(Process):
    """``csdl ministry simulate``: poll, answer, flush, commit."""

    name = GROUP

    def __init__(self, settings: Settings, *, refuse_percent: float, seed: int) -> None:
        super().__init__(settings.acting_as(accounts.MINISTRY))
        self._refuse_percent, self._seed = refuse_percent, seed

    def open(self) -> None:
        """Go on where the group stood."""
        self._producer = self.closes(kafka.producer(self.settings))
        self._consumer = self.closes(
            kafka.consumer(self.settings, group_id=GROUP, max_poll_records=50),
            lambda consumer: consumer.close(autocommit=False),
        )
        exports = kafka.partitions(MINISTRY_EXPORT)
        self._consumer.assign(exports)
        for tp, log in agreement.logs(self._consumer, exports).items():
            committed = self._consumer.committed(tp)
            known = committed is not None and log.begin <= committed <= log.end
            # Never read, long idle, or another log: to answer once more does no harm.
            self._consumer.seek(tp, committed if known else log.begin)

    def step(self, timeout_ms: int = 500) -> int:
        """Answer what there is; returns how many messages were read."""
        batch = self._consumer.poll(timeout_ms=timeout_ms)
        messages = [m for of_partition in batch.values() for m in of_partition]
        if not messages:
            return 0
        sent = []
        for chunk in _chunks(messages):
            receipts = answer(chunk, refuse_percent=self._refuse_percent, seed=self._seed)
            key, value = receipts["MaTruongHoc"].encode(), codec.encode("MinistryReceipts", receipts)
            sent.append(self._producer.send(MINISTRY_RECEIPTS, key=key, value=value))
        self._producer.flush()
        for future in sent:
            future.get(timeout=0)  # flush waits, but does not tell of a failure
        places = {tp: OffsetAndMetadata(of[-1].offset + 1, "", -1) for tp, of in batch.items() if of}
        self._consumer.commit(places)
        return len(messages)


def _chunks(messages: Sequence[ConsumerRecord]) -> list[columnar.Chunk]:
    """The chunks among them; what cannot be read is left out, and said."""
    values = [m.value or b"" for m in messages]
    try:
        return columnar.decode_chunks([v for v in values if _is_chunk(v)])
    except codec.Undecodable:
        pass
    found = []
    for message, value in zip(messages, values, strict=True):
        try:
            if _is_chunk(value):
                found.append(columnar.decode_chunk(value))
        except codec.Undecodable as fault:
            metrics.DEAD_LETTERS.labels(message.topic, fault.code).inc()
            log.error("%s: left out %s/%d/%d", fault.code, message.topic, message.partition, message.offset)
    return found


def _is_chunk(value: bytes) -> bool:
    return codec.record_type_of(codec.contract_name(value)) is not None
