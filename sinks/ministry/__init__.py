"""The way to the Ministry and back.

``export`` sends what was forwarded, ``receipts`` takes the answers in; ``forwarding``, ``package`` and
``judge`` are pure. ``simulate`` stands in for the Ministry itself and shares only the topics with the others.
"""
