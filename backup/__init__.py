"""Copies of all that a province keeps, and the way back from one: PostgreSQL, then Kafka's topics, and files.

``taking`` makes one, ``verifying`` brings one to life beside what runs and looks at it, ``restoring`` puts
one in the place of what was lost. May import ``deploy`` (whose local stack a copy is brought to life in),
``sinks``, ``streams``, ``runtime`` and ``schemas``; the command line and ``doctor`` may import it.
"""
