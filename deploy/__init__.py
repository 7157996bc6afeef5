"""How the pipeline is run: on one machine without Docker (``local``), and as data for real servers.

Imports ``runtime`` and ``schemas``, the migration, and the processes that it starts by their names.
"""
