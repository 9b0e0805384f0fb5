"""Runs a plan in slots, each a thread that waits for the result of one task at a time.

The caller decides what computes a task: a process here, or one on another machine.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.batch_size import fixed_batches
from tconv.engine.schedule.draw_table import DrawTable
from tconv.engine.schedule.queue import WorkQueue
from tconv.engine.schedule.target_state import TargetState
from tconv.engine.tasks import Part, Task, TaskResult
from tconv.errors import ExecutorError
from tconv.model.outcome import Unavailable
from tconv.store import RowBatch
from tconv.store.rows import without_result

_POLL: Final = 0.2  # seconds between two checks of whether anyone still takes parts
_AHEAD: Final = 2  # parts of each slot that may wait to be taken, so that memory stays flat


class Scheduler:
    """The slots of one run.

    Args:
        plans: the targets.
        compute: returns the result of a task, given the slot, a number from 0 on.
        seed: seed of the inputs.
        slots: how many tasks are computed at a time.
        stopped: set when the run is over.

    Raises:
        ExecutorError: it is over already, as after an earlier run.
    """

    def __init__(
        self,
        plans: Sequence[TargetPlan],
        compute: Callable[[int, Task], TaskResult],
        *,
        seed: int,
        slots: int,
        stopped: threading.Event,
    ) -> None:
        if stopped.is_set():
            raise ExecutorError("an executor runs once; make another one for another run")
        self._unavailable = [plan for plan in plans if plan.unavailable]
        available = [plan for plan in plans if not plan.unavailable]
        self._queue = WorkQueue(list(_states(available, seed)), slots)
        self._compute = compute
        self._slots = slots
        self._stopped = stopped
        self._done: queue.Queue[Part | BaseException | None] = queue.Queue(_AHEAD * slots)

    def parts(self) -> Iterator[Part]:
        """Yield the parts of what is left of every target as they are done, in no order."""
        for plan in self._unavailable:
            yield from _unavailable_parts(plan)
        busy = self._slots
        with ThreadPoolExecutor(self._slots) as threads:
            try:
                for slot in range(self._slots):
                    threads.submit(self._work, slot)
                while busy:
                    match self._done.get():
                        case Part() as part:
                            yield part
                        case None:
                            busy -= 1
                        case error:
                            raise error
            finally:
                self._stopped.set()  # nothing is left to do, or the caller left early
                self._queue.close()

    def _work(self, slot: int) -> None:
        """Hand over one part after the other; at the end None, or an error."""
        try:
            while task := self._queue.take(slot):
                self._hand_over(self._queue.settle(task, self._compute(slot, task)))
            self._hand_over(None)
        except BaseException as error:  # noqa: BLE001 # raised in the thread that takes the parts
            self._hand_over(error)

    def _hand_over(self, item: Part | BaseException | None) -> None:
        """Put an item on the queue once there is room; give up when the run is over."""
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._done.put(item, timeout=_POLL)
                return


def _states(plans: Sequence[TargetPlan], seed: int) -> Iterator[TargetState]:
    """Yield the states; targets of a backend share crashes, those with the same cases draws."""
    crashed: dict[str, set[str]] = {}
    tables: dict[int, DrawTable] = {}  # by id of the sequence: comparing the cases is slow
    for plan in plans:
        yield TargetState(
            plan,
            seed=seed,
            crashed=crashed.setdefault(plan.target.backend, set()),
            draw_table=tables.setdefault(id(plan.cases), DrawTable(len(plan.cases))),
        )


def _unavailable_parts(plan: TargetPlan) -> Iterator[Part]:
    """Yield the rows of a target that cannot be run."""
    outcome = Unavailable(reason=plan.unavailable or "")
    for span in plan.spans:
        first = span.start
        for cases in fixed_batches(plan.cases[span.start : span.stop]):
            rows = without_result(cases, plan.target, plan.version, outcome)
            yield Part(plan=plan, first=first, row_batch=RowBatch.from_columns(rows))
            first += len(cases)
