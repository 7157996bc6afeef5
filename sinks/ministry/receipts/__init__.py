"""The Ministry's answers into the database, and their sum to the confirmation machine.

Imports ``sinks.postgres``.
"""
