"""One place each for Kafka, PostgreSQL, settings, metrics, dead letters, foreign bytes, a process's life.

Imports ``schemas`` alone; knows no step of the letter.
"""
