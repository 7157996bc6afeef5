"""What waits where: lag of every reader of ours, age of the oldest message, what lies in the tables.

``readers`` says who reads what, ``reader_lag`` is pure, ``broker`` and ``tables`` look, ``process`` measures
again and again.
"""
