"""Readers of the vendors' files, one file a format: from bytes to tables in the contract's columns."""
