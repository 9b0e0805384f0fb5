"""The adapter check, driven by adapters that break their contract in one way each."""

import os
import random
from collections.abc import Iterator
from typing import Final

import numpy as np
import pytest

from tconv.adapters.base import Adapter  # noqa: TC001 # the fixture of a test reads it
from tconv.adapters.registry import load
from tconv.errors import TargetError
from tconv.model.case import Case
from tconv.testing.adapter_check.cases import ILLEGAL, LEGAL
from tconv.testing.adapter_check.run import CHECKS, run_checks
from tconv.testing.adapter_check.subject import CheckedAdapter

FAULTS: Final = {
    "fault-transposed": ("layout", "convert x from (n, c_in, *i)"),
    "fault-flipped": ("kernel", "kernel flipped"),
    "fault-unsided": ("padding", "one per side of each axis"),
    "fault-unpadded": ("input_padding", "leave pads_input False"),
    "fault-biasless": ("layout", "got"),
    "fault-widened": ("layout", "dtype, got dtype float64, should be dtype float32"),
    "fault-masked": ("promises", "numpy.ma.MaskedArray, but should be numpy.ndarray"),
    "fault-overclaiming": ("promises", "route is native, but compute raises NotImplementedError"),
    "fake-dishonest": ("promises", "unsupported (no squares), but the call computes"),
    "fault-unproved": ("routes", "error_pattern='.*' matches any error"),
    "fake-misquoted": ("promises", "the error does not match 'circle'"),
    "fault-moody": ("routes", "route differs from one call to the next"),
    "fault-overwriting": ("inputs", "x was written to"),
    "fault-demanding": ("read-only", "read-only arrays raise ValueError"),
    "fault-reusing": ("later", "a result changed after the next call"),
    "fault-restless": ("repeat", "the same call gave different results"),
    "fault-batch-differs": ("batch", "compute_many gives another result than compute"),
    "fault-batch-short": ("batch", "results for"),
    "fault-batch-fails": ("batch", "makes compute_many raise"),
    "fault-batch-refuses": ("batch", "it must be refused alone"),
    "fault-swallowing": ("errors", "an input that lacks a channel gave an array"),
    "fault-leaky": ("session", "numpy.geterr() is not what it was before, after a session"),
    "fault-leaky-variable": ("session", "os.environ is not what it was before"),
    "fault-seeding": ("session", "random.getstate() is not what it was before"),
    "fault-leaky-on-error": ("session", "numpy.geterr() is not what it was before, after an error"),
    "fault-soothing": ("session", "session swallows an error"),
    "fault-misnamed": ("declarations", "should be 'fault-misnamed', as it is registered"),
    "fault-unsorted": ("declarations", "mode='call+b+a', but should be 'call+a+b'"),
    "fault-unversioned": ("declarations", "should have the framework's version under"),
    "fault-untexted": ("declarations", "settings() has 'threads': 1, but should have strings"),
}


pytestmark = pytest.mark.usefixtures("fakes")


@pytest.fixture
def _restored() -> Iterator[None]:
    """Undo what adapters leave behind in this process on purpose."""
    state, errors, variables = random.getstate(), np.geterr(), dict(os.environ)
    yield
    random.setstate(state)
    np.seterr(**errors)
    os.environ.clear()
    os.environ.update(variables)


def subject(registered: str) -> CheckedAdapter:
    adapter: Adapter = load(registered)
    return CheckedAdapter(
        registered=registered, adapter=adapter, mode=adapter.modes[0].name, device="cpu"
    )


def found(backend: str) -> dict[str, str]:
    """Return what each check finds to fix in an adapter, in this process."""
    examined = subject(backend)
    said = {check.name: "\n".join(check.problems(examined)) for check in CHECKS}
    return {name: text for name, text in said.items() if text}


def test_right_adapter_has_nothing_to_fix() -> None:
    assert found("fake-right") == {}


@pytest.mark.parametrize("backend", FAULTS)
@pytest.mark.usefixtures("_restored")
def test_fault_is_named_by_its_check(backend: str) -> None:
    check, said = FAULTS[backend]

    problems = found(backend)

    assert said in problems.get(check, ""), problems


@pytest.mark.parametrize("case", LEGAL, ids=lambda case: case.id)
def test_sizes_of_a_case_differ_between_its_axes(case: Case) -> None:
    assert case.suite == "explicit"
    assert len(set(case.i)) == case.ndim
    assert len({case.n, case.c_in}) == 2


@pytest.mark.parametrize("reason", ILLEGAL)
def test_illegal_case_has_no_answer(reason: str) -> None:
    assert ILLEGAL[reason].suite == "illegal"


def test_unknown_backend_lists_the_known_ones() -> None:
    with pytest.raises(TargetError, match=r"backend='nope', but should be one of .*fake-right"):
        next(run_checks("nope"))
