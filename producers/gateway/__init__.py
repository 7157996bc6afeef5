"""The gateway: vendors push over HTTP, and read what came of it.

``process`` runs it, ``app`` puts it together, ``entrance`` is what every request goes through before a byte
of its body is read (whose key, may it be used, is it of a form and a size that can be taken), ``problems``
how every refusal is told; then a module a path. Above the vendors' side, whose readers it uses: it asks
``access.credentials`` whose a key is, follows the machines' states (``streams``), reads the database through
``readings``. Of ``producers`` nothing but itself may import it.
"""
