"""The same in C, where a compiler is: an optional part, off with ``CSDL_NATIVE=0`` (decision 31).

``library`` finds what ``build`` made; ``rows`` and ``macs`` call it, or say None: then the caller goes the
other way. Imports ``contracts``.
"""
