"""Blocks of cases, and which of them share a worker of xdist."""

import pytest

from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.batch_size import FIXED_SIZE
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.pytest_plugin.blocks import blocks
from tconv.pytest_plugin.xdist import block_name, scope


def planned(*cases: Case, unavailable: str | None = None) -> TargetPlan:
    target = Target(backend="torch", mode="eager", device="cpu")
    return TargetPlan(target=target, cases=cases, version="1", unavailable=unavailable)


def case(ndim: int, i: int = 2) -> Case:
    return Case.from_parameters(ndim=ndim, i=i, k=1)


def test_blocks_hold_every_case_once_by_number_of_axes() -> None:
    cases = [case(ndim, i) for i in range(1, FIXED_SIZE + 2) for ndim in (2, 1)]

    made = blocks([planned(*cases)], "block")

    assert [block.name for block in made] == [
        "torch:eager@cpu-1d-0000",
        "torch:eager@cpu-1d-0001",
        "torch:eager@cpu-2d-0000",
        "torch:eager@cpu-2d-0001",
    ]
    assert sorted(c.id for block in made for c in block.cases) == sorted(c.id for c in cases)
    assert all(len({c.ndim for c in block.cases}) == 1 for block in made)


def test_block_of_one_case_is_named_after_it() -> None:
    made = blocks([planned(case(1), case(2))], "case")

    assert [block.name for block in made] == [
        "torch:eager@cpu-1d-i2-k1-ci2-co4-f32",
        "torch:eager@cpu-2d-i2x2-k1x1-ci2-co4-f32",
    ]


@pytest.mark.parametrize("size", ["block", "case"])
def test_target_that_is_unavailable_is_one_block(size: str) -> None:
    (made,) = blocks([planned(case(1), case(2), unavailable="gone")], size)  # type: ignore[arg-type] # both are sizes

    assert made.name == "torch:eager@cpu-unavailable"
    assert len(made.cases) == 2


@pytest.mark.parametrize(
    ("node_id", "dist", "kept"),
    [
        ("a.toml::tconv[torch:eager@cpu-2d-0003]", "load", "tconv torch"),
        ("a.toml::tconv[torch:channels_last@cpu-1d-0000]", "loadfile", "tconv torch"),
        ("a.toml::tconv[jax:conv@cpu-1d-0000]", "load", "tconv jax"),
        ("test_a.py::test_b[1]", "load", "test_a.py::test_b[1]"),
        ("test_a.py::C::test_b", "loadscope", "test_a.py::C"),
        ("test_a.py::C::test_b", "loadfile", "test_a.py"),
        ("test_a.py::test_b@group", "loadgroup", "group"),
    ],
)
def test_backend_stays_together_and_other_tests_as_they_would(
    node_id: str, dist: str, kept: str
) -> None:
    assert scope(node_id, dist) == kept


def test_other_items_have_no_block() -> None:
    assert block_name("test_a.py::test_tconv[1]") is None
