"""What a worker does with a batch, in this process."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from numpy.typing import NDArray

from harness.adapters.base import Adapter, Tensors
from harness.adapters.numpy import NumpyAdapter
from harness.case import Case
from harness.engine import worker
from harness.rows import Columns
from harness.target import Target

SMALL = tuple(Case.from_parameters(ndim=1, i=i, k=2) for i in (3, 4, 5))
LARGE = Case.from_parameters(ndim=2, i=48, k=3)


class AtOnce(NumpyAdapter):
    """Gives its results as a list."""

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> list[NDArray[Any] | Exception]:
        return list(super().compute_many(cases, tensors, mode, device))


def rows(adapter: Adapter, cases: Sequence[Case]) -> Columns:
    target = Target(backend="numpy", mode="scatter", device="cpu")
    return worker.judged(adapter, cases, target, "1.0", seed=7)


@pytest.mark.parametrize("adapter", [NumpyAdapter, AtOnce])
def test_time_of_the_harness_itself_is_not_the_frameworks(
    adapter: type[Adapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    def noted(name: str) -> None:
        does = getattr(worker, name)

        def noting(*args: Any, **rest: Any) -> Any:
            events.append(name)
            return does(*args, **rest)

        monkeypatch.setattr(worker, name, noting)

    monkeypatch.setattr(worker, "_beat", lambda: events.append("beat"))
    for name in ("_kept_draw", "judge"):
        noted(name)

    rows(adapter(), SMALL)

    busy = [pair for pair in itertools.pairwise(events) if "beat" not in pair]
    assert events.count("_kept_draw") == events.count("judge") == len(SMALL)
    assert busy == []


def test_large_case_is_not_kept() -> None:
    before = worker._kept_draw.cache_info().currsize, worker._kept_answer.cache_info().currsize

    made = rows(NumpyAdapter(), [LARGE])

    assert made["verdict"] == ["match"]
    assert before == (
        worker._kept_draw.cache_info().currsize, worker._kept_answer.cache_info().currsize,
    )  # fmt: skip
