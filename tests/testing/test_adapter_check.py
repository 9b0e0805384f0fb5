"""The examination, driven by adapters that break their contract in one way each."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from click.testing import CliRunner

from tconv.adapters.base import Adapter  # noqa: TC001 # the fixture of a test reads it
from tconv.adapters.registry import load
from tconv.cli.check import check_adapter
from tconv.errors import TargetError
from tconv.model.case import Case
from tconv.testing.adapter_check.cases import ILLEGAL, LEGAL
from tconv.testing.adapter_check.run import CHECKS, examine
from tconv.testing.adapter_check.subject import Subject

PLUGINS: Final = Path(__file__).parents[1] / "fakes"
FAULTS: Final = {
    "fault-transposed": ("layout", "convert x from (n, c_in, *i)"),
    "fault-flipped": ("kernel", "kernel flipped"),
    "fault-unsided": ("padding", "one per side of each axis"),
    "fault-biasless": ("layout", "got"),
    "fault-widened": ("layout", "dtype, got dtype float64, should be dtype float32"),
    "fault-masked": ("promises", "numpy.ma.MaskedArray, but should be numpy.ndarray"),
    "fault-overclaiming": ("promises", "route is native, but compute raises NotImplementedError"),
    "fault-dishonest": ("promises", "unsupported (no dilation), but the call computes"),
    "fault-unproved": ("routes", "error_pattern='.*' matches any error"),
    "fault-misquoted": ("promises", "the error does not match 'out of memory'"),
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
    "fault-untexted": ("declarations", "settings() has 'threads': 1, but should have texts"),
}


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PLUGINS))


@pytest.fixture
def _restored() -> Iterator[None]:
    """Undo what adapters leave behind in this process on purpose."""
    state, errors, variables = random.getstate(), np.geterr(), dict(os.environ)
    yield
    random.setstate(state)
    np.seterr(**errors)
    os.environ.clear()
    os.environ.update(variables)


def subject(registered: str) -> Subject:
    adapter: Adapter = load(registered)
    return Subject(registered=registered, adapter=adapter, mode=adapter.modes[0].name, device="cpu")


def found(backend: str) -> dict[str, str]:
    """Return what each check says that an adapter has to mend, in this process."""
    examined = subject(backend)
    said = {check.name: "\n".join(check.look(examined)) for check in CHECKS}
    return {name: text for name, text in said.items() if text}


def test_right_adapter_has_nothing_to_mend() -> None:
    assert found("fake-right") == {}


@pytest.mark.parametrize("backend", FAULTS)
@pytest.mark.usefixtures("_restored")
def test_fault_is_named_by_its_check(backend: str) -> None:
    check, said = FAULTS[backend]

    mends = found(backend)

    assert said in mends.get(check, ""), mends


@pytest.mark.parametrize("case", LEGAL, ids=lambda case: case.id)
def test_sizes_of_a_probe_tell_its_axes_apart(case: Case) -> None:
    assert case.suite == "explicit"
    assert len(set(case.i)) == case.ndim
    assert len({case.n, case.c_in}) == 2


@pytest.mark.parametrize("reason", ILLEGAL)
def test_illegal_probe_has_no_answer(reason: str) -> None:
    assert ILLEGAL[reason].suite == "illegal"


def test_result_that_depends_on_threads_is_found_by_another_process() -> None:
    mends = {result.name: result.mends for result in examine("fault-threaded") if result.mends}

    assert list(mends) == ["threads"]
    assert "look for a race" in mends["threads"][0][1]


def test_adapter_that_dies_is_told_with_its_exit_code() -> None:
    mends = {result.name: result.mends for result in examine("fault-mortal") if result.mends}

    assert "the process ended with exit code 7" in mends["promises"][0][1]
    assert "not looked at" in mends["groups"][0][1]


def test_unknown_backend_lists_the_known_ones() -> None:
    with pytest.raises(TargetError, match=r"backend='nope', but should be one of .*fake-right"):
        next(examine("nope"))


def test_command_prints_a_line_per_check_and_ends_with_0_where_all_is_well() -> None:
    done = CliRunner().invoke(check_adapter, ["fake-right"])

    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == len(CHECKS) + 1
    assert all(line.startswith("ok ") for line in done.stdout.splitlines())


def test_command_says_what_to_mend_and_ends_with_1() -> None:
    done = CliRunner().invoke(check_adapter, ["fault-unversioned"])

    assert done.exit_code == 1
    assert "mend  declarations" in done.stdout
    assert "fault-unversioned:call@cpu: versions() should have" in done.stdout


def test_command_prints_json_where_a_program_reads() -> None:
    done = CliRunner().invoke(check_adapter, ["fault-unversioned", "--json"])

    checks = {check["name"]: check["mends"] for check in json.loads(done.stdout)["checks"]}
    assert done.exit_code == 1
    assert [name for name, mends in checks.items() if mends] == ["declarations"]


def test_command_ends_with_3_where_the_backend_is_unavailable() -> None:
    done = CliRunner().invoke(check_adapter, ["fake-uninstalled"])

    assert done.exit_code == 3
    assert "fake-uninstalled is unavailable: ModuleNotFoundError" in done.stderr
