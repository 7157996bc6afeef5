"""`csdl dead-letters` on a real Kafka: every letter that was committed, of every topic."""

import json
from types import SimpleNamespace

from click.testing import CliRunner

from cli.main import main
from runtime import dead_letters, kafka
from schemas.topics import GRANTS_COMMANDS, MINISTRY_RECEIPTS, dlq, in_topic
from streams.machines import topic_log
from tests.integration.command_line import csdl
from tests.support import ANSWER_S, environment

SMAS, VNEDU = in_topic("smas"), in_topic("vnedu")
KEY, VALUE = b"19164999", b"Nguyen Van Mau"


def put_aside(producer, topic, code, value=VALUE):
    """As our processes do it."""
    headers = dead_letters.headers(SimpleNamespace(topic=topic, partition=3, offset=7), code)
    producer.send(dlq(topic), key=KEY, value=value, headers=headers).get(ANSWER_S)


def test_what_was_mended_is_sent_again_once_with_its_key_by_the_road_that_it_came(topics):
    plain = kafka.producer(topics)
    place = plain.send(SMAS, key=KEY, value=VALUE, headers=[("contract", b"x")], partition=3).get(ANSWER_S)
    gone = SimpleNamespace(topic=SMAS, partition=3, offset=100, value=b"")
    for message in (SimpleNamespace(topic=SMAS, partition=3, offset=place.offset, value=VALUE), gone):
        for _ in range(2):  # a crash repeats a letter
            dead_letters.put_aside(plain, [(message, "AVRO-003")])
    put_aside(plain, MINISTRY_RECEIPTS, "AVRO-003")
    plain.close()

    code, shown = csdl(topics, "dead-letters", "show", "--code", "AVRO-003", "--topic", SMAS)
    assert code == 0 and len(shown) == 4
    assert csdl(topics, "dead-letters", "replay", "--code", "AVRO-001")[1]["problems"][0]["code"] == "DLQ-001"
    code, done = csdl(topics, "dead-letters", "replay", "--code", "AVRO-003", "--topic", SMAS)
    assert code == 1 and [p["code"] for p in done["problems"]] == ["DLQ-002"]
    assert [c["source_offset"] for c in done["replayed"]] == [place.offset]
    assert [c["source_offset"] for c in done["gone"]] == [100]
    code, again = csdl(topics, "dead-letters", "replay", "--code", "AVRO-003", "--topic", SMAS)
    assert code == 1 and again["replayed"] == []

    came = list(topic_log.read(topics, kafka.partitions(SMAS)))
    assert [(m.partition, m.key, m.value) for m in came] == [(3, KEY, VALUE)] * 2
    assert came[0].headers == came[1].headers
    letters = topic_log.read(topics, kafka.partitions(dlq(SMAS)))
    assert {(m.partition, m.key) for m in letters} == {(3, None)}


def test_every_letter_is_listed_newest_first_and_none_of_a_transaction_that_was_given_up(topics):
    assert csdl(topics, "dead-letters") == (0, [])

    plain = kafka.producer(topics)
    put_aside(plain, SMAS, "AVRO-001")
    put_aside(plain, MINISTRY_RECEIPTS, "RCP-004", b"longer than the others")
    machine = kafka.producer(topics, transactional_id="test-dead-letters")
    machine.init_transactions()
    machine.begin_transaction()
    put_aside(machine, GRANTS_COMMANDS, "CMD-KEY")
    machine.commit_transaction()
    machine.begin_transaction()
    put_aside(machine, GRANTS_COMMANDS, "CMD-CONTRACT")
    machine.abort_transaction()
    plain.send(dlq(VNEDU), key=KEY, value=VALUE)  # without a cover: not from a process of ours
    for producer in (plain, machine):
        producer.close()

    code, found = csdl(topics, "dead-letters")
    assert code == 0
    assert [(a["topic"], a["code"]) for a in found] == [
        (dlq(VNEDU), ""),
        (dlq(GRANTS_COMMANDS), "CMD-KEY"),
        (dlq(MINISTRY_RECEIPTS), "RCP-004"),
        (dlq(SMAS), "AVRO-001"),
    ]
    assert [a["bytes"] for a in found] == [14, 14, 22, 14]
    assert {(a["source_topic"], a["source_partition"], a["source_offset"]) for a in found[1:]} == {
        (topic, 3, 7) for topic in (SMAS, GRANTS_COMMANDS, MINISTRY_RECEIPTS)
    }

    result = CliRunner(env=environment(topics)).invoke(main, ["dead-letters"])
    assert result.exit_code == 0
    table = result.stdout
    assert "CMD-KEY" in table and "CMD-CONTRACT" not in table
    for said in (table, json.dumps(found)):
        assert KEY.decode() not in said and VALUE.decode() not in said
