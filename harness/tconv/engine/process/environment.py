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
"""One thread for each worker: the workers are the parallelism, and sums come out in one order."""

WORKER_VARIABLES: Final = {**ONE_THREAD, "PYTHONHASHSEED": "0"}
"""What workers inherit. With one hash seed, error texts that print a set are the same in each run.

The parent sets these: a worker's Python and NumPy read them before it runs any code of ours.
"""

_lock = threading.Lock()
_holders: list[object] = []  # one for each context that is open, as threads share the variables
_before: dict[str, str | None] = {}


@contextmanager
def worker_variables() -> Iterator[None]:
    """Let processes that are started inherit :data:`WORKER_VARIABLES`.

    Several runs may start workers from one process at the same time, so the context that is left
    last restores what was there before.
    """
    holder = object()
    with _lock:
        if not _holders:
            _before.update({name: os.environ.get(name) for name in WORKER_VARIABLES})
            os.environ.update(WORKER_VARIABLES)
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
