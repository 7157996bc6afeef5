"""Officers' acts: the only writer of commands to the machines (datasets, grants, campaigns).

Imports ``streams`` and what lies below; ``cli`` and ``demo`` import it.
"""
