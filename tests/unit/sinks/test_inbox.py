"""Kind 2: of a batch that fails, the message that fails alone is put aside, the rest is dealt with once."""

from types import SimpleNamespace

import psycopg2
import psycopg2.errors
import pytest

from sinks.postgres.inbox import Batch, Inbox


def message(offset, partition=0):
    return SimpleNamespace(topic="in", partition=partition, offset=offset, timestamp=1_700_000_000_000)


class Table:
    """What a transaction stores: all of a batch or nothing."""

    def __init__(self, poison, fault):
        self.poison, self.fault, self.rows, self.tried = poison, fault, [], 0

    def store(self, batch):
        self.tried += 1
        if any(m.offset in self.poison for m in batch.messages):
            raise self.fault
        self.rows += [m.offset for m in batch.messages]


def deal(table, count):
    aside = []
    inbox = object.__new__(Inbox)
    inbox._conn = SimpleNamespace(rollback=lambda: None)
    batch = Batch.of([message(n, n % 2) for n in range(count)])
    inbox.deal_with(batch, table.store, lambda m, code: aside.append((m.offset, code)))
    return aside


@pytest.mark.parametrize("poison", [set(), {0}, {99}, {41}, {3, 4, 77}, set(range(8))])
def test_all_others_are_stored_once_and_in_their_order(poison):
    table = Table(poison, psycopg2.errors.NumericValueOutOfRange())
    aside = deal(table, 100)
    assert [offset for offset, _ in aside] == sorted(poison)
    assert {code for _, code in aside} <= {"MSG-008"}
    assert table.rows == [n for n in range(100) if n not in poison]
    assert table.tried <= 1 + 14 * len(poison)


@pytest.mark.parametrize("fault", [psycopg2.OperationalError("away"), psycopg2.errors.UndefinedTable()])
def test_what_is_no_messages_fault_puts_nothing_aside(fault):
    table = Table({3}, fault)
    with pytest.raises(type(fault)):
        deal(table, 10)
    assert table.rows == [] and table.tried == 1
