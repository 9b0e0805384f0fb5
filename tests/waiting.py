"""Waits for events instead of sleeping: on a busy machine an event is late, which is no failure."""

import time
from collections.abc import Callable

import psutil

PATIENCE = 240.0  # seconds, more than any event takes; less than a test may


def until(happened: Callable[[], object], possible: Callable[[], object] = lambda: True) -> None:
    """Return once something has happened; fail where it no longer can, or takes too long."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert possible(), "what was waited for cannot come any more"
        assert time.monotonic() < end, f"what was waited for did not come in {PATIENCE} s"
        time.sleep(0.01)


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
