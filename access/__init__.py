"""People's acts: the only writer of what officers and schools ask (datasets, grants, campaigns, removals).

Imports ``streams`` and what lies below; ``cli`` and ``demo`` import it.
"""
