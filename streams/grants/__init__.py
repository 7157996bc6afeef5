"""Grants: which vendor may push for which school.

``state``, ``commands``, ``events`` and ``machine`` are pure; ``process`` runs them on Kafka.
"""
