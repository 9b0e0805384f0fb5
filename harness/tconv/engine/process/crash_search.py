"""Computes one task on one worker process; every case gets a row, even if the worker dies.

To find the case that ended a worker, its batch runs again around the case that was being computed.
A worker takes seconds to start, and a compiler tens of milliseconds for a case alone. So what was
finished before runs again in one piece, and pieces of a middle size are used where nobody knows
which case was being computed.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from math import isqrt

from tconv.engine.process.worker_process import WorkerEnd, WorkerProcess
from tconv.engine.tasks import Task, TaskResult
from tconv.engine.worker.entry import compute_batch
from tconv.errors import UnavailableError
from tconv.inputs.draw import DrawRecipe
from tconv.model.case import Case
from tconv.model.outcome import Crashed, NotRun, Outcome, Unavailable
from tconv.store import RowBatch
from tconv.store.rows import columns, without_result

_Places = Sequence[int]  # indices of cases in the task


class CrashSearch:
    """The search through one task for the cases that end their worker; used once.

    Args:
        task: the cases.
        worker: the process that computes them.
        stopped: set when the run is stopped early, after which rows are missing.
    """

    def __init__(self, task: Task, worker: WorkerProcess, *, stopped: threading.Event) -> None:
        self._task = task
        self._worker = worker
        self._stopped = stopped
        self._parts: list[tuple[_Places, RowBatch]] = []
        self._recipes: list[DrawRecipe | None] = list(task.recipes) or [None] * len(task.cases)
        self._crashed: list[str] = []
        self._unreproduced: tuple[int, Outcome] | None = None  # place and how the worker ended
        self._seconds = 0.0

    def result(self) -> TaskResult:
        """Compute the task; a case that ended a worker before is computed alone."""
        before = self._task.crashed_before  # nearly always empty
        cases = self._task.cases if before else ()
        alone = [place for place, case in enumerate(cases) if case.id in before]
        self._compute([place for place in range(len(self._task.cases)) if place not in alone])
        for place in alone:
            self._compute([place])
        if self._unreproduced is not None:
            self._record_crash(*self._unreproduced)
        return TaskResult(
            row_batch=_join(self._parts),
            seconds=self._seconds,
            crashed=tuple(self._crashed),
            recipes=tuple(self._recipes),
        )

    def _compute(self, places: _Places) -> None:
        """Make the rows of some cases, all together if none of them ends the worker."""
        while places and not self._stopped.is_set():
            places = self._step(places)

    def _step(self, places: _Places) -> _Places:
        """Make the rows of at least some of the cases; return the places that are left."""
        budget = self._task.crash_budget
        if self._task.crashes + len(self._crashed) >= budget:
            reason = f"{budget} cases of this target, its whole budget, ended their worker before"
            self._record(places, NotRun(reason=reason))
            return ()
        started = time.perf_counter()
        match self._ask(places):
            case WorkerEnd() as end if len(places) == 1:
                self._record_crash(places[0], end.outcome)
                self._seconds += time.perf_counter() - started
            case WorkerEnd() as end:
                return self._replay(places, end)
            case Unavailable() as outcome:
                self._record(places, outcome)
            case row_batch, recipes, seconds:
                self._parts.append((places, row_batch))
                for place, recipe in zip(places, recipes, strict=True):
                    self._recipes[place] = recipe
                self._seconds += seconds
        return ()

    def _ask(
        self, places: _Places
    ) -> tuple[RowBatch, tuple[DrawRecipe, ...], float] | WorkerEnd | Unavailable:
        task = self._task
        recipes = [self._recipes[place] for place in places]
        try:
            return self._worker.call(
                compute_batch, self._cases(places), task.target, task.version, task.seed, recipes
            )
        except UnavailableError as error:  # it was available when the run started
            return Unavailable(reason=str(error))

    def _cases(self, places: _Places) -> Sequence[Case]:
        """Return the cases at some places of the task, its own sequence if they are all of them."""
        if len(places) == len(self._task.cases):
            return self._task.cases
        cases = tuple(self._task.cases)
        return [cases[place] for place in places]

    def _replay(self, places: _Places, end: WorkerEnd) -> _Places:
        """Run a batch that ended its worker again, in pieces; return what follows the guilty case.

        If a limit was passed and then all cases pass alone, no case is to blame: the batch was only
        large. A crash that does not happen again is recorded, as not reproduced, in the row of the
        case that was being computed, or of the first case if that is unknown.
        """
        before = len(self._crashed)
        at = end.place if end.place is not None and end.place < len(places) else None
        if at is not None:
            self._compute(places[:at])
            self._compute(places[at : at + 1])
        after = places if at is None else places[at + 1 :]
        if len(self._crashed) > before:
            return after
        size = max(isqrt(len(after)), 1)  # about as many pieces as each has places
        for start in range(0, len(after), size):
            self._compute(after[start : start + size])
        is_found = len(self._crashed) > before
        if not (is_found or end.is_limit or self._stopped.is_set() or self._unreproduced):
            outcome = end.outcome
            if isinstance(outcome, Crashed):
                outcome = replace(outcome, is_reproduced=False)
            self._unreproduced = places[at or 0], outcome
        return ()

    def _record_crash(self, place: int, outcome: Outcome) -> None:
        """Make the end of a worker the row of a case, in place of any earlier row."""
        self._crashed.append(self._task.cases[place].id)
        self._record([place], outcome)

    def _record(self, places: _Places, outcome: Outcome) -> None:
        rows = without_result(self._cases(places), self._task.target, self._task.version, outcome)
        self._parts.append((places, RowBatch.from_columns(rows)))


def _join(parts: Sequence[tuple[_Places, RowBatch]]) -> RowBatch:
    """Return the rows of all parts in order; of two rows for one place, the later is kept."""
    if len(parts) == 1:
        return parts[0][1]
    decoded = [(places, row_batch.to_columns()) for places, row_batch in parts]
    last = {place: (rows, at) for places, rows in decoded for at, place in enumerate(places)}
    chosen = [last[place] for place in sorted(last)]
    return RowBatch.from_columns(
        {name: [rows[name][at] for rows, at in chosen] for name in columns([])}
    )
