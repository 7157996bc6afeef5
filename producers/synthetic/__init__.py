"""A made-up province of the real one's shape, seeded, written out as the two vendors' files.

No person and no school here is real: names are drawn from lists of syllables, numbers from ranges that were
never issued. The shape (schools by district and level, sizes, code patterns, ethnic mix) is in ``data/``.
"""
