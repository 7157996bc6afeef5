"""What is kept: typed tables, whose record a row is, history by version, reading a version back.

Knows no push and no check.
"""
