"""A state machine made up for tests, whole in this folder: nothing else anywhere knows of it.

A unit of the organisation, keyed by its own code. The department opens it and moves its seats; a register,
a writer of another class, says how many schools it has. Commands, events and state hold values.
"""
