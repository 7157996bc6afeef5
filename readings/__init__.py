"""What people may read of the database: one function a question, for command line, services and console.

Imports ``runtime`` and ``schemas`` alone: whoever may not write may use it.
"""
