"""Organisation, servers, topics, clock, tables, rights, identities: what their own modules say of them."""

from collections.abc import Iterable

from deploy import kafka_rights
from doctor.section import Finding, of
from runtime import clock, database_settings, kafka, postgres, standbys, topic_admin
from runtime.settings import Settings
from schemas.errors import Problem, SourceLocation
from schemas.organisation.checks import check
from sinks.provincial import granting, schema
from sinks.provincial.records import secret
from streams.organisation import handed_over, units


def organisation(settings: Settings) -> Iterable[Finding]:
    """Has the machine decided what setup handed over, and are the units in order, on every day?"""
    count = handed_over.undecided(settings)
    waiting = [Problem(handed_over.WAITING, params={"count": count})] if count else []
    wrong = check(units.organisation(settings).units)
    return of(waiting + [Problem(f.code, SourceLocation(field=f.column), dict(f.params)) for f in wrong])


def broker(settings: Settings) -> Iterable[Finding]:
    """Does Kafka answer?"""
    problem = kafka.fault(settings)
    return of([problem] if problem else [])


def database(settings: Settings) -> Iterable[Finding]:
    """Does PostgreSQL answer?"""
    postgres.connect(settings, "csdl doctor").close()
    return ()


def database_settings_in_force(settings: Settings) -> Iterable[Finding]:
    """Is PostgreSQL set so that nothing is lost, and no row gets into its log?"""
    return of(database_settings.problems(settings))


def room(settings: Settings) -> Iterable[Finding]:
    """Can PostgreSQL write, wherever its disk is?"""
    problem = postgres.room(settings)
    return of([problem] if problem else [])


def database_standbys(settings: Settings) -> Iterable[Finding]:
    """Do those that should follow PostgreSQL do so?"""
    return of(standbys.problems(settings))


def topics(settings: Settings) -> Iterable[Finding]:
    """Are the topics as they are declared?"""
    return of(topic_admin.deviations(settings))


def kafka_rights_in_force(settings: Settings) -> Iterable[Finding]:
    """Are the rights at Kafka those of the table, no fewer and no more?"""
    return of(kafka_rights.deviations(settings))


def clocks(settings: Settings) -> Iterable[Finding]:
    """Does this machine's clock agree with Kafka's?"""
    return of(clock.ask(settings).warnings())


def tables(settings: Settings) -> Iterable[Finding]:
    """Does the database have the tables of this code?"""
    return of(schema.problems(settings))


def rights(settings: Settings) -> Iterable[Finding]:
    """Has every account the rights to the tables that are declared, and no more?"""
    return of(granting.problems(settings))


def identity(settings: Settings) -> Iterable[Finding]:
    """Is the key of identities the one that the ledger was made with?"""
    return of(secret.problems(settings))
