"""Confirmation of a dataset by its school, the units of its route and the Ministry.

``state``, ``commands``, ``events``, ``conditions`` (the table's words), ``table`` and ``machine`` are pure;
``process`` runs them on Kafka.
"""
