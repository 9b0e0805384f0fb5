"""The environment variables that worker processes inherit, restored in the parent afterwards."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""One thread for each worker: workers run in parallel already, and sums have one order.

The parent sets these, as a worker imports NumPy, which reads them, before it runs any code of ours.
"""

_lock = threading.Lock()
_holders: list[object] = []  # one for each context that is open, as threads share the variables
_before: dict[str, str | None] = {}


@contextmanager
def one_thread() -> Iterator[None]:
    """Let processes that are started inherit :data:`ONE_THREAD`.

    Several runs may start workers from one process at the same time, so the context that is left
    last restores what was there before.
    """
    holder = object()
    with _lock:
        if not _holders:
            _before.update({name: os.environ.get(name) for name in ONE_THREAD})
            os.environ.update(ONE_THREAD)
        _holders.append(holder)
    try:
        yield
    finally:
        with _lock:
            _holders.remove(holder)
            if not _holders:
                for name, value in _before.items():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value
