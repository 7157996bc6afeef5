"""The records of a minute, counted in PostgreSQL: for all gateways together, whoever asks at once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from producers.gateway.quota import BYTES_A_RECORD, NEVER_FITS, TOO_FEW_LEFT, WINDOW_S, Quota, Standing
from runtime import postgres
from schemas.errors import ProblemList

QUOTA = Quota("smas", "19164999", 10_000)


@pytest.fixture
def cur(conn):
    conn.autocommit = True
    with conn.cursor() as cur:
        yield cur


def begun(cur, seconds):
    """The minute began so many seconds ago."""
    cur.execute("UPDATE gateway_quota SET since = clock_timestamp() - make_interval(secs => %s)", (seconds,))


def refused(act):
    with pytest.raises(ProblemList) as found:
        act()
    (problem,) = found.value.problems
    return problem


def test_several_gateways_at_once_never_take_more_than_the_quota(database):
    def one(_):
        with closing(postgres.connect(database, "test")) as conn:
            taken = 0
            for _ in range(10):
                try:
                    with conn, conn.cursor() as cur:
                        QUOTA.take(cur, 450)
                    taken += 450
                except ProblemList:
                    pass
            return taken

    with ThreadPoolExecutor(4) as hands:
        assert sum(hands.map(one, range(4))) == 22 * 450  # one more would be 10,350


def test_what_is_told_to_wait_suffices_and_no_push_is_told_to_wait_for_ever(cur):
    assert QUOTA.standing(cur) == Standing(10_000, 10_000)
    assert QUOTA.take(cur, 6_000).left == 4_000
    problem = refused(lambda: QUOTA.take(cur, 6_000))
    assert problem.code == TOO_FEW_LEFT
    assert (problem.params["left"], problem.params["records"]) == (4_000, 6_000)
    assert QUOTA.standing(cur).left == 4_000
    begun(cur, WINDOW_S - problem.params["retry_after"])
    begun(cur, WINDOW_S + 0.01)
    assert QUOTA.take(cur, 6_000) == Standing(10_000, 4_000, WINDOW_S)
    problem = refused(lambda: QUOTA.take(cur, 12_000))
    assert (problem.code, "retry_after" in problem.params) == (NEVER_FITS, False)
    assert QUOTA.take(cur, 4_000).left == 0


def test_the_quota_is_a_grants_whatever_keys_and_other_schools_do(cur):
    QUOTA.take(cur, 10_000)
    assert Quota("vnedu", "19164999", 10_000).take(cur, 1).left == 9_999
    assert Quota("smas", "19164998", 10_000).take(cur, 1).left == 9_999
    assert QUOTA.standing(cur).left == 0


def test_what_is_undone_was_not_taken(database, conn):
    with conn, conn.cursor() as cur:
        QUOTA.take(cur, 1_000)
        conn.rollback()
    with conn, conn.cursor() as cur:
        assert QUOTA.standing(cur).left == 10_000


def test_rubbish_costs_by_its_size_and_no_more_than_there_is(cur):
    assert QUOTA.charge(cur, 0).left == 9_999
    assert QUOTA.charge(cur, 99 * BYTES_A_RECORD).left == 9_899
    assert QUOTA.take(cur, 9_890).left == 9
    assert QUOTA.charge(cur, 50_000_000).left == 0
    assert QUOTA.charge(cur, 50_000_000).left == 0


def test_a_clock_that_was_set_back_makes_nobody_wait_for_it(cur):
    QUOTA.take(cur, 10_000)
    begun(cur, -3600)
    assert QUOTA.standing(cur).left == 10_000
    assert QUOTA.take(cur, 10_000) == Standing(10_000, 0, WINDOW_S)


def test_a_quota_that_was_made_smaller_holds_at_once(cur):
    QUOTA.take(cur, 8_000)
    smaller = Quota(QUOTA.vendor, QUOTA.school, 5_000)
    assert smaller.standing(cur).left == 0
    assert refused(lambda: smaller.take(cur, 1)).code == TOO_FEW_LEFT
    assert smaller.charge(cur, 10_000_000).left == 0
    assert QUOTA.standing(cur).left == 2_000


def test_the_headers_are_structured_fields():
    assert Standing(10_000, 4_000, 42).headers() == {
        "RateLimit-Policy": '"records";q=10000;w=60;qu="records"',
        "RateLimit": '"records";r=4000;t=42',
    }
