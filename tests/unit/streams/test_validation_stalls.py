"""Kind 2: attempts include fetching. What is never handed out is passed over after three lives."""

from streams.validation.faust.stalls import Stalls
from streams.validation.in_flight import LIMIT, RecordPosition

HERE, THERE = RecordPosition("csdl.in.smas.v1", 3, 41), RecordPosition("csdl.in.vnedu.v1", 0, 7)


def test_a_place_is_passed_over_when_the_process_ended_there_again_and_again(tmp_path):
    path = tmp_path / "standing"
    for _ in range(LIMIT - 1):
        Stalls(path).add([HERE, THERE])
        assert Stalls(path).beyond_trying() == []
    Stalls(path).add([HERE])
    assert Stalls(path).beyond_trying() == [HERE]


def test_a_place_that_was_left_between_two_ends_is_tried_anew(tmp_path):
    path = tmp_path / "standing"
    for places in ([HERE], [HERE], [THERE], [HERE]):
        Stalls(path).add(places)
    assert Stalls(path).beyond_trying() == []


def test_a_file_that_is_cut_or_garbled_counts_nothing(tmp_path):
    path = tmp_path / "standing"
    path.write_bytes(b"csdl.in.smas.v1 3 41\nno line\n\xff\xfe 1 2 9\ncsdl.in.smas.v1 x 1 9\n")
    assert [p for p in Stalls(path).beyond_trying() if p.topic.startswith("csdl")] == []
