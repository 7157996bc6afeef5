"""Who may do what at Kafka: the table, read as a list of attacks that it must not allow."""

import pytest

from deploy import processes
from deploy.broker_rights import Act, Kind, Right, of_process, principals, rights
from runtime import accounts
from schemas import topics as t

VENDORS = ["an", "anphu", "smas"]
TABLE = rights(VENDORS)


def who(kind: Kind, name: str, act: Act) -> set[str]:
    """Everyone whom the table lets do it, as Kafka reads it."""
    covers = [r for r in TABLE if name == r.name or (r.prefix and name.startswith(r.name))]
    return {r.principal for r in covers if (r.kind, r.act) == (kind, act)}


@pytest.mark.parametrize(
    ("topic", "writers"),
    [
        (t.in_topic("an"), {"csdl-vendor-an", "csdl-gateway"}),
        (t.in_topic("anphu"), {"csdl-vendor-anphu", "csdl-gateway"}),
        (t.RECORDS_ACCEPTED, {"csdl-validation"}),
        (t.RECORDS_REFUSED, {"csdl-validation"}),
        (t.PUSH_ANSWERS, {"csdl-outbox"}),
        (t.CONFIRMATION_COMMANDS, {"csdl-access"}),
        (t.GRANTS_COMMANDS, {"csdl-access"}),
        (t.RECORDS_REMOVALS, {"csdl-access"}),
        (t.CONFIRMATION_CHECKS, {"csdl-outbox"}),
        (t.CONFIRMATION_RECEIPTS, {"csdl-outbox"}),
        (t.CONFIRMATION_EVENTS, {"csdl-confirmation"}),
        (t.CONFIRMATION_STATE, {"csdl-confirmation"}),
        (t.CONFIRMATION_REFUSALS, {"csdl-confirmation"}),
        # First pushes, and what becomes due by itself.
        (t.GRANTS_SYSTEM, {"csdl-validation", "csdl-grants"}),
        (t.GRANTS_EVENTS, {"csdl-grants"}),
        (t.GRANTS_STATE, {"csdl-grants"}),
        (t.MINISTRY_EXPORT, {"csdl-export"}),
        (t.MINISTRY_RECEIPTS, {"csdl-ministry"}),
    ],
)
def test_one_class_of_writer_a_topic(topic: str, writers: set[str]) -> None:
    """Whoever mends by hand sends dead letters again, and writes accepted positions, in their place."""
    assert who(Kind.TOPIC, topic, Act.WRITE) - {accounts.REPAIR} == writers


@pytest.mark.parametrize("topic", [t.CONFIRMATION_EVENTS, t.GRANTS_EVENTS, t.PUSH_ANSWERS, t.MINISTRY_EXPORT])
def test_what_is_said_is_said_by_one_alone(topic: str) -> None:
    assert len(who(Kind.TOPIC, topic, Act.WRITE)) == 1


def test_a_vendor_may_write_to_its_own_topic_and_do_nothing_else() -> None:
    for vendor in VENDORS:
        own = Right(accounts.vendor(vendor), Kind.TOPIC, t.in_topic(vendor), Act.WRITE)
        assert [right for right in TABLE if right.principal == own.principal] == [own]


def test_a_vendor_whose_password_is_ended_has_none_and_no_right() -> None:
    """Its topic stays, for the users of its grants' credentials."""
    gone = {right for right in TABLE if right.principal == accounts.vendor("an")}
    assert set(TABLE) - set(rights(VENDORS, ["an"])) == gone
    assert set(principals(VENDORS)) - set(principals(VENDORS, ["an"])) == {accounts.vendor("an")}


def test_one_process_has_anothers_group_or_transactions() -> None:
    for declared in processes.TABLE:
        if declared.group:
            assert who(Kind.GROUP, declared.group, Act.READ) == {declared.principal, accounts.REPAIR}
        if declared.transactional:
            assert who(Kind.TRANSACTIONAL_ID, f"{declared.transactional}0", Act.WRITE) <= {declared.principal}


def test_no_name_is_a_wildcard_and_a_beginning_ends_with_a_dot() -> None:
    assert not any("*" in right.name for right in TABLE)
    begins = {right.name for right in TABLE if right.prefix}
    assert begins == {"csdl.grants.", "csdl.confirmation.", "csdl.organisation."}


def test_a_process_without_kafka_has_no_right_and_no_password() -> None:
    for declared in processes.TABLE:
        assert bool(list(of_process(declared, VENDORS))) == declared.kafka
        assert (declared.principal in principals(VENDORS)) == declared.kafka


def test_every_name_is_of_a_topic_or_group_that_there_is() -> None:
    topics = {topic.name for topic in t.topics(VENDORS)}
    assert {right.name for right in TABLE if right.kind is Kind.TOPIC} <= topics
