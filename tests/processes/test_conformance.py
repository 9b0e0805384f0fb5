"""Assertions for tests of one's own, on targets that compute in processes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from unittest import SkipTest

import pytest

from tconv.model.case import Case
from tconv.testing import Conformance, assert_conforms, cases

CASE: Final = "1d-i3-k3-s2-ci2-co4-f32"


@pytest.fixture
def kit(fakes: Path) -> Iterator[Conformance]:
    with Conformance(case_seconds=60) as conformance:
        yield conformance


@cases(ndim=1, i=3, k=2, targets=["numpy:gather", "numpy:scatter@cpu"])
def test_target_conforms(target: str, case: Case) -> None:
    assert_conforms(target, case)


def test_case_that_ends_the_process_of_a_target_fails_alone(kit: Conformance) -> None:
    with pytest.raises(AssertionError, match=r"crashed\n +got +the worker ended .* \(SIGSEGV\)"):
        kit.assert_conforms("fake-segfault", CASE)
    kit.assert_conforms("fake-segfault", "1d-i3-k2-ci1-co1-f32")


def test_every_mode_is_judged_where_a_backend_is_named(kit: Conformance) -> None:
    with pytest.raises(AssertionError) as error:
        kit.assert_conforms("fake-half", CASE)

    assert "fake-half:call+wrong@cpu" in str(error.value)
    assert "fake-half:call@cpu" not in str(error.value)


@pytest.mark.parametrize(
    ("subject", "reason"),
    [("fake-honest", "unsupported: no squares"), ("fake-uninstalled", "no_such_framework")],
)
def test_what_cannot_be_judged_is_skipped(subject: str, reason: str, kit: Conformance) -> None:
    with pytest.raises(SkipTest, match=reason):
        kit.assert_conforms(subject, CASE)


def test_fixture_ends_its_processes_with_the_session(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "def test_own(conformance):\n"
        "    conformance.assert_conforms('numpy:gather', '1d-i3-k2-ci1-co1-f32')\n"
    )
    done = subprocess.run(  # our own interpreter
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )

    assert "1 passed" in done.stdout, done.stdout
