"""The command line: one module a group of commands, each thin over a function of another room.

May import everything; nothing imports it.
"""
