"""Confirmation of a dataset by its school, the units of its route and the Ministry.

``state``, ``commands``, ``events``, ``table`` and ``machine`` are pure; ``process`` runs them on Kafka.
"""
