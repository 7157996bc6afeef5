"""Which shards of a machine hold the same partitions."""

from runtime.process import Share
from streams.machines.shards import overlapping, transactional_id

ALL = list(range(6))


def ids(of):
    return [transactional_id("m", Share(n, of).partitions()) for n in range(1, of + 1)]


def test_the_ids_name_the_partitions():
    assert ids(2) == ["csdl.m.0.2.4", "csdl.m.1.3.5"]


def test_shards_of_one_number_leave_each_other_alone():
    for of in range(1, 7):
        for n in range(1, of + 1):
            assert overlapping("m", Share(n, of).partitions(), ids(of)) == []


def test_shards_of_another_number_that_share_a_partition_are_found():
    assert overlapping("m", ALL, ids(3)) == ids(3)
    assert overlapping("m", [0, 2, 4], ids(3)) == ["csdl.m.0.3", "csdl.m.1.4", "csdl.m.2.5"]
    assert overlapping("m", [0, 2, 4], ids(6)) == ["csdl.m.0", "csdl.m.2", "csdl.m.4"]


def test_an_earlier_releases_shard_had_all():
    assert overlapping("m", [1, 3, 5], ["csdl.m.0-5"]) == ["csdl.m.0-5"]


def test_what_is_not_this_machine_is_left_alone():
    assert overlapping("m", ALL, ["csdl.export", "csdl.mm.0.1", "csdl.m2.0-5", "m.0"]) == []
