"""Spreads planned targets over worker processes here, each watched by a thread of the parent.

A worker serves one target at a time, and only targets of one backend: a framework takes seconds to
load.
"""

import os
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Final, Self

from harness import registry
from harness.engine.agenda import Agenda
from harness.engine.course import Course, unavailable
from harness.engine.executor import Part
from harness.engine.lane import Lane, Limits
from harness.engine.plan import Planned
from harness.engine.worker import Description, describe
from harness.errors import UnavailableError
from harness.outcome import Crashed, TimedOut
from harness.rows import Columns

ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""What workers inherit: they are the parallelism, and their sums come out in one order."""


_Parts = queue.SimpleQueue[Part | BaseException | None]


class LocalPool(AbstractContextManager["LocalPool"]):
    """The worker processes of one run; leaving the context ends them all.

    Args:
        workers: how many targets are swept at the same time, at least 1.
        seed: seed of the inputs.
        case_seconds: longest time from one result of a framework to the next, seconds.
        worker_gib: most memory that a worker may hold, GiB.
    """

    def __init__(
        self,
        *,
        workers: int,
        seed: int = 0,
        case_seconds: float = 10.0,
        worker_gib: float = 4.0,
    ) -> None:
        self._workers = workers
        self._seed = seed
        self._limits = Limits(case_seconds=case_seconds, worker_gib=worker_gib)
        self._lanes: dict[str, Lane] = {}  # of backends described, or visited batch by batch
        self._suspects: dict[str, set[str]] = {}  # of each backend, shared by its lanes
        self._stack = ExitStack()
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        """Let the worker processes inherit :data:`ONE_THREAD`."""
        before = {name: os.environ.get(name) for name in ONE_THREAD}
        os.environ.update(ONE_THREAD)
        self._stack.callback(_restore, before)
        return self

    def __exit__(self, *_: object) -> None:
        """End every worker process."""
        self._stopped.set()
        self._stack.close()

    def describe(self, backends: Sequence[str]) -> dict[str, Description | str]:
        """Return for each backend what it says of itself, or why it is unavailable.

        Each is asked in a process of its own, which goes on to sweep the backend's targets.

        Raises:
            TargetError: no backend has this name.
        """
        for backend in backends:
            registry.require(backend)
        with ThreadPoolExecutor(self._workers) as threads:
            try:
                return dict(zip(backends, threads.map(self._describe, backends), strict=True))
            except BaseException:  # no framework is waited for that nobody asks for any more
                self._stopped.set()
                raise

    def course(self, planned: Planned) -> Course:
        """Return the way of a target that can be run here, for a caller that goes batch by batch.

        Its worker is that of the backend's other targets; it stays until the engine is left. Each
        course has a budget of its own for cases that end their worker.

        Raises:
            TargetError: no backend has this name.
            UnavailableError: its adapter does not load.
        """
        lane = self.lane(planned.target.backend)
        return Course(planned, lane, seed=self._seed, stopped=self._stopped)

    def lane(self, backend: str) -> Lane:
        """Return the worker of a backend, the one that described it where one did.

        Raises:
            TargetError: no backend has this name.
            UnavailableError: its adapter does not load.
        """
        if backend not in self._lanes:
            self._lanes[backend] = self._start(backend)
        return self._lanes[backend]

    def run(self, planned: Sequence[Planned]) -> Iterator[Part]:
        """Yield the parts of every target as they are done, in no order across targets."""
        parts: _Parts = queue.SimpleQueue()
        agenda = Agenda(planned)
        with ThreadPoolExecutor(self._workers) as threads:
            for _ in range(self._workers):
                threads.submit(self._work, agenda, parts)
            try:
                yield from _until_done(parts, self._workers)
            finally:
                self._stopped.set()  # nothing is left to do, or the caller left early

    def _describe(self, backend: str) -> Description | str:
        try:
            lane = self._start(backend)
        except UnavailableError as error:
            return str(error)
        match lane.call(describe, backend):
            case Crashed(exit_code=code, stderr=stderr):
                return f"{backend} ended its process with exit code {code}: {stderr[-300:]}"
            case TimedOut(limit=limit):
                return f"{backend} did not load within {limit:g} seconds"
            case found:
                self._lanes[backend] = lane
                return found

    def _work(self, agenda: Agenda, parts: _Parts) -> None:
        """Put the parts of one target after the other on the queue; at the end None or an error."""
        lane, backend = None, None
        try:
            while planned := agenda.take(backend):
                if planned.target.backend != backend:
                    lane, backend = self._next_lane(lane, planned), planned.target.backend
                for first, made in self._rows(planned, lane):
                    parts.put(Part(planned=planned, first=first, columns=made))
            parts.put(None)
        except BaseException as error:  # noqa: BLE001 # carried to the thread that asked
            parts.put(error)

    def _rows(self, planned: Planned, lane: Lane | None) -> Iterator[tuple[int, Columns]]:
        if lane is None or planned.unavailable:
            return unavailable(planned)
        return Course(planned, lane, seed=self._seed, stopped=self._stopped).batches()

    def _next_lane(self, lane: Lane | None, planned: Planned) -> Lane | None:
        """Close a lane and return that of another backend; None where that does not even load."""
        if lane is not None:
            lane.close()
        backend = planned.target.backend
        with suppress(KeyError):
            return self._lanes.pop(backend)
        if planned.version is None:
            return None
        return self._start(backend)

    def _start(self, backend: str) -> Lane:
        lane = Lane(
            environment=registry.adapter_class(backend).environment,
            limits=self._limits,
            stopped=self._stopped,
            suspects=self._suspects.setdefault(backend, set()),
        )
        return self._stack.enter_context(lane)


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _until_done(parts: _Parts, threads: int) -> Iterator[Part]:
    while threads:
        match parts.get():
            case Part() as part:
                yield part
            case None:
                threads -= 1
            case error:
                raise error
