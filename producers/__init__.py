"""The vendors' side: read their files, map their codes, check, send.

Imports ``runtime`` and ``schemas``; ``streams`` and ``sinks`` are unknown here, but to ``gateway``.
"""
