"""Blocks Ctrl-C, which reaches every process of a terminal, in all but the one that answers it.

A worker that is importing, or a process of a library, would print a traceback instead. Threads and
processes inherit what the thread that starts them blocks.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


def block_sigint() -> None:
    """Block SIGINT in this thread, and in the processes and threads that it starts."""
    # Starting the tracker resets the mask of the thread that starts it, so it must run already.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@contextmanager
def sigint_blocked() -> Iterator[None]:
    """Block SIGINT in what is started in this context; this thread gets it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    block_sigint()
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
