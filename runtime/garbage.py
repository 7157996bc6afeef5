"""How often Python looks for circles among its objects."""

import gc


def collect_seldom() -> None:
    """Seldom, and never among what is imported by now.

    A batch, and a file that is read, make lists and dicts by the ten thousand, none of which is part of a
    circle: looking for them took a tenth of reading a school's files.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
