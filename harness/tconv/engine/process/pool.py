"""The worker processes of one machine: which slot uses which, and for which backend."""

import threading
from collections.abc import Hashable, Mapping
from contextlib import AbstractContextManager, ExitStack

from tconv.adapters import registry
from tconv.engine.process.crash_search import CrashSearch
from tconv.engine.process.worker_process import Limits, WorkerEnd, WorkerError, WorkerProcess
from tconv.engine.tasks import Task, TaskResult
from tconv.engine.worker.batch import describe_backend
from tconv.engine.worker.describe import BackendDescription
from tconv.errors import ExecutorError
from tconv.model.outcome import Crashed, TimedOut


class WorkerPool(AbstractContextManager["WorkerPool"]):
    """Worker processes, one for each slot; leaving the context ends them all.

    A slot computes one task at a time. Its worker has one backend loaded, and is replaced when a
    task needs another.

    Args:
        limits: what a worker may take.
        environments: backend to variables that its workers get, before those of its adapter.
        stopped: set when the run of these processes is over.
    """

    def __init__(
        self,
        limits: Limits,
        environments: Mapping[str, Mapping[str, str]],
        stopped: threading.Event,
    ) -> None:
        self._limits = limits
        self._environments = environments
        self._stopped = stopped
        self._idle: dict[str, WorkerProcess] = {}  # of backends that were described
        self._busy: dict[Hashable, tuple[str, WorkerProcess]] = {}  # by slot
        self._stack = ExitStack()

    def __exit__(self, *_: object) -> None:
        """End every worker process."""
        self._stopped.set()
        self._stack.close()

    def close_idle(self) -> None:
        """End the processes that described a backend and that no slot uses yet."""
        while self._idle:
            self._idle.popitem()[1].close()

    def describe(self, backend: str) -> BackendDescription | str:
        """Return what a backend says of itself, or why it is unavailable.

        The process that is asked stays, for the first slot that has a task of this backend.

        Raises:
            ExecutorError: the run of these processes is over.
        """
        self._require_open()
        worker = self._idle.pop(backend, None) or self._start(backend)
        match self._ask(worker, backend):
            case BackendDescription() as description:
                self._idle[backend] = worker
                return description
            case WorkerEnd(outcome=Crashed(stderr=stderr) as crash):
                reason = f"{backend} ended its process with {crash.manner}: {stderr[-300:]}"
            case WorkerEnd(outcome=TimedOut(limit=limit)):
                reason = f"{backend} did not load within {limit:g} seconds"
            case str() as reason:
                pass
        worker.close()
        return reason

    def _ask(self, worker: WorkerProcess, backend: str) -> BackendDescription | str | WorkerEnd:
        """Return what a backend says of itself; asked again if somebody outside killed it."""
        try:
            answer = worker.call(describe_backend, backend)
            if isinstance(answer, WorkerEnd) and answer.is_killed_outside:
                answer = worker.call(describe_backend, backend)
        except Exception as error:
            if not isinstance(error.__cause__, WorkerError):
                raise
            return f"{backend} damaged its process: {type(error).__name__}: {error}"
        return answer

    def compute(self, slot: Hashable, task: Task) -> TaskResult:
        """Return the result of a task, computed by the worker of this slot.

        Raises:
            ExecutorError: the run of these processes is over, and rows may be missing.
        """
        worker = self.worker(slot, task.target.backend)
        result = CrashSearch(task, worker, stopped=self._stopped).result()
        self._require_open()
        return result

    def worker(self, slot: Hashable, backend: str) -> WorkerProcess:
        """Return the worker of a slot, started or replaced if it does not serve this backend yet.

        Raises:
            TargetError: no backend has this name.
            ExecutorError: the run of these processes is over.
        """
        self._require_open()
        if slot in self._busy:
            loaded, worker = self._busy[slot]
            if loaded == backend:
                return worker
            del self._busy[slot]
            worker.close()
        idle = self._idle.pop(backend, None)
        worker = self._start(backend) if idle is None else idle
        self._busy[slot] = backend, worker
        return worker

    def _require_open(self) -> None:
        if self._stopped.is_set():
            raise ExecutorError(
                "the run of these processes is over, but they were asked for more; make another "
                "executor for another run"
            )

    def _start(self, backend: str) -> WorkerProcess:
        registry.require(backend)
        environment = self._environments.get(backend, {})
        worker = WorkerProcess(environment=environment, limits=self._limits, stopped=self._stopped)
        return self._stack.enter_context(worker)
