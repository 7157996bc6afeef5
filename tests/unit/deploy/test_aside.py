"""The table of what each process does with what it cannot deal with agrees with the code."""

from deploy import aside, processes
from schemas import errors
from schemas.topics import dlq, topics
from sinks.chains.links import Fault

DECLARED = {declared.name: declared for declared in processes.TABLE}


def test_every_process_and_every_topic_that_it_reads_has_its_line():
    told = {(row.process, topic) for row in aside.ROWS for topic in row.reads}
    reads = {(name, topic) for name, declared in DECLARED.items() for topic in declared.inputs}
    assert {row.process for row in aside.ROWS} == set(processes.NAMES)
    assert reads <= told
    assert all(topic in (*DECLARED[name].inputs, *DECLARED[name].outputs) for name, topic in told)


def test_what_goes_to_the_dead_letters_has_a_topic_there_and_nothing_else_has():
    letters = {topic for row in aside.ROWS for topic in row.reads if row.does == aside.LETTERS}
    known = {t.name for t in topics(["VENDOR"]) if t.name.startswith(dlq(""))}
    assert {dlq(topic) for topic in letters} == known


def test_every_code_is_one_of_ours_and_every_code_of_a_message_is_told():
    told = {code for row in aside.ROWS for code in row.codes}
    assert told - set(Fault) <= errors.catalogue().keys()
    assert {code for code in errors.catalogue() if code.startswith("MSG-")} <= told


def test_whatever_is_read_has_its_batch_key_size_and_time_looked_at():
    for name, declared in DECLARED.items():
        for topic in declared.inputs:
            rows = [row for row in aside.ROWS if row.process == name and topic in row.reads]
            assert any(set(aside.ANY) <= set(row.codes) or row.does == aside.STOPS for row in rows), topic
