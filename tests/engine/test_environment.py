"""The variables that worker processes inherit, and what is left of them afterwards."""

import os
from contextlib import ExitStack

import pytest

from tconv.engine.process.environment import WORKER_VARIABLES, worker_variables


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """Return the variables before anyone changes them: one is set, the others are not."""
    monkeypatch.setattr(
        "tconv.engine.process.environment._holders", []
    )  # other tests may hold a pool
    monkeypatch.setattr("tconv.engine.process.environment._before", {})
    for name in WORKER_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    return variables()


def variables() -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in WORKER_VARIABLES}


def test_variables_come_back_as_they_were(before: dict[str, str | None]) -> None:
    with worker_variables():
        inside = variables()

    assert inside == WORKER_VARIABLES
    assert variables() == before


def test_who_leaves_first_takes_nothing_from_who_stays(before: dict[str, str | None]) -> None:
    early, late = ExitStack(), ExitStack()
    early.enter_context(worker_variables())
    late.enter_context(worker_variables())

    early.close()
    between = variables()
    late.close()

    assert between == WORKER_VARIABLES
    assert variables() == before
