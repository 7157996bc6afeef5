"""What a record or an event looks like: record types, chunk contracts, their committed versions, the freeze.

Imports nothing of ours but ``schemas.errors``.
"""
