"""One order on one lane, whatever becomes of the worker: here it dies of every case."""

import inspect
import sys
import threading
from typing import Any, cast

import pytest

from tconv.engine.process.crash_search import Trial
from tconv.engine.process.process import End, Lane
from tconv.engine.tasks import Order, Served
from tconv.model.case import Case
from tconv.model.outcome import Crashed
from tconv.model.target import Target

CASES = tuple(Case.from_parameters(ndim=1, i=i, k=1) for i in range(1, 201))


class Deadly:
    """A lane whose worker dies of the first case it is given."""

    def call(self, *_: object) -> End:
        return End(outcome=Crashed(exit_code=-11, stderr=""), place=0)


@pytest.fixture(scope="module")
def served() -> Served:
    """Return what becomes of a large batch of which every case ends its worker."""
    order = Order(
        target=Target(backend="a", mode="call", device="cpu"), version="1", cases=CASES, seed=0,
        suspects=frozenset(), allowance=len(CASES) + 1, spent=0,
    )  # fmt: skip
    trial = Trial(order, cast("Lane", cast("Any", Deadly())), stopped=threading.Event())
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + len(CASES))  # one frame per death is too many
    try:
        return trial.served()
    finally:
        sys.setrecursionlimit(limit)


def test_batch_of_deadly_cases_is_no_deeper_than_one_of_them(served: Served) -> None:
    rows = served.sheaf.to_columns()

    assert rows["case"] == [case.id for case in CASES]
    assert set(rows["verdict"]) == {"crashed"}


def test_time_of_deadly_cases_counts(served: Served) -> None:
    assert served.seconds > 0
