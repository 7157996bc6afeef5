"""How long a verdict takes at a paced load."""

import time
from collections.abc import Sequence
from contextlib import closing
from threading import Thread

from bench.ours import VENDOR, WAIT_S, Push
from bench.records import PUPILS_A_SCHOOL
from runtime import kafka
from runtime.accounts import vendor
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.topics import RECORDS_ACCEPTED, in_topic


def verdict_ms(settings: Settings, work: Sequence[Push], records_a_second: float) -> list[float]:
    """Milliseconds from a chunk's sending to its verdict being readable; sorted. Of pushes of pupils alone,
    one chunk each."""
    sent: dict[bytes, float] = {}
    took: list[float] = []
    with closing(kafka.consumer(settings)) as consumer:
        parts = kafka.partitions(RECORDS_ACCEPTED)
        consumer.assign(parts)
        for tp, end in consumer.end_offsets(parts).items():
            consumer.seek(tp, end)
        pacing = Thread(target=_paced, args=(settings, work, records_a_second, sent))
        pacing.start()
        deadline = time.monotonic() + WAIT_S
        while len(took) < len(work) and time.monotonic() < deadline:
            for messages in consumer.poll(timeout_ms=20).values():
                now = time.perf_counter()
                took += [
                    1000 * (now - sent[message.key])
                    for message in messages
                    if codec.contract_name(message.value) == "HocSinhReported"
                ]
        pacing.join()
    if len(took) < len(work):
        raise TimeoutError(f"{len(took)} of {len(work)} verdicts after {WAIT_S} s")
    return sorted(took)


def _paced(
    settings: Settings, work: Sequence[Push], records_a_second: float, sent: dict[bytes, float]
) -> None:
    with closing(kafka.producer(settings.acting_as(vendor(VENDOR)))) as producer:
        start = time.perf_counter()
        for i, one in enumerate(work):
            due = start + i * PUPILS_A_SCHOOL / records_a_second
            time.sleep(max(0.0, due - time.perf_counter()))
            key = one.school.encode()
            sent[key] = time.perf_counter()
            for value in one.values:
                producer.send(in_topic(VENDOR), key=key, value=value)
        producer.flush()
