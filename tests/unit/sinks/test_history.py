"""What a push does to the rows: new, changed, unchanged."""

import polars as pl

from sinks.provincial.records import history


def incoming(*rows):
    schema = {"_dataset": pl.String, "_identity": pl.String, "row_hash": pl.String}
    return pl.DataFrame(list(rows), schema=schema, orient="row").with_row_index("_row")


def current(*rows):
    return incoming(*rows).drop("_row")


def test_only_new_and_changed_rows_are_written_and_absence_ends_nothing():
    found = history.changes(
        incoming(("d", "same", "h1"), ("d", "changed", "h2b"), ("d", "new", "h3"), ("e", "same", "h9")),
        current(("d", "same", "h1"), ("d", "changed", "h2a"), ("d", "left", "h4"), ("e", "same", "h9")),
    )
    assert sorted(found.written["_row"]) == [1, 2]
    assert found.replaced.rows() == [("d", "changed")]


def test_the_first_push_is_written_whole():
    found = history.changes(incoming(("d", "a", "h1"), ("d", "b", "h2")), current())
    assert found.written["_row"].to_list() == [0, 1]
    assert found.replaced.is_empty()
