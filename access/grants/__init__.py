"""The papers of a grant beside what ``access.documents`` asks of them: requests, batches, the contract. Pure.

What names a person is checked there and goes no further: commands and events carry a document's number, date
and SHA-256.
"""
