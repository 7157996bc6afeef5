"""What a record or an event looks like: record types, chunk contracts, committed versions, the freeze.

Imports ``schemas.errors`` and ``schemas.codes`` at most.
"""
