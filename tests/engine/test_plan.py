"""The plan says which cases run on which targets, before anything runs."""

import pytest

from tconv.adapters.base import Mode
from tconv.engine.plan import TargetPlan, plan
from tconv.engine.worker.describe import BackendDescription
from tconv.errors import TargetError
from tconv.model.case import Case
from tconv.model.target import Selection

CASES = tuple(Case.from_parameters(ndim=1, i=i, k=2) for i in range(1, 101))
FOUND = BackendDescription(
    backend="a",
    modes=(
        Mode(name="whole", meaning=""),
        Mode(name="part", meaning="", sample=4),
        Mode(name="named", meaning="", sample=0),
    ),
    devices=("cpu", "gpu"),
    versions={"a": "1.0", "kernels": "2.0"},
    settings={},
)


def planned(*texts: str, found: BackendDescription | str = FOUND) -> dict[str, TargetPlan]:
    made = plan([Selection.from_text(text) for text in texts], {"a": found}, CASES)
    return {str(each.target): each for each in made}


def test_backend_alone_means_every_mode_with_a_sample_on_every_device() -> None:
    assert list(planned("a")) == ["a:whole@cpu", "a:part@cpu", "a:whole@gpu", "a:part@gpu"]


def test_version_is_the_frameworks_own() -> None:
    assert planned("a:whole@cpu")["a:whole@cpu"].version == "1.0"


def test_sampled_mode_takes_its_part_of_the_cases() -> None:
    part = planned("a@cpu")["a:part@cpu"]

    assert part.sample == 4
    assert 10 < len(part.cases) < 45
    assert set(part.cases) < set(CASES)


def test_sampled_modes_take_every_case_that_users_name_and_those_of_sample_0_none() -> None:
    plans = plan([Selection.from_text("a@cpu")], {"a": FOUND}, CASES, is_sampled=False)

    assert {str(each.target): each.cases for each in plans} == {
        "a:whole@cpu": CASES, "a:part@cpu": CASES,
    }  # fmt: skip


def test_mode_of_sample_0_takes_every_case_where_it_is_named() -> None:
    (made,) = planned("a:named@cpu").values()

    assert made.cases == CASES


def test_sample_is_the_same_in_every_shard() -> None:
    whole = planned("a@cpu")["a:part@cpu"].cases
    halves = [
        plan([Selection.from_text("a:part@cpu"), Selection.from_text("a")], {"a": FOUND}, half)
        for half in (CASES[::2], CASES[1::2])
    ]
    sampled = [
        plan([Selection.from_text("a@cpu")], {"a": FOUND}, half)[1].cases
        for half in (CASES[::2], CASES[1::2])
    ]

    assert {*sampled[0], *sampled[1]} == set(whole)
    assert sum(len(half[0].cases) for half in halves) == len(CASES)


@pytest.mark.parametrize("texts", [("a", "a:part"), ("a:part", "a")])
def test_target_named_twice_runs_once_with_the_larger_part(texts: tuple[str, str]) -> None:
    made = planned(*texts)

    assert len(made) == 4
    assert made["a:part@cpu"].cases == CASES


@pytest.mark.parametrize(
    ("text", "target"), [("a", "a:any@cpu"), ("a:part", "a:part@cpu"), ("a@gpu", "a:any@gpu")]
)
def test_unavailable_backend_gets_every_case_once_with_the_reason(text: str, target: str) -> None:
    (made,) = planned(text, found="not installed").values()

    assert str(made.target) == target
    assert made.cases == CASES
    assert made.unavailable == "not installed"


def test_absent_device_is_unavailable() -> None:
    (made,) = planned("a:whole@tpu").values()

    assert made.unavailable == "no device tpu here"


def test_unknown_mode_lists_the_known_ones() -> None:
    with pytest.raises(
        TargetError, match=r"mode='shout' of a, but should be one of whole, part, named; "
    ):
        planned("a:shout")
