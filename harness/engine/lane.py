"""One worker process and its watch: starts it, hands it work, and outlives its death or hang."""

import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from pathlib import Path
from typing import Final, ParamSpec, Self, TypeVar

import psutil
from pebble import ProcessExpired, ProcessPool

from harness.engine.worker import prepare
from harness.outcome import Crashed, TimedOut

START_SECONDS: Final = 180.0
"""How long a framework may take to load before it counts as hanging."""

_KEPT: Final = 2000  # characters of stderr kept of a crash, from its begin and from its end
_POLL: Final = 0.2  # seconds between two looks at a worker

_STILLBORN: Final = (
    "the process ended before it took any work; a script that starts a run needs "
    "`if __name__ == '__main__':` around what it does, as a worker imports it again"
)

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a worker may take.

    Attributes:
        case_seconds: longest time from one result to the next, seconds.
        worker_gib: most resident memory, GiB.
    """

    case_seconds: float
    worker_gib: float


class Lane(AbstractContextManager["Lane"]):
    """One worker process (spawned; replaced when it dies), used by one thread of the parent.

    Attributes:
        suspects: ids of the cases that ended a worker of this backend, on whichever target; all
            lanes of a backend share them.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        limits: Limits,
        stopped: threading.Event,
        suspects: set[str],
    ) -> None:
        self.suspects = suspects
        self._limits = limits
        self._stopped = stopped
        self._folder = tempfile.TemporaryDirectory(prefix="tconv-")
        self._log = Path(self._folder.name, "log")
        self._pulse = Path(self._folder.name, "pulse")
        self._environment = dict(environment)
        self._pool = self._made()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the worker at once, as nothing is left for it to finish; more than once is fine."""
        self._pool.stop()
        self._pool.join()
        self._folder.cleanup()

    def call(
        self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R | Crashed | TimedOut:
        """Return what `function` returns in the worker, or how the worker ended.

        A worker that ended before it took the work, as between two batches, is replaced once. An
        exception of the function is the harness's own bug: it passes through.
        """
        for _ in range(2):
            with suppress(BrokenProcessPool):
                self._start()
                return self._call(function, *args, **kwargs)
        return Crashed(exit_code=1, stderr=self._stderr() or _STILLBORN)

    def _call(
        self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R | Crashed | TimedOut:
        self._log.write_bytes(b"")
        begun = time.time()
        future = self._pool.schedule(function, args=list(args), kwargs=dict(kwargs))
        while True:
            try:
                result: R = future.result(timeout=_POLL)
            except FutureTimeoutError:
                if future.done():  # the function's own error, not the wait's
                    raise
                end = self._overrun(begun)
                if end is not None:
                    future.cancel()
                    self._pulse.unlink(missing_ok=True)
                    return end
            except (ProcessExpired, CancelledError) as error:
                self._pulse.unlink(missing_ok=True)
                return Crashed(exit_code=getattr(error, "exitcode", 0), stderr=self._stderr())
            else:
                return result

    def _made(self) -> ProcessPool:
        return ProcessPool(
            max_workers=1,
            context=get_context("spawn"),
            initializer=prepare,
            initargs=(self._environment, self._log, self._pulse),
        )

    def _start(self) -> None:
        """Start a worker unless one runs; a pool that lost its only one between calls is broken."""
        with _uninterrupted():  # a pool starts where it is asked whether it is active
            if not (self._pool.active or self._stopped.is_set()):
                self._pool.stop()
                self._pool.join()
                self._pulse.unlink(missing_ok=True)
                self._pool = self._made()
                assert self._pool.active

    def _overrun(self, begun: float) -> Crashed | TimedOut | None:
        """Return the end of a worker that is past a limit, or of a run that is stopped; or None."""
        if self._stopped.is_set():
            return TimedOut(limit=0)
        try:
            last, pid = self._pulse.stat().st_mtime, int(self._pulse.read_text())
            held = psutil.Process(pid).memory_info().rss / 2**30
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):  # not there, or half written
            late = time.time() - begun > START_SECONDS
            return TimedOut(limit=START_SECONDS) if late else None
        most, seconds = self._limits.worker_gib, self._limits.case_seconds
        if held > most:
            text = f"the worker held {held:.1f} GiB, but worker_gib is {most:g}: it was stopped"
            return Crashed(exit_code=-signal.SIGKILL, stderr=text)
        return TimedOut(limit=seconds) if time.time() - max(last, begun) > seconds else None

    def _stderr(self) -> str:
        text = self._log.read_text(errors="replace").strip()
        return text if len(text) <= 2 * _KEPT else f"{text[:_KEPT]}\n[...]\n{text[-_KEPT:]}"


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep SIGINT from this thread, and for good from the processes and threads that it starts.

    Ctrl-C reaches every process of a terminal. The parent answers it; a worker that is importing
    would print a traceback instead, as the pool's workers ignore it only once they have started.
    """
    resource_tracker.ensure_running()  # where it is started, the mask of its thread is lost
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
