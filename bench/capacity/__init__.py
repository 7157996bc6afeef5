"""What a pipeline needs by what it holds: memory, disk, CPU seconds, measured at several sizes, a line laid
through them, and what a district, a province and the country's 34 need of that (docs/capacity.md).

``loading``, ``holding`` and ``sharing`` measure, ``seen`` reads what is there; ``lines``, ``places`` and
``document`` are pure.
"""
