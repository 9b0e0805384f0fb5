"""One task on one worker process, whatever becomes of that: here it dies of every case."""

import inspect
import sys
import threading
from typing import Any, cast

import pytest

from tconv.engine.process.crash_search import CrashSearch
from tconv.engine.process.worker_process import WorkerEnd, WorkerProcess
from tconv.engine.tasks import Task, TaskResult
from tconv.model.case import Case
from tconv.model.outcome import Crashed
from tconv.model.target import Target

CASES = tuple(Case.from_parameters(ndim=1, i=i, k=1) for i in range(1, 201))


class Deadly:
    """A worker that dies of the first case it gets."""

    def call_within(self, *_: object) -> WorkerEnd:
        return WorkerEnd(outcome=Crashed(exit_code=-11, stderr=""), place=0)


@pytest.fixture(scope="module")
def result() -> TaskResult:
    """Return what becomes of a large batch of which every case ends its worker."""
    task = Task(
        target=Target(backend="a", mode="call", device="cpu"), version="1", cases=CASES, seed=0,
        crashed_before=frozenset(), crash_budget=len(CASES) + 1, crashes=0,
    )  # fmt: skip
    search = CrashSearch(
        task, cast("WorkerProcess", cast("Any", Deadly())), stopped=threading.Event()
    )
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + len(CASES))  # one frame per death is too many
    try:
        return search.result()
    finally:
        sys.setrecursionlimit(limit)


def test_batch_of_deadly_cases_is_no_deeper_than_one_of_them(result: TaskResult) -> None:
    rows = result.row_batch.to_columns()

    assert rows["case"] == [case.id for case in CASES]
    assert set(rows["verdict"]) == {"crashed"}


def test_time_of_deadly_cases_counts(result: TaskResult) -> None:
    assert result.seconds > 0
