"""Accounts of people: who somebody is, of which unit, in which roles, from which day to which.

``names``, ``account`` and ``persons`` are pure; ``store``, ``credentials`` and ``throttle`` are the tables.
"""
