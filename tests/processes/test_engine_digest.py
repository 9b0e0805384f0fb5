"""A run's digest does not depend on how the work is spread: workers, batches, executor."""

from pathlib import Path

import pytest

from tconv.engine.executors import executor_named
from tconv.engine.plan import plan
from tconv.model.case import Case
from tconv.model.target import Selection
from tconv.store.digest import RowsDigest

BACKENDS = ("numpy", "fake-wrong", "fake-segfault")
CASES = tuple(
    Case.from_parameters(ndim=1, i=i, k=3 if i == 20 else 2, s=2, c_in=1, c_out=1)
    for i in range(1, 41)
)  # one of them ends the worker of fake-segfault


@pytest.fixture(autouse=True)
def _helpful(
    fakes: Path,  # registers them, also in other processes
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let an idle slot help at once."""
    monkeypatch.setattr("tconv.engine.schedule.queue.MIN_GAIN_OTHER_BACKEND", 0.0)


def digest(executor: str = "local", *, workers: int = 1) -> tuple[str, int]:
    """Return the digest of a sweep, and in how many parts its rows came."""
    made, parts = RowsDigest(), 0
    with executor_named(executor)(workers=workers, case_seconds=60.0) as running:
        found = running.describe(BACKENDS)
        planned = plan([Selection.from_text(backend) for backend in BACKENDS], found, CASES)
        for part in running.run(planned):
            made.join(part.row_batch.digest, part.row_batch.rows)
            parts += 1
    assert made.rows == sum(len(each.cases) for each in planned)
    return made.hexadecimal, parts


@pytest.fixture(scope="module")
def undisturbed(fakes: Path) -> str:  # registers the adapters
    """Return the digest of a sweep by one worker, in batches of the usual size."""
    return digest()[0]


@pytest.mark.parametrize("workers", [2, 3])
def test_digest_does_not_depend_on_the_number_of_workers(workers: int, undisturbed: str) -> None:
    assert digest(workers=workers)[0] == undisturbed


@pytest.mark.parametrize("most", [1, 7])
def test_digest_does_not_depend_on_the_size_of_batches(
    most: int, undisturbed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tconv.engine.schedule.batch_size.MAX_SIZE", most)

    found, parts = digest()

    assert found == undisturbed
    assert parts >= 8 * len(CASES) / most


def test_digest_does_not_depend_on_stolen_work(
    undisturbed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tconv.engine.schedule.batch_size.MAX_SIZE", 2)
    monkeypatch.setattr("tconv.engine.schedule.queue.MIN_GAIN_SAME_BACKEND", 0.0)

    assert digest(workers=3)[0] == undisturbed


def test_digest_does_not_depend_on_what_is_known_of_the_draws(
    undisturbed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tconv.engine.schedule.draw_table.DrawTable.recipes", lambda *_: ())

    assert digest()[0] == undisturbed


def test_digest_does_not_depend_on_the_executor(undisturbed: str) -> None:
    assert digest("dask", workers=2)[0] == undisturbed
