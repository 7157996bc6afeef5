"""Where events leave the log: the provincial database, the read model, the Ministry.

Imports ``runtime``, ``schemas`` and the pure modules of the machines; ``producers`` is unknown here.
"""
