"""Sweeps planned targets: each in a worker process of its own, a thread of the parent to watch it.

:class:`Engine` is the one seam to the rest: planned targets go in, parts of the result come out.
How the work is spread over processes is this package's affair, and no one else's.
"""

import os
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from harness import registry
from harness.case import Case
from harness.engine.lane import Lane
from harness.engine.plan import Planned
from harness.engine.worker import Description, describe, judge_batch
from harness.errors import UnavailableError
from harness.judge import judge
from harness.outcome import Crashed, NotRun, Outcome, TimedOut, Unavailable
from harness.rows import Columns, columns, row

BATCH: Final = 128
"""Cases that go to a worker at a time; when it dies they are replayed one by one."""

CRASH_BUDGET: Final = 20
"""Cases of one target that may end their worker before the rest is not run."""

ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""What workers inherit: they are the parallelism, and their sums come out in one order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of one batch.

    Attributes:
        planned: the target they belong to.
        number: position of the batch among the target's, from 0.
        columns: the rows, on their side.
    """

    planned: Planned
    number: int
    columns: Columns


class Engine(AbstractContextManager["Engine"]):
    """The worker processes of one run; leaving the context ends them all.

    Args:
        workers: how many targets are swept at the same time, at least 1.
        seed: seed of the inputs.
        case_seconds: longest time from one result of a framework to the next, seconds.
    """

    def __init__(self, *, workers: int, seed: int = 0, case_seconds: float = 10.0) -> None:
        self._workers = workers
        self._seed = seed
        self._case_seconds = case_seconds
        self._lanes: dict[str, Lane] = {}  # started to describe a backend, not yet used
        self._stack = ExitStack()
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        """Let the worker processes inherit :data:`ONE_THREAD`."""
        before = {name: os.environ.get(name) for name in ONE_THREAD}
        os.environ.update(ONE_THREAD)
        self._stack.callback(_restore, before)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every worker process."""
        self._stopped.set()
        self._stack.close()

    def describe(self, backends: Sequence[str]) -> dict[str, Description | str]:
        """Return for each backend what it says of itself, or why it is unavailable.

        Each is asked in a process of its own, which goes on to sweep the backend's first target.

        Raises:
            TargetError: no backend has this name.
        """
        for backend in backends:
            registry.require(backend)
        with ThreadPoolExecutor(self._workers) as threads:
            return dict(zip(backends, threads.map(self._describe, backends), strict=True))

    def run(self, planned: Sequence[Planned]) -> Iterator[Part]:
        """Yield the parts of every target as they are done, in no order across targets."""
        parts: queue.SimpleQueue[Part | BaseException | None] = queue.SimpleQueue()
        with ThreadPoolExecutor(self._workers) as threads:
            for each in planned:
                threads.submit(self._sweep, each, parts)
            try:
                yield from _until_done(parts, len(planned))
            finally:
                self._stopped.set()  # nothing is left to do, or the caller left early
                threads.shutdown(wait=False, cancel_futures=True)

    def _describe(self, backend: str) -> Description | str:
        try:
            environment = registry.adapter_class(backend).environment
        except UnavailableError as error:
            return str(error)
        lane = self._start(environment)
        match lane.call(describe, backend):
            case Crashed(exit_code=code, stderr=stderr):
                return f"{backend} ended its process with exit code {code}: {stderr[-300:]}"
            case TimedOut(limit=limit):
                return f"{backend} did not load within {limit:g} seconds"
            case found:
                self._lanes[backend] = lane
                return found

    def _sweep(
        self, planned: Planned, parts: "queue.SimpleQueue[Part | BaseException | None]"
    ) -> None:
        """Put the target's parts on the queue, then None, or the harness's own error."""
        try:
            for number, made in enumerate(self._batches(planned)):
                if self._stopped.is_set():
                    return
                parts.put(Part(planned=planned, number=number, columns=made))
            parts.put(None)
        except BaseException as error:  # noqa: BLE001 # carried to the thread that asked
            parts.put(error)

    def _batches(self, planned: Planned) -> Iterator[Columns]:
        batches = [planned.cases[at : at + BATCH] for at in range(0, len(planned.cases), BATCH)]
        if planned.unavailable:
            reason = Unavailable(reason=planned.unavailable)
            yield from (_unjudged(batch, planned, reason) for batch in batches)
            return
        with self._lane(planned) as lane:
            budget = CRASH_BUDGET
            for batch in batches:
                if budget <= 0:
                    reason = NotRun(reason=f"{CRASH_BUDGET} cases ended their worker before")
                    yield _unjudged(batch, planned, reason)
                    continue
                made = self._call(lane, batch, planned)
                if isinstance(made, Crashed | TimedOut):
                    made, deaths = self._replayed(lane, batch, planned, made, budget)
                    budget -= deaths
                yield made

    def _call(
        self, lane: Lane, batch: Sequence[Case], planned: Planned
    ) -> Columns | Crashed | TimedOut:
        return lane.call(judge_batch, batch, planned.target, planned.version, self._seed)

    def _replayed(
        self,
        lane: Lane,
        batch: Sequence[Case],
        planned: Planned,
        end: Crashed | TimedOut,
        budget: int,
    ) -> tuple[Columns, int]:
        """Run a batch that ended its worker again, case by case, to find the guilty ones.

        Return its rows and the number of cases that ended their worker. A batch that comes through
        one by one keeps its first end in every row: no case of it can be cleared.
        """
        if len(batch) == 1:
            return _unjudged(batch, planned, end), 1
        rows: list[Columns] = []
        deaths = 0
        for at, case in enumerate(batch):
            if deaths == budget or self._stopped.is_set():
                left = NotRun(reason=f"{CRASH_BUDGET} cases ended their worker before")
                rows.append(_unjudged(batch[at:], planned, left))
                break
            made = self._call(lane, [case], planned)
            if isinstance(made, Crashed | TimedOut):
                deaths += 1
                made = _unjudged([case], planned, made)
            rows.append(made)
        return (_joined(rows), deaths) if deaths else (_unjudged(batch, planned, end), 1)

    def _lane(self, planned: Planned) -> Lane:
        backend = planned.target.backend
        with suppress(KeyError):
            return self._lanes.pop(backend)
        return self._start(registry.adapter_class(backend).environment)

    def _start(self, environment: Mapping[str, str]) -> Lane:
        return self._stack.enter_context(
            Lane(
                environment=environment,
                case_seconds=self._case_seconds,
                stopped=self._stopped,
            )
        )


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _until_done(
    parts: "queue.SimpleQueue[Part | BaseException | None]", targets: int
) -> Iterator[Part]:
    while targets:
        match parts.get():
            case Part() as part:
                yield part
            case None:
                targets -= 1
            case error:
                raise error


def _joined(parts: Sequence[Columns]) -> Columns:
    return {name: [value for part in parts for value in part[name]] for name in parts[0]}


def _unjudged(batch: Sequence[Case], planned: Planned, outcome: Outcome) -> Columns:
    """Return rows for cases that no framework answered, each with the same outcome."""
    return columns(
        [
            row(
                case=case,
                target=planned.target,
                version=planned.version,
                route=None,
                outcome=outcome,
                judgement=judge(case, None, None, outcome),
            )
            for case in batch
        ]
    )
