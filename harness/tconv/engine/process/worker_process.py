"""One worker process: started, given work, watched, and replaced after it has died or hung.

A framework may crash, hang, exit, print or take all memory. So it computes in a process of its own,
and the parent waits for two things at once: an answer in the pipe, and the process's *sentinel*,
a file descriptor that becomes readable when the process ends.
"""

import io
import os
import pickle
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any, Final, ParamSpec, Self, TypeVar

import psutil

from tconv.engine.process.signals import block_sigint
from tconv.engine.worker.entry import serve
from tconv.engine.worker.heartbeat import Heartbeat, SharedFile, read_heartbeat
from tconv.model.outcome import Crashed, TimedOut

START_SECONDS: Final = 180.0
"""How long a framework may take to load before it counts as hanging."""

MOST_STEPS: Final = 32
"""Most times the limit of a case that a request may take, however often its worker says that it
goes on: a larger batch is then run again in pieces."""

_KEPT: Final = 2000  # characters of stderr kept of a crash, from its start and from its end
_POLL: Final = 0.2  # seconds between two checks of a worker's limits; its end is noticed at once
_STEP: Final = 2 * _POLL  # most seconds that count between two checks
_LONGEST_LOG: Final = 2**26  # bytes that a worker may print in one case before its log is cut
_LONGEST_ANSWER: Final = 2**30  # bytes
_GRACE: Final = 2.0  # seconds in which a process that has closed its pipe must end

_PACKAGES: Final = {
    "builtins", "collections", "decimal", "fractions", "ml_dtypes", "numpy", "pathlib", "tconv",
}  # fmt: skip
_MAKERS: Final = {
    (f"numpy.{core}.{module}", name)
    for core in ("core", "_core")
    for module, name in (
        ("multiarray", "_reconstruct"),
        ("multiarray", "scalar"),
        ("numeric", "_frombuffer"),
    )
}

_KILLED: Final = (
    "somebody outside killed it, and not for a limit of this run: often the kernel, when the "
    "machine is out of memory"
)
_CUT_OFF: Final = "it closed the pipe to its parent and went on without it, so it was killed"
_GARBLED: Final = "what it sent is not an answer, so it was killed"
_NO_START: Final = (
    "the process ended before it took any work; a script that starts a run needs "
    "`if __name__ == '__main__':` around what it does, as a worker imports it again"
)

# Starting a process makes multiprocessing collect the exit codes of all that have ended. If two
# threads collect the same one at the same time, one of them gets none and takes it for alive.
_children: Final = threading.Lock()

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
class WorkerEnd:
    """How a worker ended.

    Attributes:
        outcome: what that is for the case that was being computed, if it was alone.
        place: index in the batch of the case that was being computed, or None: unknown.
        is_inferring: whether a shape was being inferred of that case.
        is_limit: whether it was killed for passing a limit, and did not end by itself.
        is_killed_outside: whether somebody else killed it, as the kernel does when it is short of
            memory.
    """

    outcome: Crashed | TimedOut
    place: int | None = None
    is_inferring: bool = False
    is_limit: bool = False
    is_killed_outside: bool = False


_GIVEN_UP: Final = WorkerEnd(outcome=TimedOut(limit=0), is_limit=True)  # nobody reads its row


class WorkerError(RuntimeError):
    """An error in a worker, with its traceback: the cause of the one that the parent raises."""


class _Answer(pickle.Unpickler):
    """Reads an answer of values alone: whatever a framework writes, nothing of it is run here."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 # any class
        """Return a class of a package that answers consist of, or what makes a NumPy array."""
        if (module, name) in _MAKERS or module.partition(".")[0] in _PACKAGES:
            value = super().find_class(module, name)
            if (module, name) in _MAKERS or isinstance(value, type):
                return value
        raise pickle.UnpicklingError(f"it holds {module}.{name}")


class Watchdog:
    """Measures how long a worker has been silent, on a clock that stops while nobody looks.

    A limit is on the time in which a worker could work. No clock of the system measures that: one
    can be set, another counts the night in which a laptop slept, and any goes on while worker and
    parent are both stopped. So the watchdog adds up the time between its own looks, and counts at
    most `step` of a long gap, in which it did not run itself.

    Args:
        step: most seconds that count between two looks.
        last: the worker's last heartbeat before the request.
        clock: returns the time, seconds.

    Attributes:
        seconds: time since the request.
    """

    def __init__(
        self, *, step: float, last: Heartbeat | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = 0.0
        self._step = step
        self._clock = clock
        self._looked = clock()
        self._last = last
        self._heard = 0.0
        self._loaded = 0.0

    def look(self, last: Heartbeat | None) -> None:
        """Count the time since the last look; `last` is the worker's last heartbeat."""
        now = self._clock()
        self.seconds += min(now - self._looked, self._step)
        self._looked = now
        if last != self._last:
            self._last, self._heard = last, self.seconds
        if last is None or last.is_loading:
            self._loaded = self.seconds

    @property
    def busy(self) -> float:
        """Seconds since the framework was loaded, or since the request.

        A heartbeat may claim progress for ever, and this goes on.
        """
        return self.seconds - self._loaded

    @property
    def silence(self) -> float:
        """Seconds since a look first saw the last heartbeat, or since the request."""
        return self.seconds - self._heard


class WorkerProcess(AbstractContextManager["WorkerProcess"]):
    """A process that runs the functions it is sent, and is replaced when it dies.

    Args:
        environment: variables that the process gets before it loads its framework.
        limits: what it may take.
        stopped: set when the run is over: whatever is being computed then is given up.
    """

    def __init__(
        self, *, environment: Mapping[str, str], limits: Limits, stopped: threading.Event
    ) -> None:
        self._environment = dict(environment)
        self._limits = limits
        self._stopped = stopped
        self._log, self._heartbeat = SharedFile.create(), SharedFile.create()
        # The kernel kills a worker when the *thread* that started it ends (see `die_with_parent`).
        # The thread that asks for work may end earlier than the worker, so one thread, which lives
        # as long as this object, starts them all.
        self._starter = ThreadPoolExecutor(1, "tconv-starter", initializer=block_sigint)
        # The thread is made here: an interrupt of the call that made it would lead to a second one.
        self._starter.submit(int).result()
        self._running: tuple[SpawnProcess, Connection[Any, Any]] | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the worker at once, as nothing is left for it to finish; more than once is fine."""
        if self._is_closed:
            return
        self._is_closed = True
        with self._lock:
            self._kill()
        self._starter.shutdown()
        self._log.close()
        self._heartbeat.close()

    def replace(self) -> None:
        """Kill the worker, whose state is in doubt; the next call starts another."""
        with self._lock:
            self._kill()

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | WorkerEnd:
        """Return what `function` returns in the worker, or how the worker ended.

        A worker that dies before it takes the request, as between two batches, is replaced once. An
        exception of the function is raised here.
        """
        return self.call_within(MOST_STEPS, function, *args, **kwargs)

    def call_within(
        self, steps: int, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R | WorkerEnd:
        """Do what :meth:`call` does, in at most so many times the time limit of a case."""
        request = ForkingPickler.dumps((function, args, kwargs))
        most_seconds = steps * self._limits.case_seconds
        exit_code = 0
        for _ in range(2):
            with self._lock:
                answer = self._ask(request, most_seconds)
            if isinstance(answer, WorkerEnd):
                return answer
            if isinstance(answer, bytes):
                try:
                    returned, value, traceback = _Answer(io.BytesIO(answer)).load()
                except Exception as error:  # noqa: BLE001 # bytes that something else wrote raise anything
                    return self._garbled(error)
                if not returned:
                    raise value from WorkerError(f"in the worker process:\n{traceback}")
                result: R = value
                return result
            exit_code = answer
        return WorkerEnd(outcome=Crashed(exit_code=exit_code, stderr=self._stderr() or _NO_START))

    def _ask(self, request: memoryview, most_seconds: float) -> bytes | WorkerEnd | int:
        """Return the worker's answer, or its end: an exit code if it never took the request.

        An interrupt or any other error here kills the worker: otherwise its late answer would be
        taken for the answer to the next request.
        """
        try:
            if self._stopped.is_set():
                return _GIVEN_UP
            self._log.clear()
            if self._running is None:
                self._running = self._starter.submit(self._start).result()
                started = self._receive(most_seconds)
                if isinstance(started, WorkerEnd):
                    return started if started.is_limit else _exit_code(started)
            idle = read_heartbeat(self._heartbeat)
            try:
                self._running[1].send_bytes(request)
            except OSError:  # it died or stopped reading since its last answer
                return self._kill()
            answer = self._receive(most_seconds)
        except BaseException:
            # In the starter's thread, as that may be starting a process at this moment.
            self._starter.submit(self._kill).result()
            raise
        # A worker beats as soon as it has taken a request. Without that beat it died idle, and the
        # cases of this request have nothing to do with it.
        if isinstance(answer, WorkerEnd) and read_heartbeat(self._heartbeat) == idle:
            return answer if answer.is_limit else _exit_code(answer)
        return answer

    def _start(self) -> "tuple[SpawnProcess, Connection[Any, Any]]":
        """Start a worker, in the thread that starts them all; its first message says it is up."""
        self._log.clear()
        self._heartbeat.clear()
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        _limit_waiting(ours, self._limits.case_seconds)
        process = context.Process(
            target=serve,
            args=(theirs, self._environment, self._log, self._heartbeat, os.getpid()),
            daemon=True,  # an interpreter that ends does not wait for it
        )
        with _children:
            process.start()
        theirs.close()  # otherwise this end would stay open when the worker closes its own copy
        self._running = process, ours  # here, so that an interrupt of the caller cannot lose it
        return self._running

    def _receive(self, most_seconds: float) -> bytes | WorkerEnd:
        """Return what the worker sends next, or its end: it died, passed a limit or was stopped."""
        assert self._running is not None
        process, pipe = self._running
        watchdog = Watchdog(step=_STEP, last=read_heartbeat(self._heartbeat))
        while True:
            ready = wait([pipe, process.sentinel], _POLL)
            # A process that the framework forked keeps the sentinel open: ask the kernel, too.
            has_ended = process.sentinel in ready or _has_ended(process)
            # A worker that has ended may have answered, and nothing comes after its end. So the
            # pipe is checked now, even if `wait` passed over it.
            if pipe.poll():
                # A message may come one byte at a time, each within the pipe's own limit.
                killer = threading.Timer(2 * self._limits.case_seconds, process.kill)
                killer.start()
                try:
                    return pipe.recv_bytes(_LONGEST_ANSWER)
                except BlockingIOError:  # half a message, and then nothing
                    return self._died() if _has_ended(process) else self._hung()
                except (EOFError, OSError):
                    return self._died() if killer.is_alive() else self._hung()
                finally:
                    killer.cancel()
            if has_ended:
                return self._died()
            end = self._passed_limit(process.pid, watchdog, most_seconds)
            if end is not None:
                self._kill()
                return end

    def _passed_limit(
        self, pid: int | None, watchdog: Watchdog, most_seconds: float
    ) -> WorkerEnd | None:
        """Return the end of a worker that is past a limit, or of a run that is stopped; or None."""
        if self._stopped.is_set():
            return _GIVEN_UP
        if self._log.size() > _LONGEST_LOG:
            self._log.clear()
        last = read_heartbeat(self._heartbeat)
        watchdog.look(last)
        if last is None or last.is_loading:
            if watchdog.seconds <= START_SECONDS:
                return None
            return WorkerEnd(outcome=TimedOut(limit=START_SECONDS), is_limit=True)
        outcome: Crashed | TimedOut
        gib, most = _resident_gib(pid), self._limits.worker_gib
        if gib > most:
            text = f"the worker held {gib:.1f} GiB, but worker_gib is {most:g}: it was stopped"
            outcome = Crashed(exit_code=-signal.SIGKILL, stderr=text)
        elif watchdog.silence > self._limits.case_seconds or watchdog.busy > most_seconds:
            outcome = TimedOut(limit=self._limits.case_seconds)
        else:
            return None
        return self._end(outcome, is_limit=True)

    def _end(self, outcome: Crashed | TimedOut, *, is_limit: bool = False) -> WorkerEnd:
        """Return an end with where the worker was, as far as it said so."""
        last = read_heartbeat(self._heartbeat)
        return WorkerEnd(
            outcome=outcome,
            place=last.place if last else None,
            is_inferring=last.is_inferring if last else False,
            is_limit=is_limit,
        )

    def _hung(self) -> WorkerEnd:
        """Kill a worker that hangs in the middle of its answer, and return that as its end."""
        self._kill()
        return self._end(TimedOut(limit=self._limits.case_seconds), is_limit=True)

    def _garbled(self, error: Exception) -> WorkerEnd:
        """Kill a worker whose answer cannot be read: what it sends next could not be, either.

        A careless framework may have written to the pipe, as to any file descriptor.
        """
        with self._lock:
            self._kill()
        text = f"{_GARBLED}: {type(error).__name__}: {error}"
        return self._end(Crashed(exit_code=-signal.SIGKILL, stderr=text))

    def _died(self) -> WorkerEnd:
        """Return the end of a worker that ended by itself, with what it printed last and where."""
        assert self._running is not None
        process, _ = self._running
        # A careless `os.closerange` closes the pipe and the sentinel, and looks like an end; in a
        # real one they close a moment before there is an exit code.
        deadline = time.monotonic() + _GRACE
        while not (has_ended := _has_ended(process)) and time.monotonic() < deadline:
            time.sleep(0.005)
        exit_code = self._kill()
        is_killed = has_ended and exit_code == -signal.SIGKILL
        cause = _KILLED if is_killed else "" if has_ended else _CUT_OFF
        text = "\n".join(filter(None, [self._stderr(), cause]))
        end = self._end(Crashed(exit_code=exit_code, stderr=text))
        return replace(end, is_killed_outside=is_killed)

    def _kill(self) -> int:
        """Kill the worker unless it has ended, and return its exit code; 0 where there is none.

        It may ignore every other signal than SIGKILL, which leaves the exit code of a process that
        has ended by itself as it is. What it started ends with it: the processes of its group, and
        those that have left the group while their ancestors live.
        """
        if self._running is None:
            return 0
        process, pipe = self._running
        self._running = None
        assert process.pid is not None  # it was started
        descendants = _descendants(process.pid)
        with _children:
            process.kill()
            with suppress(OSError):  # nobody is left of its group, or it has not made one yet
                os.killpg(process.pid, signal.SIGKILL)
            process.join()
        for descendant in descendants:
            with suppress(psutil.Error):
                descendant.kill()
        pipe.close()
        return process.exitcode or 0

    def _stderr(self) -> str:
        size = self._log.size()  # one case may print more than a parent can hold
        if size <= 2 * _KEPT:
            return _text(self._log.read(size))
        start, end = self._log.read(_KEPT), self._log.read(_KEPT, size - _KEPT)
        return f"{_text(start)}\n[...]\n{_text(end)}"


def _limit_waiting(pipe: "Connection[Any, Any]", seconds: float) -> None:
    """Make a read or write raise BlockingIOError when nothing moves for so many seconds.

    A worker may hang in the middle of a message, or end while a process that it forked keeps its
    side of the pipe open. The kernel's own time limit is the only one that a Connection obeys.
    """
    timeval = struct.pack("ll", int(seconds), max(int(seconds % 1 * 1e6), 1))
    with socket.socket(fileno=os.dup(pipe.fileno())) as shared:
        shared.setblocking(True)  # whatever `socket.setdefaulttimeout` has set
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)


def _descendants(pid: int) -> list[psutil.Process]:
    """Return the processes that a living process has started, and theirs."""
    try:
        descendants: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
    return descendants


def _has_ended(process: SpawnProcess) -> bool:
    with _children:
        return not process.is_alive()


def _exit_code(end: WorkerEnd) -> int:
    return end.outcome.exit_code if isinstance(end.outcome, Crashed) else 0


def _resident_gib(pid: int | None) -> float:
    try:
        resident: int = psutil.Process(pid).memory_info().rss
    except psutil.NoSuchProcess:  # it ended just now, which the next check finds
        return 0.0
    return resident / 2**30


def _text(printed: bytes) -> str:
    return printed.decode(errors="replace").strip()
