"""Forwarded versions to the Ministry's topic: ``forwarding`` and ``package`` are pure, ``process`` sends."""
