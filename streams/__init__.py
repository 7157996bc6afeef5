"""Stream processors: Kafka in, Kafka out. They keep no database.

Imports ``runtime`` and ``schemas``; ``producers`` and ``sinks`` are unknown here.
"""
