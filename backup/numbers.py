"""No number of an account or a key is given twice, whatever older copy of the tables goes on.

What was made in a lost tail and did nothing that stands in Kafka is known to nobody any more; but its number
may stand in a letter, a log, an export. So numbers go on behind all that can have been given: at the seconds
since 2020. They are given one by one, on people's demand, and never overtake the clock.
"""

from typing import Final

from psycopg2.extensions import connection

TABLES: Final = ("account", "vendor_credential")


def go_on(conn: connection) -> None:
    """After each restore and each promotion, by the tables' owner."""
    with conn, conn.cursor() as cur:
        for table in TABLES:
            cur.execute(
                "SELECT setval(of, greatest(coalesce(pg_sequence_last_value(of), 0),"
                " extract(epoch FROM clock_timestamp() - timestamptz '2020-01-01 00:00Z')::bigint))"
                " FROM CAST(pg_get_serial_sequence(%s, 'number') AS regclass) AS of",
                (table,),
            )
