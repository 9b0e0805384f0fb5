"""The executor that computes with processes of this machine."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from tconv.engine.executor import Executor
from tconv.engine.plan import TargetPlan
from tconv.engine.process.environment import worker_variables
from tconv.engine.process.pool import WorkerPool
from tconv.engine.process.worker_process import WorkerProcess
from tconv.engine.schedule.target_state import TargetState
from tconv.engine.tasks import Task, TaskResult
from tconv.engine.worker.describe import BackendDescription
from tconv.model.case import Case
from tconv.model.outcome import Unavailable
from tconv.store import RowBatch
from tconv.store.rows import without_result


class LocalPool(Executor):
    """The worker processes of one run; leaving the context ends them all.

    Args:
        arguments: as for :class:`Executor`.
    """

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 # see the base class
        super().__init__(**arguments)
        self._pool = WorkerPool(self._limits, self._environments, self._stopped)
        self._states: dict[str, TargetState] = {}  # by target
        self._crashed: dict[str, set[str]] = {}  # ids of cases, by backend

    def __enter__(self) -> Self:
        """Set the variables that give each worker process one thread."""
        self._stack.enter_context(worker_variables())
        self._stack.enter_context(self._pool)
        return self

    def rows(self, plan: TargetPlan, cases: Sequence[Case]) -> RowBatch:
        """Return a row for each of these cases of a target, in order.

        For a caller that goes batch by batch. All targets of a backend share a worker; it stays
        until the pool is left, and so does what the pool has learned of the target.

        Raises:
            TargetError: no backend has this name.
        """
        target = plan.target
        if plan.unavailable:
            outcome = Unavailable(reason=plan.unavailable)
            return RowBatch.from_columns(without_result(cases, target, plan.version, outcome))
        if str(target) not in self._states:
            crashed = self._crashed.setdefault(target.backend, set())
            self._states[str(target)] = TargetState(plan, seed=self._seed, crashed=crashed)
        state = self._states[str(target)]
        task = state.task(0, cases)
        return state.settle(task, self._pool.compute(target.backend, task)).row_batch

    def worker(self, backend: str) -> WorkerProcess:
        """Return the worker of a backend, the one that described it if there is one.

        Raises:
            TargetError: no backend has this name.
        """
        return self._pool.worker(backend, backend)

    def _describe(self, backends: Sequence[str]) -> dict[str, BackendDescription | str]:
        """Ask each backend in a process of its own, which then computes its targets."""
        with ThreadPoolExecutor(self._workers) as threads:
            try:
                return dict(zip(backends, threads.map(self._pool.describe, backends), strict=True))
            except BaseException:  # do not wait for frameworks that are still loading
                self._stopped.set()
                raise

    def _compute(self, slot: int, task: Task) -> TaskResult:
        return self._pool.compute(slot, task)
