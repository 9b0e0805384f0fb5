"""The kit for tests of one's own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from unittest import SkipTest

import pytest

from tconv.adapters.registry import load
from tconv.errors import CaseError, ConfigError, TargetError
from tconv.model.case import Case
from tconv.testing import Conformance, assert_conforms, cases

PLUGINS: Final = Path(__file__).parents[1] / "fakes"
CASE: Final = "1d-i3-k3-s2-ci2-co4-f32"


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PLUGINS))


@pytest.fixture
def held(_fakes: None) -> Iterator[Conformance]:
    with Conformance(case_seconds=2) as made:
        yield made


@cases(ndim=1, i=[3, 4], k=2, s=[1, 2])
def test_right_adapter_conforms(case: Case) -> None:
    assert_conforms(load("fake-right"), case)


@cases(ndim=1, i=3, k=2, targets=["numpy:gather", "numpy:scatter@cpu"])
def test_target_conforms(target: str, case: Case) -> None:
    assert_conforms(target, case)


def test_wrong_adapter_is_told_with_both_numbers_and_a_command() -> None:
    with pytest.raises(AssertionError) as told:
        assert_conforms(load("fake-wrong"), CASE)

    lines = str(told.value).splitlines()
    assert lines[0] == f"{CASE}: value"
    assert [line.split()[0] for line in lines[1:]] == ["got", "should", "rerun"]
    assert lines[-1].endswith(f"tconv run smoke --case {CASE} --target fake-wrong:call@cpu")


def test_adapter_that_is_not_registered_is_told_without_a_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    adapter = load("fake-wrong")
    monkeypatch.setattr(type(adapter), "name", "mine")

    with pytest.raises(AssertionError, match=r"rerun +assert_conforms\(adapter, '1d-i3"):
        assert_conforms(adapter, CASE)


def test_case_that_ends_the_process_of_a_target_fails_alone(held: Conformance) -> None:
    with pytest.raises(AssertionError, match=r"crashed\n +got +the worker ended .* \(SIGSEGV\)"):
        held.assert_conforms("fake-segfault", CASE)
    held.assert_conforms("fake-segfault", "1d-i3-k2-ci1-co1-f32")


def test_every_mode_is_judged_where_a_backend_is_named(held: Conformance) -> None:
    with pytest.raises(AssertionError) as told:
        held.assert_conforms("fake-half", CASE)

    assert "fake-half:call+wrong@cpu" in str(told.value)
    assert "fake-half:call@cpu" not in str(told.value)


@pytest.mark.parametrize(
    ("subject", "said"),
    [("fake-honest", "unsupported: no squares"), ("fake-uninstalled", "no_such_framework")],
)
def test_what_cannot_be_judged_is_skipped(subject: str, said: str, held: Conformance) -> None:
    with pytest.raises(SkipTest, match=said):
        held.assert_conforms(subject, CASE)


def test_refusal_of_an_illegal_case_conforms() -> None:
    assert_conforms(load("fake-right"), "1d-i1-k1-p2-ci1-co1-f32")


def test_unknown_mode_of_an_adapter_lists_the_known_ones() -> None:
    with pytest.raises(TargetError, match="mode='shout', but should be one of call"):
        assert_conforms(load("fake-right"), CASE, mode="shout")


def test_faulty_case_id_is_told() -> None:
    with pytest.raises(CaseError, match="part 'q1'"):
        assert_conforms(load("fake-right"), "1d-q1")


def test_cases_of_a_configuration_have_their_ids() -> None:
    marked = cases("smoke")

    names, values = marked.mark.args
    assert names == "case"
    assert [case.id for case in values] == marked.mark.kwargs["ids"]
    assert len(values) > 1000


@pytest.mark.parametrize(
    ("arguments", "grid", "said"),
    [
        ((), {}, "should be one of the two"),
        (("smoke",), {"ndim": 1}, "should be one of the two"),
        ((), {"ndim": 1, "i": 3, "k": 0.5}, "tconv.testing.cases: .*k"),
        ((), {"ndim": 1, "i": 1, "k": 1, "where": "k > 1"}, "cases kept=0"),
    ],
    ids=["neither", "both", "key", "empty"],
)
def test_mistake_in_cases_is_told(
    arguments: tuple[str, ...], grid: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        cases(*arguments, **grid)


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
        timeout=60,
    )

    assert "1 passed" in done.stdout, done.stdout
