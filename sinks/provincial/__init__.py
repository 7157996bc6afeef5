"""The provincial database: ``load`` brings records in, ``records`` keeps them, ``check`` judges versions.

``load`` and ``check`` import ``records`` and not each other.
"""
