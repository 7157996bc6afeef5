"""Machines that divide work by different numbers are told."""

from doctor import instances
from runtime.settings import Settings


def test_of_those_that_share_partitions_another_number_is_told() -> None:
    settings = Settings(instances={"load": 2})
    sessions = [
        "csdl-turn load-1 of 2",
        "csdl-turn load-3 of 3",
        "csdl-turn load-1 of 3",
        "csdl-turn outbox-1 of 1",
    ]
    sessions += [
        "csdl-turn check-1 of 2",
        "csdl-load",
        "csdl-turn load-2",
    ]  # rows are for all; a release before
    (problem,) = instances.differing(settings, sessions)
    assert (problem.code, problem.params) == ("SYS-013", {"name": "load", "found": 3, "ours": 2})
