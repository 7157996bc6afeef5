"""Organisation: units and their periods, each changed by commands that are on record.

``state``, ``commands``, ``events`` and ``machine`` are pure; ``process`` runs them on Kafka, ``units`` and
``units_cache`` read the compacted states.
"""
