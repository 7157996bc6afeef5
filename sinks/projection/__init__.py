"""The read model: what the state machines' events say, as tables for the console and the dashboards.

Imports ``sinks.chains``, ``sinks.postgres`` and the machines' ``events`` and ``state``.
"""
