"""What every sink shares: a topic read with its offsets in the rows' transaction, COPY, the outbox.

Imports no sink.
"""
