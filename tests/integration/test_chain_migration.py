"""Readers go on where they stood before they verified chains; an export knows the place of its forwarding."""

from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from runtime import postgres
from sinks.ministry.export.forwarding import export_id
from sinks.provincial import migrate
from tests.accounts import made

AT = datetime(2019, 10, 1, tzinfo=UTC)
DATASET = "19164999.2019.start"
LANDED = "0003"


@contextmanager
def revisions(settings):
    """alembic's configuration for this database."""
    engine = create_engine(migrate.url(settings), poolclass=NullPool)
    with engine.connect() as connection:
        yield migrate.config(connection)
        connection.commit()


@pytest.fixture
def landed(stack):
    """A database of the landed state, empty."""
    with made(stack, "landed_chains") as settings:
        with revisions(settings) as config:
            command.upgrade(config, LANDED)
        yield settings


FILL = """
INSERT INTO confirmation VALUES (%(dataset)s, '19164999', 2019, 'start', 9, 'h9', 'forwarding', 1, '{164,19}',
    1, 'd1', '{}', 0, '', '{}', %(at)s, false);
INSERT INTO grant_state VALUES ('smas', '19164999', 3, 'g3', 'allowed', %(at)s, false);
INSERT INTO consumer_offset (consumer, topic, partition, next_offset, epoch) VALUES
    ('export', 'csdl.confirmation.events.v1', 0, 70, 4), ('export', 'another', 0, 7, 4),
    ('projection', 'csdl.confirmation.events.v1', 0, 71, 2);
"""

EVENT = """
INSERT INTO confirmation_event (dataset_id, sequence, event_id, command_id, event, state, level, at, unit,
    role, account, version, digest, reason_code, reason_text, route, counts, previous_hash, hash)
VALUES (%s, %s, %s, 'c', %s, 'forwarding', 1, %s, '19', 'department_officer', '', 1, 'd1', '', '', '{}', '{}',
    '', %s)
"""

EXPORT = """
INSERT INTO ministry_export (export_id, dataset_id, school, school_year, period, version, digest, state,
    opened_at) VALUES (%s, %s, '19164999', 2019, 'start', 1, 'd1', 'sent', %s)
"""


def test_what_landed_keeps_its_place_in_the_chains(landed):
    known, of_another_namespace = export_id(DATASET, 1, 9), "5f0c5b0e-0000-5c0e-9d0b-000000000000"
    with closing(postgres.connect(landed, "test")) as conn:
        with conn, conn.cursor() as cur:
            cur.execute(FILL, {"dataset": DATASET, "at": AT})
            cur.execute(EVENT, (DATASET, 8, "e8", "approved", AT, "h8"))
            cur.execute(EVENT, (DATASET, 9, "e9", "forwarded", AT, "h9"))
            for found in (known, of_another_namespace):
                cur.execute(EXPORT, (found, DATASET, AT))
        with revisions(landed) as config:
            command.upgrade(config, "0005")

        def ask(query):
            with conn, conn.cursor() as cur:
                cur.execute(query)
                return cur.fetchall()

        assert ask("SELECT reader, subject, sequence, hash FROM chain_position ORDER BY subject") == [
            ("projection", DATASET, 9, "h9"),
            ("projection", "smas/19164999", 3, "g3"),
        ]
        # The exporter verifies from the first event on, and one that still runs finds its epoch gone.
        assert ask("SELECT consumer, topic, next_offset, epoch FROM consumer_offset ORDER BY 1, 2") == [
            ("export", "another", 7, 4),
            ("export", "csdl.confirmation.events.v1", 0, 5),
            ("projection", "csdl.confirmation.events.v1", 71, 2),
        ]
        sequences = "SELECT export_id, sequence FROM ministry_export ORDER BY sequence"
        assert ask(sequences) == [(of_another_namespace, -1), (known, 9)]
        assert ask("SELECT forwarded, locked, late, window_opens FROM confirmation") == [
            (0, False, False, None)
        ]
