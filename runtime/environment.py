"""What a process is started with: threads and memory of the libraries that it uses (ADR 30)."""

import os
from typing import Final

ENVIRONMENT: Final = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "POLARS_MAX_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TOP_PAD_": "67108864",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "_RJEM_MALLOC_CONF": "background_thread:false,dirty_decay_ms:10000,muzzy_decay_ms:10000",
}
"""Batches are small, so threads wait for each other longer than they work; and what one batch gave back the
next one takes, instead of the kernel clearing it anew."""


def set_up() -> None:
    """For a command that somebody called, before it imports the libraries; what was said goes before.

    glibc has read its own by then: a child of the command has those too.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
