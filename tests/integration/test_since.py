"""What Kafka knows that an older PostgreSQL does not: real Kafka, real PostgreSQL."""

from datetime import UTC, datetime

from access.credentials.limits import Limits
from access.credentials.limits_topic import LimitsTopic
from backup import restoring, since
from backup.lost import ACTED, CREDENTIAL, Thing
from tests.integration.ministry_road import event, forward

MAKE = (
    "INSERT INTO account (name, name_key, person, unit, roles, active_from) "
    "VALUES (%s, %s, 'CB', '19', '{department_officer}', '2019-09-01') RETURNING number"
)


def test_accounts_that_acted_and_keys_are_named_and_a_number_is_not_given_again(settings, conn):
    with conn, conn.cursor() as cur:
        cur.execute(MAKE, ("kept", "kept"))
        (last,) = cur.fetchone()
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
    restoring.give_no_number_again(conn, found)
    with conn, conn.cursor() as cur:
        cur.execute(MAKE, ("new", "new"))
        assert cur.fetchone() == (last + 8,)
        cur.execute("DELETE FROM account WHERE name IN ('kept', 'new')")
