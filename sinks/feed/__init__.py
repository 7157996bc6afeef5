"""The feed: what became of pushes, for the vendors that sent them.

``told`` is what a message says (pure), ``concerned`` whose push it concerns (pure), ``store`` the tables,
``process`` reads and writes. Imports ``sinks.chains``, ``sinks.postgres`` and the confirmation's ``events``.
"""
