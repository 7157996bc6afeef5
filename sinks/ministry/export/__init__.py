"""Forwarded versions to the Ministry's topic: ``forwarding`` and ``package`` are pure, ``process`` sends.

Imports ``sinks.chains``, ``sinks.postgres``, and ``sinks.provincial.records`` to read a version.
"""
