"""Keeps Ctrl-C, which reaches every process of a terminal, to the one process that answers it.

A process that is importing, or that belongs to a library, would print a traceback instead. What a
thread blocks, the threads and processes that it starts do not hear either.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


def deafen() -> None:
    """Keep SIGINT from this thread, and from the processes and threads that it starts."""
    resource_tracker.ensure_running()  # where it is started, the mask of its thread is lost
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@contextmanager
def deafened() -> Iterator[None]:
    """Keep SIGINT from what is started meanwhile; this thread hears of it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    deafen()
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
