"""Grants: which vendor may push what for which school, from the school's request to the end.

``state``, ``commands``, ``events``, ``conditions`` (the table's words), ``table``, ``machine``, ``pushing``
(may it push now), ``clerk`` (what becomes due by itself) and ``words`` are pure; ``process`` runs them on
Kafka, ``grants_cache`` is what is in force, for whoever asks often.
"""
