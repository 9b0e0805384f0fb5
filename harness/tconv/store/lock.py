"""Lets one process at a time write a run directory; the lock ends with its process."""

from pathlib import Path

from filelock import FileLock, Timeout

from tconv.errors import StoreError
from tconv.store.errors import unwritable


class RunLock:
    """The right to write a run directory, from construction to :meth:`release`.

    The operating system holds the lock, so a killed process leaves none behind.

    Raises:
        StoreError: another process writes this run, or the directory cannot be written.
    """

    def __init__(self, run: Path) -> None:
        self._path = run / ".lock"
        self._lock = FileLock(self._path, blocking=False, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise StoreError(
                f"{run} is being written by another process; wait for it to end or stop it, "
                "then resume the run"
            ) from None
        except OSError as error:
            raise unwritable(self._path, error) from error

    def release(self) -> None:
        """Let other processes write the run; may be called more than once."""
        self._lock.release()

    def remove(self) -> None:
        """Release the lock of a finished run, and remove its file."""
        self._path.unlink(missing_ok=True)
        self.release()
