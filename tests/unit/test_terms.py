"""Vendors and years by date: what settings and terms together take on a day."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import RebalanceInProgressError
from kafka.errors import BrokerNotAvailableError

from deploy import taking_on
from runtime import kafka, terms
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.errors import ProblemList
from schemas.terms import CONTRACT, VENDOR, YEAR, Term
from streams.validation.faust import app
from streams.validation.verdict.header import NO_TERM, UNKNOWN_YEAR, awaits_news, header_fault
from streams.validation.verdict.input_messages import InputMessage
from tests.support import ANSWER_S
from tests.unit.streams.validation_chunks import SCHOOL, TODAY, header, rules_in_force

BEFORE, FIRST, LAST, AFTER = (date(2026, 9, day) for day in (4, 5, 20, 21))


def settings(*said: Term) -> Settings:
    made = Settings(vendors=["smas"], school_years=[2019])
    made.learn(said)
    return made


@pytest.mark.parametrize(("day", "taken"), [(BEFORE, False), (FIRST, True), (LAST, True), (AFTER, False)])
def test_a_term_holds_from_its_first_day_to_its_last(day: date, taken: bool) -> None:
    made = settings(Term(VENDOR, "moi", FIRST, LAST), Term(YEAR, "2026", FIRST, LAST))
    assert (made.takes_vendor("moi", day), made.takes_year(2026, day)) == (taken, taken)
    assert ("moi" in made.vendors_on(day), 2026 in made.years_on(day)) == (taken, taken)
    assert made.vendors == ["smas", "moi"] and made.school_years == [2019, 2026], (
        "whose topics and tables there are"
    )


def test_what_the_settings_name_has_no_days_until_somebody_says_some() -> None:
    assert settings().takes_vendor("smas", BEFORE) and not settings().takes_vendor("moi", BEFORE)
    made = settings(Term(VENDOR, "smas", None, FIRST))
    assert (made.takes_vendor("smas", FIRST), made.takes_vendor("smas", LAST)) == (True, False)


def test_all_copies_of_a_process_learn_at_once() -> None:
    made = Settings(vendors=["smas"])
    copies = [made.acting_as("csdl-load"), made.model_copy(update={"http_port": 1})]
    made.learn([Term(VENDOR, "moi", FIRST)])
    assert all(copy.takes_vendor("moi", FIRST) and "moi" in copy.vendors for copy in copies)


def test_a_term_is_read_as_it_was_written() -> None:
    for term in (Term(YEAR, "2026"), Term(VENDOR, "moi", FIRST, LAST)):
        assert Term.of(term.record()) == term


def test_what_a_process_has_not_heard_of_is_looked_for_before_it_is_turned_away() -> None:
    made = settings()
    made.terms.follow(lambda patient: made.learn([Term(VENDOR, "moi", FIRST), Term(YEAR, "2026", FIRST)]))
    assert made.has_vendor("moi") and made.has_year(2026) and not made.has_vendor("none")
    assert awaits_news(NO_TERM) and awaits_news(UNKNOWN_YEAR)


def test_who_cannot_read_the_terms_turns_nothing_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "PATIENCE_S", 0.01)
    made = Settings(vendors=["smas"], bootstrap_servers="127.0.0.1:1")
    made.terms.follow(terms.Follower(made).up_to_now)
    with pytest.raises(ProblemList) as raised:
        made.has_vendor("moi")
    assert [problem.code for problem in raised.value.problems] == ["SYS-001"]


def test_validation_waits_for_the_terms_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Kafka does not say now may be the very vendor that a push is of: it waits where a command gives
    up."""
    made = Settings(vendors=["smas"], bootstrap_servers="127.0.0.1:1")
    answers = Event()

    class Broker:
        """Away, then back with one term."""

        def __init__(self, *_: object) -> None:
            if not answers.is_set():
                raise BrokerNotAvailableError

        def partitions_for_topic(self, _: str) -> set[int]:
            return {0}

        def nothing(self, *_: object) -> None: ...

        assign = seek_to_beginning = close = nothing

        def end_offsets(self, tps: list[Any]) -> dict[Any, int]:
            return dict.fromkeys(tps, 1)

        def position(self, _: object) -> int:
            return 1

        def poll(self, timeout_ms: int) -> dict[str, list[Any]]:
            time.sleep(0.001)
            term = codec.encode(CONTRACT, Term(VENDOR, "moi", FIRST).record())
            return {"": [SimpleNamespace(value=term)]}

    monkeypatch.setattr(terms, "PATIENCE_S", 0.01)
    monkeypatch.setattr(terms, "AGAIN_S", 0.01)
    monkeypatch.setattr(kafka, "consumer", Broker)
    follower = terms.Follower(made)
    refused = follower.refused()
    assert refused is not None and refused.code == "SYS-001"
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(follower.up_to_now, patient=True)
        try:
            with pytest.raises(ProblemList):
                follower.up_to_now(patient=False)
            assert not waits.done()
        finally:
            answers.set()
        waits.result(ANSWER_S)
    assert made.takes_vendor("moi", FIRST)
    follower._stopping.set()
    follower._thread.join(ANSWER_S)


def test_a_first_day_stays_unless_another_is_said() -> None:
    made = settings(Term(VENDOR, "moi", FIRST, LAST), Term(VENDOR, "smas"))
    assert taking_on.said(made, VENDOR, "moi", None, AFTER) == Term(VENDOR, "moi", FIRST, AFTER)
    assert taking_on.said(made, VENDOR, "moi", BEFORE, None) == Term(VENDOR, "moi", BEFORE)
    assert taking_on.said(made, VENDOR, "smas", None, None) == Term(VENDOR, "smas")
    assert taking_on.said(made, VENDOR, "new", None, None).begins is not None


def test_a_topic_that_could_not_be_taken_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Consumer:
        refusals = 1
        read: tuple[str, ...] = ()

        async def read_also(self, topics: list[str]) -> None:
            if self.refusals:
                self.refusals -= 1
                raise RebalanceInProgressError
            self.read = tuple(topics)

    class Topics(list[SimpleNamespace]):
        async def _update_indices(self) -> list[str]:
            return [topic for channel in self for topic in channel.topics]

    monkeypatch.setattr(app, "HEARD_S", 0)
    consumer = Consumer()
    it: Any = SimpleNamespace(
        topics=Topics([SimpleNamespace(topics=["a"])]), consumer=consumer, rebalancing=False
    )
    for expected in ((), ("a", "b"), ("a", "b")):
        asyncio.run(app.follow(it, ["a", "b"]))
        assert consumer.read == expected


def test_validation_judges_by_the_day_on_which_kafka_took_the_message() -> None:
    from dataclasses import replace

    law = replace(
        rules_in_force(),
        takes_vendor=lambda vendor, day: day <= TODAY,
        takes_year=lambda year, day: day >= TODAY,
    )

    def fault(day: date) -> str | None:
        return header_fault(InputMessage(b"", "csdl.in.smas.v1", day), header(1), law)

    assert (fault(TODAY), fault(date(2019, 9, 4)), fault(date(2019, 9, 6))) == (None, UNKNOWN_YEAR, NO_TERM)
    assert SCHOOL in str(header(1).values())
