"""Assertions for tests of one's own."""

from typing import Any, Final

import pytest

from tconv.adapters.registry import load
from tconv.errors import CaseError, ConfigError, TargetError
from tconv.model.case import Case
from tconv.testing import assert_conforms, cases

CASE: Final = "1d-i3-k3-s2-ci2-co4-f32"


pytestmark = pytest.mark.usefixtures("fakes")


@cases(ndim=1, i=[3, 4], k=2, s=[1, 2])
def test_right_adapter_conforms(case: Case) -> None:
    assert_conforms(load("fake-right"), case)


def test_wrong_adapter_fails_with_both_numbers_and_a_command() -> None:
    with pytest.raises(AssertionError) as told:
        assert_conforms(load("fake-wrong"), CASE)

    lines = str(told.value).splitlines()
    assert lines[0] == f"{CASE}: value"
    assert [line.split()[0] for line in lines[1:]] == ["got", "should", "rerun"]
    assert lines[-1].endswith(f"tconv run smoke --case {CASE} --target fake-wrong:call@cpu")


def test_adapter_that_is_not_registered_fails_without_a_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    adapter = load("fake-wrong")
    monkeypatch.setattr(type(adapter), "name", "mine")

    with pytest.raises(AssertionError, match=r"rerun +assert_conforms\(adapter, '1d-i3"):
        assert_conforms(adapter, CASE)


def test_refusal_of_an_illegal_case_conforms() -> None:
    assert_conforms(load("fake-right"), "1d-i1-k1-p2-ci1-co1-f32")


def test_unknown_mode_of_an_adapter_lists_the_known_ones() -> None:
    with pytest.raises(TargetError, match="mode='shout', but should be one of call"):
        assert_conforms(load("fake-right"), CASE, mode="shout")


def test_faulty_case_id_is_an_error() -> None:
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
def test_mistake_in_cases_is_an_error(
    arguments: tuple[str, ...], grid: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        cases(*arguments, **grid)
