"""What Kafka knows that an older PostgreSQL does not: real Kafka, real PostgreSQL."""

from datetime import UTC, datetime

from access.credentials.limits import Limits
from access.credentials.limits_topic import LimitsTopic
from backup import numbers, since
from backup.lost import ACTED, CREDENTIAL, Thing
from tests.integration.ministry_road import event, forward

MAKE = (
    "INSERT INTO account (name, name_key, person, unit, roles, active_from) "
    "VALUES (%s, %s, 'CB', '19', '{department_officer}', '2019-09-01') RETURNING number"
)


def test_accounts_that_acted_and_keys_are_named(settings, conn):
    last = number(conn, "kept")
    acted = event(conn, "19164999") | {"Account": f"A{last + 7}", "Unit": "164"}
    forward(settings, acted)
    topic = LimitsTopic(settings)
    topic.keep(
        [
            Limits("gone", "smas", "19164999"),
            Limits("ended", "smas", "19164999", revoked_at=datetime(2020, 1, 1, tzinfo=UTC)),
        ]
    )
    topic.close()
    found = since.unknown(settings, conn)
    assert Thing(ACTED, f"A{last + 7}", 1, "", "164") in found
    assert Thing(CREDENTIAL, "gone", 1, "smas", "19164999") in found
    assert "ended" not in {thing.subject for thing in found}


def test_no_number_is_given_again_whichever_copy_goes_on(conn, superuser, ask):
    """Nothing in Kafka knows of an account that only logged in: formerly the next one got its number."""
    gone = number(conn, "gone")
    ask("DELETE FROM account WHERE name = 'gone'")
    with superuser(conn.info.dbname) as owner, owner.cursor() as cur:
        cur.execute("SELECT setval(pg_get_serial_sequence('account', 'number'), %s, false)", (gone,))
    assert number(conn, "again") == gone, "an older copy alone"
    numbers.go_on(conn)
    new = number(conn, "new")
    assert new > gone + 10**8
    numbers.go_on(conn)
    assert number(conn, "newer") > new


def number(conn, name):
    with conn, conn.cursor() as cur:
        cur.execute(MAKE, (name, name))
        return cur.fetchone()[0]
