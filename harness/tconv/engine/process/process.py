"""One worker process and its watch: starts it, hands it work, and outlives its death or hang."""

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final, ParamSpec, Self, TypeVar

import psutil
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from tconv.engine.process.signals import deafen
from tconv.engine.process.watchdog import Watch
from tconv.engine.worker.compute import prepare
from tconv.engine.worker.heartbeat import Beat, beat
from tconv.model.outcome import Crashed, TimedOut

START_SECONDS: Final = 180.0
"""How long a framework may take to load before it counts as hanging."""

_KEPT: Final = 2000  # characters of stderr kept of a crash, from its begin and from its end
_POLL: Final = 0.2  # seconds between two looks at a worker
_STEP: Final = 2 * _POLL  # seconds that count of a longer pause, in which the parent did not run
_GRACE: Final = 2.0  # seconds in which the pool hears of a death, unless the exit status was 0

_KILLED: Final = (
    "somebody outside killed it, and not for a limit of this run: often the kernel, when the "
    "machine is out of memory"
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a worker ended.

    Attributes:
        outcome: what that is for the case that was being computed, where it was alone.
        place: index in the batch of the case that was being computed, or None: nobody knows.
        is_limit: whether it was stopped for passing a limit, and did not end by itself.
    """

    outcome: Crashed | TimedOut
    place: int | None = None
    is_limit: bool = False


class Lane(AbstractContextManager["Lane"]):
    """One worker process (spawned; replaced when it dies), used by one thread at a time.

    Args:
        environment: variables that the process gets before it loads its framework.
        limits: what it may take.
        stopped: set when the run is over: what is computed then is given up.
    """

    def __init__(
        self, *, environment: Mapping[str, str], limits: Limits, stopped: threading.Event
    ) -> None:
        self._limits = limits
        self._stopped = stopped
        self._folder = tempfile.TemporaryDirectory(prefix="tconv-")
        self._log = Path(self._folder.name, "log")
        self._pulse = Path(self._folder.name, "pulse")
        self._environment = dict(environment)
        # lives as long as the worker, which the kernel ends with the thread that started it
        self._starter = ThreadPoolExecutor(1, "tconv-starter", initializer=deafen)
        self._pool = self._made()
        self._buried: int | None = None  # process id of the last worker that ended
        self._working: Beat | None = None  # last beat of the worker that has the work
        self._unbegun = 0  # highest number of a beat before which nobody can have begun the work

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the worker at once, as nothing is left for it to finish; more than once is fine."""
        self._pool.stop()
        self._pool.join()
        self._starter.shutdown()
        self._folder.cleanup()

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | End:
        """Return what `function` returns in the worker, or how the worker ended.

        A worker that ended before it took the work, as between two batches, is replaced once. An
        exception of the function is the harness's own bug: it passes through.
        """
        for _ in range(2):
            if self._stopped.is_set():
                return End(outcome=TimedOut(limit=0), is_limit=True)
            with suppress(BrokenProcessPool):
                self._starter.submit(self._start).result()
                return self._call(function, *args, **kwargs)
        return End(outcome=Crashed(exit_code=1, stderr=self._stderr() or _STILLBORN))

    def _call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | End:
        self._log.write_bytes(b"")
        last = self._last()
        if last is not None and _is_gone(last.pid):
            self._buried = last.pid  # it ended between two calls
        self._working = None
        self._unbegun = self._next_number()
        watch = Watch(step=_STEP, last=self._last())
        future = self._scheduled(function, *args, **kwargs)
        while True:
            try:
                result: R = future.result(timeout=_POLL)
            except FutureTimeoutError as error:
                if future.done():  # the function's own error, or done since the wait ended
                    if future.exception() is error:
                        raise
                    continue
                end = self._overrun(watch)
                if end is not None:
                    if not self._stopped.is_set():  # else the pool ends, and needs no other worker
                        self._stop(future)
                    return end
            except (ProcessExpired, CancelledError) as error:
                return self._crashed(getattr(error, "exitcode", 0))
            else:
                return result

    def _scheduled(
        self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> "ProcessFuture[R]":
        try:
            return self._pool.schedule(function, args=list(args), kwargs=dict(kwargs))
        except RuntimeError as error:  # it broke since it was looked at
            raise BrokenProcessPool from error

    def _made(self) -> ProcessPool:
        return ProcessPool(
            max_workers=1,
            context=get_context("spawn"),
            initializer=prepare,
            initargs=(self._environment, self._log, self._pulse, os.getpid()),
        )

    def _start(self) -> None:
        """Start a worker unless one runs; a pool that lost its only one between calls is broken."""
        if not self._pool.active:  # asking a new pool starts it
            self._pool.stop()
            self._pool.join()
            self._pool = self._made()
            if not self._pool.active:
                raise BrokenProcessPool

    def _overrun(self, watch: Watch) -> End | None:
        """Return the end of a worker that is past a limit, or of a run that is stopped; or None."""
        if self._stopped.is_set():
            return End(outcome=TimedOut(limit=0), is_limit=True)
        last = self._last()
        watch.look(last)
        seconds = self._limits.case_seconds
        if last is not None and not last.is_idle:
            self._working = last
        elif last is not None and (self._working is not None or last.number > self._unbegun):
            # The pool replaced a worker that ended with status 0, and tells nobody of its work.
            return self._crashed(0) if watch.silence > _GRACE else None
        if last is None or last.is_idle or last.is_loading:
            late = watch.seconds > START_SECONDS
            return End(outcome=TimedOut(limit=START_SECONDS), is_limit=True) if late else None
        try:
            held = psutil.Process(last.pid).memory_info().rss / 2**30
        except psutil.NoSuchProcess:  # the pool does not tell of an exit status of 0
            return self._crashed(0) if watch.silence > _GRACE else None
        return self._too_large(held, last) or (
            End(outcome=TimedOut(limit=seconds), place=last.place, is_limit=True)
            if watch.silence > seconds
            else None
        )

    def _too_large(self, held: float, last: Beat) -> End | None:
        most = self._limits.worker_gib
        if held <= most:
            return None
        text = f"the worker held {held:.1f} GiB, but worker_gib is {most:g}: it was stopped"
        crashed = Crashed(exit_code=-signal.SIGKILL, stderr=text)
        return End(outcome=crashed, place=last.place, is_limit=True)

    def _crashed(self, exit_code: int) -> End:
        """Return the end of a worker that died by itself, with its last words and place."""
        last = self._last()
        if last is not None and not last.is_idle:
            self._buried, self._working = last.pid, last
        place = self._working.place if self._working is not None else None
        said = [self._stderr(), _KILLED if exit_code == -signal.SIGKILL else ""]
        crashed = Crashed(exit_code=exit_code, stderr="\n".join(filter(None, said)))
        return End(outcome=crashed, place=place)

    def _stop(self, future: "ProcessFuture[R]") -> None:
        """Kill the worker, which may be deaf to anything less, and let the pool hear of it."""
        future.cancel()
        last = self._last()
        if last is not None:
            self._buried = last.pid
            with suppress(psutil.NoSuchProcess):
                psutil.Process(last.pid).kill()

    def _next_number(self) -> int:
        """Return the number of the next beat that may say that a worker is idle.

        That is the next one where a worker waits for work, which another may take over. Where none
        has begun, it may begin first and be replaced then. A later such beat is of a worker that
        replaced one which had the work, however seldom anybody looked.
        """
        last = beat(self._pulse)
        if last is None:
            return 1
        return last.number + (2 if last.pid == self._buried else 1)

    def _last(self) -> Beat | None:
        """Return the last beat of the worker that lives, or None: it has not begun."""
        last = beat(self._pulse)
        return None if last is None or last.pid == self._buried else last

    def _stderr(self) -> str:
        with self._log.open("rb") as log:  # one case may print more than a parent can hold
            size = self._log.stat().st_size
            if size <= 2 * _KEPT:
                return _text(log.read())
            begin = log.read(_KEPT)
            log.seek(size - _KEPT)
            return f"{_text(begin)}\n[...]\n{_text(log.read(_KEPT))}"


def _is_gone(pid: int) -> bool:
    """Return whether a process has ended, even if its parent has not been told yet."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _text(printed: bytes) -> str:
    return printed.decode(errors="replace").strip()
