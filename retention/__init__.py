"""What is kept, how long and why; and what ends it: deletions by a timer, school years that are closed.

``policy`` is the declaration (data), ``running`` carries out what is due by age, ``proof`` asks whether a
school year may go, ``closing`` lets it go. May import ``backup``, ``sinks``, ``runtime`` and ``schemas``; the
command line and ``doctor`` may import it.
"""
