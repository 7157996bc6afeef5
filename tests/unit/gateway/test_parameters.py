"""What a query string may say."""

import pytest

from producers.gateway.app import routes
from producers.gateway.parameters import LONGEST, known, shows_a_key, too_long, wrong
from tests.integration import door_paths

KNOWN = {"school": False, "year": False, "kind": False, "part": True, "dry_run": False}


def test_parameters_are_those_that_the_endpoint_declares():
    of_path = {route.path: route for route in routes([door_paths])}
    assert known(of_path["/v1/bodies/{name}"]) == {"limit": False, "part": True, "dry_run": False}


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        (b"", []),
        (b"school=1&year=2&part=a&part=b&dry_run=", []),
        (b"School=1", ["GATE-005"]),
        (b"school=1&school=1", ["GATE-007"]),
        (b"&&=&", ["GATE-005"]),
        (b"school=%ff", ["GATE-006"]),
        (b"school=%00", ["GATE-006"]),
        (b"school=a%0d%0ab", ["GATE-006"]),
        (b"&".join(b"a%d=1" % n for n in range(200)), ["GATE-006"]),
        ("school=á".encode(), ["GATE-006"]),
    ],
)
def test_each_name_is_the_paths_own_and_there_once(query: bytes, codes: list[str]):
    assert [problem.code for problem in wrong(query, KNOWN)] == codes


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("shcool", "school"), ("dryRun", "dry_run"), ("YEAR", "year"), ("parts", "part"), ("xyz", "–")],
)
def test_the_nearest_name_is_told(name: str, nearest: str):
    [problem] = wrong(f"{name}=1".encode(), KNOWN)
    assert problem.params["nearest"] == nearest


def test_a_long_name_is_not_repeated():
    [problem] = wrong(b"a" * 4_000 + b"=1", KNOWN)
    assert len(str(problem)) < 500


def test_an_address_has_its_length():
    assert too_long(b"/" + b"a" * (LONGEST - 1), b"a" * LONGEST, []) == []
    assert [p.code for p in too_long(b"/" + b"a" * LONGEST, b"", [])] == ["GATE-013"]
    assert [p.code for p in too_long(b"/", b"a" * (LONGEST + 1), [])] == ["GATE-013"]


@pytest.mark.parametrize("query", [b"after=keystone", b"kind=1", b"monkey=1", b"part=token"])
def test_what_only_sounds_like_a_key_is_none(query: bytes):
    assert shows_a_key(b"/v1/events", query) == []


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (b"/v1/self", b"api_key="),
        (b"/v1/self", b"KEY=1"),
        (b"/csdl_live_abc", b""),
        (b"/", b"x=csdl%5ftest%5Fabc"),
    ],
)
def test_what_may_be_a_key_is_one(path: bytes, query: bytes):
    assert [problem.code for problem in shows_a_key(path, query)] == ["GATE-004"]
