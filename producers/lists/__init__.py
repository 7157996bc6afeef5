"""Lists: sheets of cells → records, by layouts that are data. Nothing here names a field of a record type."""
