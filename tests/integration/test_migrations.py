"""Every schema that ever landed is brought to today's, under the revision number that it had then."""

from contextlib import closing

import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from access.accounts import store
from runtime import postgres
from sinks.provincial import migrate
from tests.landed.restore import fresh

#: What an earlier form of a landed revision lacked: revisions 0001 and 0002 were edited in place.
EARLIER_FORMS = {
    "0001 without last_offset": ("0001", "ALTER TABLE push DROP COLUMN last_offset"),
    "0003 without last_offset": ("0003", "ALTER TABLE push DROP COLUMN last_offset"),
    "0002 without what waits": (
        "0002",
        "ALTER TABLE push DROP COLUMN last_offset; ALTER TABLE confirmation DROP COLUMN held_version, "
        "DROP COLUMN held_digest, DROP COLUMN held_counts",
    ),
    "0001": ("0001", "SELECT"),
    "0002": ("0002", "SELECT"),
    "0003": ("0003", "SELECT"),
}

COLUMNS = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
    "WHERE table_schema = 'public' ORDER BY 1, 2"
)


def columns(settings):
    with closing(postgres.connect(settings)) as conn, conn.cursor() as cur:
        cur.execute(COLUMNS)
        return cur.fetchall()


@pytest.mark.parametrize("form", EARLIER_FORMS)
def test_tables_changed_under_their_revision_become_whole(stack, database, form):
    revision, lacks = EARLIER_FORMS[form]
    with fresh(stack) as settings:
        engine = create_engine(migrate.url(settings), poolclass=NullPool)
        with engine.connect() as connection:
            command.upgrade(migrate.config(connection), revision)
            connection.exec_driver_sql(lacks)
            connection.commit()
        migrate.migrate(settings)
        assert columns(settings) == columns(database)


def test_a_password_of_before_it_had_a_table_of_its_own_is_kept(stack):
    with fresh(stack) as settings:
        engine = create_engine(migrate.url(settings), poolclass=NullPool)
        with engine.connect() as connection:
            command.upgrade(migrate.config(connection), "0017")
            connection.exec_driver_sql(
                "INSERT INTO account (name, name_key, person, unit, roles, active_from, password_hash) VALUES"
                " ('an', 'an', 'cb.1', '19', '{auditor}', '2019-01-01', '$argon2id$of.an'),"
                " ('ba', 'ba', 'cb.2', '19', '{auditor}', '2019-01-01', '')"
            )
            connection.commit()
        migrate.migrate(settings)
        with closing(postgres.connect(settings)) as conn, conn.cursor() as cur:
            of = {a.name: store.password_hash(cur, a) for a in store.everyone(conn)}
        assert of == {"an": "$argon2id$of.an", "ba": ""}
