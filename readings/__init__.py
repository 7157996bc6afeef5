"""What people may read of the database: one function a question, for the command line and what comes.

Imports ``runtime`` and ``schemas`` alone: whoever may not write may use it.
"""
