"""What is wrong with a record: rules as data, those a contract says by itself, their evaluation.

Imports ``contracts`` and ``encoding``, code lists and datasets.
"""
