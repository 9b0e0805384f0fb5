"""What a worker does with a batch, in this process."""

import itertools
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.adapters import registry
from tconv.adapters.base import Adapter, Result, Tensors
from tconv.adapters.guard import GuardedAdapter
from tconv.adapters.numpy import NumpyAdapter
from tconv.engine.worker import compute
from tconv.engine.worker.describe import describe_adapter
from tconv.engine.worker.sampling import is_drawn
from tconv.errors import AdapterError
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.store.rows import Columns

pytestmark = pytest.mark.usefixtures("fakes")

SMALL = tuple(Case.from_parameters(ndim=1, i=i, k=2) for i in (3, 4, 5))


class AtOnce(NumpyAdapter):
    """Gives its results as a list."""

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> list[Result]:
        return list(super().compute_many(cases, tensors, mode, device))


class Versionless(NumpyAdapter):
    """Gives a version without a name."""

    def versions(self) -> dict[str, str]:
        return "2.0"  # type: ignore[return-value] # the fault


def rows(adapter: Adapter, cases: Sequence[Case]) -> Columns:
    target = Target(backend="numpy", mode="scatter", device="cpu")
    guarded = GuardedAdapter(adapter)
    return compute.compute_rows(guarded, cases, compute.draw_batch(cases, 7), target, "1.0")


def test_versions_that_are_no_mapping_are_named_in_the_error() -> None:
    with pytest.raises(AdapterError, match=r"versions\(\)='2.0', but should be a mapping of stri"):
        describe_adapter(GuardedAdapter(Versionless()))


@pytest.mark.parametrize("adapter", [NumpyAdapter, AtOnce])
def test_time_of_the_harness_itself_is_not_the_frameworks(
    adapter: type[Adapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    def noted(module: ModuleType, name: str) -> None:
        does = getattr(module, name)

        def noting(*args: Any, **rest: Any) -> Any:
            events.append(name)
            return does(*args, **rest)

        monkeypatch.setattr(module, name, noting)

    monkeypatch.setattr(compute, "beat", lambda *_: events.append("beat"))
    noted(compute, "draw_once")
    noted(compute, "judge")

    rows(adapter(), SMALL)

    busy = [pair for pair in itertools.pairwise(events) if "beat" not in pair]
    assert events.count("draw_once") == events.count("judge") == len(SMALL)
    assert busy == []


class Reusing(NumpyAdapter):
    """Gives every result in the same memory."""

    memory = np.empty(64, np.float32)

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        y = super().compute(case, tensors, mode, device)
        self.memory[: y.size] = y.ravel()
        return self.memory[: y.size].reshape(y.shape)


def test_result_is_judged_as_it_was_given() -> None:
    """All of a batch are computed before the first is judged."""
    assert rows(Reusing(), SMALL)["verdict"] == ["match"] * len(SMALL)


class Writing(NumpyAdapter):
    """Answers 0, and writes zeros to its inputs, for which that would be right."""

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        for array in (tensors.x, tensors.w, tensors.b):
            if array is not None:
                array.setflags(write=True)
                array.fill(0)
        return np.zeros(case.y_shape, case.dtype)


def test_adapter_that_writes_to_its_inputs_is_at_fault_and_spoils_them_for_nobody() -> None:
    written = rows(Writing(), SMALL)

    assert written["verdict"] == ["adapter_error"] * len(SMALL)
    assert "wrote to arrays" in str(written["reason"][0])
    assert rows(NumpyAdapter(), SMALL)["verdict"] == ["match"] * len(SMALL)


class Borrowing(NumpyAdapter):
    """Finds the oracle's answer among what the worker keeps, and returns it."""

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        answer = compute._draws[case.id, 7].answer
        assert answer is not None
        return answer


class BorrowingAtOnce(AtOnce, Borrowing):
    """Does so, and gives its results as a list."""


@pytest.mark.parametrize("adapter", [Borrowing, BorrowingAtOnce])
def test_array_of_the_harness_is_no_result(adapter: type[Adapter]) -> None:
    cases = [Case.from_parameters(ndim=1, i=i, k=2, dtype="float64") for i in (3, 4)]

    borrowed = rows(adapter(), cases)

    assert borrowed["verdict"] == ["adapter_error"] * 2
    assert "in the memory of the harness" in str(borrowed["reason"][0])


OPEN = tuple(Case.from_parameters(ndim=1, i=i, k=2, output_padding=None) for i in range(2, 8))


def fake_rows(name: str, cases: Sequence[Case]) -> dict[str, list[Any]]:
    target = Target(backend=name, mode="call", device="cpu")
    adapter = GuardedAdapter(registry.load(name))
    return compute.compute_rows(adapter, cases, compute.draw_batch(cases, 0), target, "1.0")


@pytest.mark.parametrize(
    ("name", "verdict", "inference"),
    [
        ("fake-right", "resolved", "none"),
        ("fake-promising", "resolved", "kept"),
        ("fake-boastful", "resolved", "broken"),
        ("fake-fickle", "rejected", "broken"),
    ],
)
def test_inferred_shape_is_compared_with_what_comes(
    name: str, verdict: str, inference: str
) -> None:
    made = fake_rows(name, OPEN[:1])

    assert (made["verdict"], made["inference"]) == ([verdict], [inference])


def test_inferred_shape_is_kept_in_the_row() -> None:
    made = fake_rows("fake-boastful", OPEN[:1])

    assert (made["inferred_shape"], made["observed_shape"]) == ([(1, 4, 4)], [(1, 4, 3)])


def test_inferred_shape_is_asked_of_a_sample_of_the_open_cases() -> None:
    made = fake_rows("fake-cautious", [*OPEN, *SMALL])
    asked = [inference is not None for inference in made["inference"]]

    assert asked == [case.suite == "open" and is_drawn(case, 3) for case in (*OPEN, *SMALL)]
    assert any(asked)


def test_target_that_only_infers_shapes_resolves_the_size() -> None:
    made = fake_rows("fake-inferring", OPEN[:1])

    assert (made["outcome"], made["verdict"]) == (["inferred"], ["resolved"])
    assert (made["observed_shape"], made["resolution"]) == ([(1, 4, 3)], [None])
