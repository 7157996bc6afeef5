"""Servers: bare Debian machines with systemd, booted without Docker, and what an administrator does on them.

Root alone can do this (``make test-server``). ``image`` makes a machine's disk, ``machine`` boots it.
"""
