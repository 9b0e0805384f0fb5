"""What runs a plan: planned targets go in, parts of the result come out.

A run knows its engine by this class alone, so it cannot tell whether processes of this machine or
a cluster compute.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Self

from tconv.adapters import registry
from tconv.engine.plan import TargetPlan
from tconv.engine.process.worker_process import Limits
from tconv.engine.schedule.scheduler import Scheduler
from tconv.engine.tasks import Part, Task, TaskResult
from tconv.engine.worker.describe import BackendDescription


class Executor:
    """The processes of one run, which runs once; leaving the context ends them all.

    A subclass implements the three methods at the end, which describe backends and compute tasks.

    Args:
        workers: how many of them compute at the same time, at least 1.
        seed: seed of the inputs.
        case_seconds: longest time from one result of a framework to the next, seconds.
        worker_gib: most memory that a worker process may hold, GiB.
        environments: backend to variables that its processes get besides those of its adapter.
    """

    def __init__(
        self,
        *,
        workers: int,
        seed: int = 0,
        case_seconds: float = 10.0,
        worker_gib: float = 4.0,
        environments: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._workers = workers
        self._seed = seed
        self._limits = Limits(case_seconds=case_seconds, worker_gib=worker_gib)
        self._environments = environments or {}
        self._stopped = threading.Event()  # set when the run is over
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End every worker process of the run."""
        self._stack.close()

    def describe(self, backends: Sequence[str]) -> Mapping[str, BackendDescription | str]:
        """Return for each backend what it says of itself, or why it is unavailable.

        Raises:
            TargetError: no backend has this name.
            ExecutorError: it ran before, or its workers are lost.
        """
        for backend in backends:
            registry.require(backend)
        return self._describe(backends)

    def run(self, plans: Sequence[TargetPlan]) -> Iterator[Part]:
        """Yield the parts of what is left of every target as they are done, in no order.

        Raises:
            ExecutorError: it ran before, or its workers are lost.
        """
        scheduler = Scheduler(
            plans, self._compute, seed=self._seed, slots=self._slots(), stopped=self._stopped
        )
        return scheduler.parts()

    def _describe(self, backends: Sequence[str]) -> dict[str, BackendDescription | str]:
        raise NotImplementedError

    def _compute(self, slot: int, task: Task) -> TaskResult:
        """Return the result of a task, computed by the worker of this slot, a number from 0 on."""
        raise NotImplementedError

    def _slots(self) -> int:
        """Return how many tasks are computed at a time."""
        return self._workers
