"""Units that setup hands over to the machine, on real Kafka."""

from contextlib import closing

import pytest

from access.handing_over import hand_over
from runtime import kafka
from schemas import topics as t
from schemas.encoding import codec
from streams.machines import chain, topic_log
from streams.organisation import handed_over, units
from streams.organisation.process import Organisation
from tests.support import wait_until
from tests.unit.organisation.files import day

OLD = "code,name,level,district,managing_unit,valid_from,valid_to,active\n"
ROWS = OLD + (
    "19164301,Trường Mầm non Mẫu,preschool,164,164,2010-01-01,,1\n"
    "19000701,Trường THPT Mẫu,upper_secondary,164,19,2010-01-01,,1\n"
)


@pytest.fixture
def landed(topics, tmp_path):
    """Settings of a stack of an earlier release: a register, and no organisation."""
    (tmp_path / "register.csv").write_text(ROWS, encoding="utf-8")
    return topics.model_copy(update={"register_file": tmp_path / "register.csv"})


@pytest.fixture
def machine(landed):
    """The machine with what setup handed over, in this process."""
    assert hand_over(landed) == 105
    with Organisation(landed) as process:
        wait_until(lambda: not handed_over.undecided(landed), process.step)
        yield process


def sent_to(settings, topic):
    return list(topic_log.read(settings, kafka.partitions(topic)))


def test_a_register_of_an_earlier_release_is_handed_over_once_and_leads_where_it_led(landed, machine):
    org = units.organisation(landed)
    for code, on, route in (
        ("19164301", "2019-09-30", ["164", "19"]),
        ("19164301", "2026-09-30", ["19"]),
        ("19000701", "2019-09-30", ["19"]),
    ):
        assert [h.code for h in org.route(code, day(on))] == route
    assert hand_over(landed) == 0
    landed.register_file.write_text(
        ROWS + "19164302,Trường Mới,preschool,164,164,2010-01-01,,1\n", encoding="utf-8"
    )
    assert hand_over(landed) == 1, "what nobody has spoken of"
    wait_until(lambda: not handed_over.undecided(landed), machine.step)
    assert len(units.states(landed)) == 106 and not sent_to(landed, t.ORGANISATION_REFUSALS)
    records = [codec.decode(m.value)[1] for m in sent_to(landed, t.ORGANISATION_EVENTS)]
    assert not [b for r in records for b in chain.breaks(r["UnitCode"], [r])]


def test_what_was_handed_over_counts_as_undecided_until_the_machine_has_come_past_it(landed):
    assert handed_over.undecided(landed) == 0
    with closing(kafka.producer(landed)) as producer:
        producer.send(t.ORGANISATION_SETUP, b"garbage", key=b"19")
    assert handed_over.undecided(landed) == 1
    with Organisation(landed) as process:
        wait_until(lambda: not handed_over.undecided(landed), process.step)
