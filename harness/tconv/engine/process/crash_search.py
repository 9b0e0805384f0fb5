"""Computes one task on one worker process; every case gets a row, even if the worker dies.

To find the case that ended a worker, its batch runs again around the case that was being computed.
A worker takes seconds to start, and a compiler tens of milliseconds for a case alone. So what was
finished before runs again in one piece, and pieces of a middle size are used where nobody knows
which case was being computed.

Three deaths are not the case's. Somebody outside may have killed the worker, which does not happen
again. Inferring the shape of the result may have ended it, so the case is computed without. And the
harness itself may fail in a process whose state an adapter has damaged: that is the adapter's fault
if it does not fail where there is no adapter, and otherwise an error of the harness.
"""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt
from typing import Final

from tconv.engine.process.worker_process import (
    MOST_STEPS,
    WorkerEnd,
    WorkerError,
    WorkerProcess,
)
from tconv.engine.tasks import Task, TaskResult
from tconv.engine.worker.batch import compute_batch, compute_without_adapter
from tconv.errors import UnavailableError
from tconv.inputs.draw import DrawRecipe
from tconv.model.case import Case
from tconv.model.outcome import Crashed, Faulty, NotRun, Outcome, Unavailable
from tconv.store import RowBatch
from tconv.store.rows import columns, without_result

STEPS_OF_CASE: Final = 4
"""Times the limit of a case that it may take in all: drawn, computed, inferred and judged."""

MOST_KILLS: Final = 2
"""How often a case whose worker was killed from outside is run again before it is to blame."""

MOST_INFERENCE_DEATHS: Final = 3
"""Cases of a target whose inference may end the worker before no other is asked for its shape."""

_NOT_ASKED: Final = f"not asked: asking ended the process for {MOST_INFERENCE_DEATHS} other cases"
_FAILED: Final = "the harness fails in the process of this adapter, and works in one without it"

_Places = Sequence[int]  # indices of cases in the task


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessFailure:
    """An error of the harness itself, in a worker.

    Attributes:
        error: the error.
        place: index in the batch of the case that was being computed: not known.
        is_limit: whether a limit was passed.
    """

    error: Exception
    place: None = None
    is_limit: bool = False


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
        self._kills: Counter[int] = Counter()  # from outside, by place
        self._inference_faults: dict[int, str] = {}  # by place
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
            row_batch=_with_kills(_join(self._parts), self._kills),
            seconds=self._seconds,
            crashed=tuple(self._crashed),
            inference_deaths=len(self._inference_faults),
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
            case WorkerEnd() | HarnessFailure() as end if len(places) == 1:
                self._explain(places[0], end)
                self._seconds += time.perf_counter() - started
            case WorkerEnd() | HarnessFailure() as end:
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
    ) -> tuple[RowBatch, tuple[DrawRecipe, ...], float] | WorkerEnd | HarnessFailure | Unavailable:
        task = self._task
        try:
            return self._worker.call_within(
                min(STEPS_OF_CASE * len(places), MOST_STEPS),
                compute_batch,
                self._cases(places),
                task.target,
                task.version,
                task.seed,
                [self._recipes[place] for place in places],
                self._inference_fault(places),
            )
        except UnavailableError as error:  # it was available when the run started
            return Unavailable(reason=str(error))
        except Exception as error:
            if not isinstance(error.__cause__, WorkerError):
                raise
            self._worker.replace()
            return HarnessFailure(error=error)

    def _inference_fault(self, places: _Places) -> str | None:
        """Return why no shape is inferred of these cases; None: it is."""
        if len(places) == 1 and places[0] in self._inference_faults:
            return self._inference_faults[places[0]]
        deaths = self._task.inference_deaths + len(self._inference_faults)
        return _NOT_ASKED if deaths >= MOST_INFERENCE_DEATHS else None

    def _explain(self, place: int, end: WorkerEnd | HarnessFailure) -> None:
        """Find out who is to blame for the end of a worker that computed one case alone."""
        match end:
            case HarnessFailure(error=error):
                case = self._task.cases[place]
                compute_without_adapter(case, self._task.seed)  # raises if it is the harness's own
                text = f"{error}\n{error.__cause__ or ''}".strip()
                fault = Faulty(offence=_FAILED, error_type=type(error).__name__, error_text=text)
                self._record_crash(place, fault)
            case WorkerEnd(is_killed_outside=True) if self._kills[place] < MOST_KILLS:
                self._kills[place] += 1
                self._compute([place])
            case WorkerEnd(is_inferring=True) if place not in self._inference_faults:
                self._inference_faults[place] = _manner(end)
                self._compute([place])
            case WorkerEnd(outcome=outcome):
                self._record_crash(place, outcome)

    @property
    def _explained(self) -> int:
        """How many ends of a worker were found again in a case alone."""
        return len(self._crashed) + len(self._inference_faults)

    def _cases(self, places: _Places) -> Sequence[Case]:
        """Return the cases at some places of the task, its own sequence if they are all of them."""
        if len(places) == len(self._task.cases):
            return self._task.cases
        cases = tuple(self._task.cases)
        return [cases[place] for place in places]

    def _replay(self, places: _Places, end: WorkerEnd | HarnessFailure) -> _Places:
        """Run a batch that ended its worker again, in pieces; return what follows the guilty case.

        If a limit was passed and then all cases pass alone, no case is to blame: the batch was only
        large. If somebody outside killed the worker, that is counted. Any other end that does not
        happen again is recorded, as not reproduced, in the row of the case that was being computed,
        or of the first case if that is unknown.
        """
        before = self._explained
        at = end.place if end.place is not None and end.place < len(places) else None
        if at is not None:
            self._compute(places[:at])
            self._compute(places[at : at + 1])
        after = places if at is None else places[at + 1 :]
        if self._explained > before:
            return after
        size = max(isqrt(len(after)), 1)  # about as many pieces as each has places
        for start in range(0, len(after), size):
            self._compute(after[start : start + size])
        if self._explained > before or end.is_limit or self._stopped.is_set():
            return ()
        self._record_unreproduced(places[at or 0], end)
        return ()

    def _record_unreproduced(self, place: int, end: WorkerEnd | HarnessFailure) -> None:
        match end:
            case WorkerEnd(is_killed_outside=True):
                self._kills[place] += 1
            case _ if self._unreproduced is not None:
                pass
            case WorkerEnd(outcome=Crashed() as crash):
                self._unreproduced = place, replace(crash, is_reproduced=False)
            case WorkerEnd(outcome=outcome):
                self._unreproduced = place, outcome
            case HarnessFailure():  # nobody's row: it is right, and says nothing of its case
                pass

    def _record_crash(self, place: int, outcome: Outcome) -> None:
        """Make the end of a worker the row of a case, in place of any earlier row."""
        self._crashed.append(self._task.cases[place].id)
        self._record([place], outcome)

    def _record(self, places: _Places, outcome: Outcome) -> None:
        rows = without_result(self._cases(places), self._task.target, self._task.version, outcome)
        self._parts.append((places, RowBatch.from_columns(rows)))


def _manner(end: WorkerEnd) -> str:
    """Return how inferring a shape ended the process, in words."""
    if isinstance(end.outcome, Crashed):
        return f"inferring the shape ended the process with {end.outcome.manner}"
    return f"inferring the shape took longer than {end.outcome.limit:g} s"


def _with_kills(row_batch: RowBatch, kills: Counter[int]) -> RowBatch:
    """Return the rows with the number of times that somebody outside killed their worker."""
    if not kills:
        return row_batch
    rows = row_batch.to_columns()
    for place, count in kills.items():
        rows["worker_kills"][place] = count
    return RowBatch.from_columns(rows)


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
