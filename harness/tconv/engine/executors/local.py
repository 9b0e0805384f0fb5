"""The executor that computes with processes of this machine."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Self

from tconv.adapters import registry
from tconv.engine.executor import Part
from tconv.engine.plan import TargetPlan
from tconv.engine.process.environment import one_thread
from tconv.engine.process.pool import Workshop
from tconv.engine.process.process import Lane, Limits
from tconv.engine.schedule.scheduler import swept
from tconv.engine.schedule.target_state import Course
from tconv.engine.worker.describe import BackendDescription
from tconv.model.case import Case
from tconv.model.outcome import Unavailable
from tconv.store import RowBatch
from tconv.store.unjudged import unjudged


class LocalPool(AbstractContextManager["LocalPool"]):
    """The worker processes of one run; leaving the context ends them all.

    Args:
        workers: how many of them compute at the same time, at least 1.
        seed: seed of the inputs.
        case_seconds: longest time from one result of a framework to the next, seconds.
        worker_gib: most memory that a worker may hold, GiB.
        environments: backend to variables that its workers get beside those of its adapter.
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
        limits = Limits(case_seconds=case_seconds, worker_gib=worker_gib)
        self._workshop = Workshop(limits, environments)
        self._courses: dict[str, Course] = {}  # by target
        self._suspects: dict[str, set[str]] = {}  # by backend
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Let the worker processes inherit what gives each one thread."""
        self._stack.enter_context(one_thread())
        self._stack.enter_context(self._workshop)
        return self

    def __exit__(self, *_: object) -> None:
        """End every worker process."""
        self._stack.close()

    def describe(self, backends: Sequence[str]) -> dict[str, BackendDescription | str]:
        """Return for each backend what it says of itself, or why it is unavailable.

        Each is asked in a process of its own, which goes on to sweep the backend's targets.

        Raises:
            TargetError: no backend has this name.
            ExecutorError: it ran already.
        """
        for backend in backends:
            registry.require(backend)
        with ThreadPoolExecutor(self._workers) as threads:
            try:
                found = threads.map(self._workshop.describe, backends)
                return dict(zip(backends, found, strict=True))
            except BaseException:  # no framework is waited for that nobody asks for any more
                self._workshop.stopped.set()
                raise

    def run(self, planned: Sequence[TargetPlan]) -> Iterator[Part]:
        """Yield the parts of what is left of every target as they are done, in no order.

        Raises:
            ExecutorError: it ran before.
        """
        return swept(
            planned,
            self._workshop.serve,
            seed=self._seed,
            hands=self._workers,
            stopped=self._workshop.stopped,
        )

    def rows(self, planned: TargetPlan, cases: Sequence[Case]) -> RowBatch:
        """Return a row for each of these cases of a target, in order.

        For a caller that goes batch by batch. The worker is that of the backend's other targets;
        it stays until the pool is left, and so does what is known of the target.

        Raises:
            TargetError: no backend has this name.
            UnavailableError: its adapter does not load.
        """
        if planned.unavailable:
            outcome = Unavailable(reason=planned.unavailable)
            rows = unjudged(cases, planned.target, planned.version, outcome)
            return RowBatch.from_columns(rows)
        course = self._course(planned)
        served = self._workshop.serve(planned.target.backend, course.order(cases))
        course.settle(served)
        return served.sheaf

    def lane(self, backend: str) -> Lane:
        """Return the worker of a backend, the one that described it where one did.

        Raises:
            TargetError: no backend has this name.
            UnavailableError: its adapter does not load.
        """
        return self._workshop.lane(backend, backend)

    def _course(self, planned: TargetPlan) -> Course:
        suspects = self._suspects.setdefault(planned.target.backend, set())
        made = Course(planned, seed=self._seed, suspects=suspects)
        return self._courses.setdefault(str(planned.target), made)
