"""How many cases go to a worker at a time."""

from math import prod

import pytest

from tconv.engine.schedule.batch_size import (
    FIRST_SIZE,
    MAX_SIZE,
    CaseCost,
    count_that_fit,
    fixed_batches,
)
from tconv.grid import expand
from tconv.grid.config import from_mapping
from tconv.model.case import Case

SMALL = Case.from_parameters(ndim=1, i=2, k=1, c_in=1, c_out=1)  # x 2, w 1, y 2 elements
LARGE = Case.from_parameters(ndim=1, i=100, k=1, c_in=1, c_out=1)


def test_first_batch_is_small() -> None:
    assert CaseCost().batch_size == FIRST_SIZE


@pytest.mark.parametrize(
    ("cases", "seconds", "size"),
    [
        (32, 0.032, 128),  # cheap: grows, but not at once
        (1000, 0.1, MAX_SIZE),
        (100, 0.5, 200),  # as many as fit into the time aimed at
        (32, 64.0, 1),  # each takes longer than that
        (32, 0.0, 128),  # too quick to measure
    ],
)
def test_next_batch_follows_from_what_the_last_one_cost(
    cases: int, seconds: float, size: int
) -> None:
    cost = CaseCost()

    cost.learn(cases, seconds)

    assert cost.batch_size == size


def test_short_batch_at_the_end_of_a_span_does_not_shrink_the_next() -> None:
    cost = CaseCost()
    cost.learn(500, 0.5)

    cost.learn(2, 0.002)

    assert cost.batch_size == 1000


def test_volume_bounds_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tconv.engine.schedule.batch_size.MAX_ELEMENTS", 12)

    assert count_that_fit([SMALL] * 5) == 2
    assert count_that_fit([LARGE, SMALL]) == 1


def test_volume_of_cases_of_a_grid_is_known_before_they_are_made() -> None:
    tables = [
        {"ndim": [1, 2], "i": [1, 3], "k": [1, 2], "s": [1, 2], "groups": [1, 2]},
        {"ndim": [2], "i": 2, "k": 3, "suite": "open", "o": ["candidates"], "s": 2},
        {"ndim": [1], "i": 1, "k": 1, "suite": "illegal", "p": 3, "groups": [0, 3]},
    ]
    config = from_mapping({"run": {"name": "a", "targets": ["numpy"]}, "grid": tables})
    cases = expand(config.grids).cases[3:-1]

    found = cases.elements().tolist()

    assert found == [sum(map(prod, (c.x_shape, c.w_shape, c.y_shape))) for c in cases]


def test_blocks_hold_all_cases_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tconv.engine.schedule.batch_size.FIXED_SIZE", 3)
    cases = [SMALL, LARGE] * 4

    made = list(fixed_batches(cases))

    assert [len(each) for each in made] == [3, 3, 2]
    assert [case for each in made for case in each] == cases
