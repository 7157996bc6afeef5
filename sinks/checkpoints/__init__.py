"""Signed checkpoints of every chain's head, kept outside Kafka: a log that was cut or rewritten is found.

``checkpoint`` is what one says and how it is signed (pure), ``keys`` the signer's key, ``folder`` the row of
files that another machine can take, ``row`` what a row of them proves (pure), ``heads`` follows the logs
(pure), ``verification`` holds the logs against a row (pure), ``audit`` reads both, ``process`` writes.
Imports ``sinks.chains``, no other sink.
"""
