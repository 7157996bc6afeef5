"""Bytes: Avro on the wire, hashes and digests. Imports contracts."""
