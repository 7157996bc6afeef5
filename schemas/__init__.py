"""What everyone agrees on: contracts, encoding, rules, organisation, topics, errors, datasets.

Imports nothing of ours. ``records/<Type>/`` is one record type, whole.
"""
