"""Bring the provincial database up to date: revisions, the contracts' tables, the ledger of keys, rights."""

from contextlib import closing
from typing import Final

import psycopg2
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from runtime import credentials, postgres
from runtime.settings import Settings
from schemas.contracts import contracts
from schemas.errors import Problem, ProblemList
from sinks.provincial import granting, schema, years
from sinks.provincial.records import secret, tables
from sinks.provincial.schema import MIGRATIONS

LOCK: Final = 0x6373646C
"""Advisory lock: two processes that start together migrate one after the other."""


def migrate(settings: Settings) -> list[str]:
    """Idempotent; the rights that were given and taken. Raises ProblemList: SYS-002 if the server is away,
    SYS-010 if it refuses us, SEC-205 if we are not the tables' owner, IDN-003 if the ledger of keys was made
    with another key than ours."""
    try:
        return _migrate(settings)
    except (ProgrammingError, psycopg2.ProgrammingError) as fault:
        if isinstance(getattr(fault, "orig", fault), psycopg2.errors.InsufficientPrivilege):
            raise ProblemList([Problem(granting.NOT_THE_OWNER)]) from None
        raise


def _migrate(settings: Settings) -> list[str]:
    engine = create_engine(url(settings), poolclass=NullPool)
    try:
        connecting = engine.connect()
    except OperationalError as fault:
        raise ProblemList([postgres.away(fault)]) from None
    with connecting as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        connection.commit()
        command.upgrade(config(connection), "heads")
        connection.commit()
        _make(connection, settings)
        with closing(postgres.connect(settings, "csdl-setup")) as ledgers:
            secret.establish(settings, ledgers)
            return granting.bring(ledgers)


def partitions(settings: Settings, year: int) -> None:
    """Make what is missing of the tables' partitions, where the tables are this code's already, for a year
    that is added. Raises ProblemList: SYS-002 if the server is away, SYS-005 of other tables, YEAR-015 of a
    year that was closed."""
    try:
        if problems := schema.problems(settings):
            raise ProblemList(problems)
        with create_engine(url(settings), poolclass=NullPool).connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
            connection.commit()
            if year in connection.scalars(text(years.CLOSED)).all():
                raise ProblemList([Problem("YEAR-015", params={"year": year})])
            _make(connection, settings)
        with closing(postgres.connect(settings, "csdl-setup")) as ledgers:
            granting.bring(ledgers)
    except (OperationalError, psycopg2.OperationalError) as fault:
        raise ProblemList([postgres.away(fault)]) from None


def _make(connection: Connection, settings: Settings) -> None:
    """Tables of the contracts, and their partitions of the settings' school years and of those that have
    data."""
    wanted = {*settings.school_years, *connection.scalars(text("SELECT school_year FROM dataset"))}
    wanted -= set(connection.scalars(text(years.CLOSED)))  # a closed year takes no records again
    for record_type in contracts.record_types():
        for statement in tables.statements(record_type) + tables.partitions(record_type, wanted):
            connection.exec_driver_sql(statement)
    connection.commit()


def url(settings: Settings) -> URL:
    """The settings' URL, with the driver named: SQLAlchemy 2.1's own choice is another one."""
    url = make_url(settings.database).set(drivername="postgresql+psycopg2")
    password = credentials.at_database(settings).get("password")
    return url.set(password=password) if password else url


def config(connection: object) -> Config:
    """alembic's, for our revisions over a connection."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made
