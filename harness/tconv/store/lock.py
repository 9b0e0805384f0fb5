"""One writer to a run directory: the lock goes with its process, however that ends."""

from pathlib import Path

from filelock import FileLock, Timeout

from tconv.errors import StoreError
from tconv.store.errors import unwritable


class RunLock:
    """The right to write a run directory, from construction to :meth:`release`.

    The operating system holds it, so that a process which is killed leaves none behind.

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
                f"{run} is being written by another process; wait for its end, or stop it, and "
                "resume the run then"
            ) from None
        except OSError as error:
            raise unwritable(self._path, error) from error

    def release(self) -> None:
        """Let others write the run; more than once is fine."""
        self._lock.release()

    def remove(self) -> None:
        """Release the lock of a run that nobody has to write any more, and leave no file."""
        self._path.unlink(missing_ok=True)
        self.release()
