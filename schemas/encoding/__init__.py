"""Bytes: Avro on the wire, normal form, hashes and digests. Imports ``contracts``."""
