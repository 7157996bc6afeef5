"""Readers of the vendors' files, one file a format."""
