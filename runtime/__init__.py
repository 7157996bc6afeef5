"""One place each for Kafka clients, PostgreSQL, settings, metrics, dead letters, a process's life.

Imports ``schemas`` alone; knows no step of the letter.
"""
