"""Covering designs: every achievable pair, nothing that is not allowed, the same every time."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tconv.grid.covering import Coverage, choose, covering_design, pairs_reached


def brute_pairs(codes: NDArray[np.int64]) -> set[tuple[int, int, int, int]]:
    """Return every pair of values that occurs in a row, by looking at each row."""
    return {
        (a, int(row[a]), b, int(row[b]))
        for row in codes
        for a, b in combinations(range(codes.shape[1]), 2)
    }


@st.composite
def constrained_rows(draw: st.DrawFn) -> NDArray[np.int64]:
    """Draw any subset of a product: constraints of every kind, impossible pairs included."""
    shape = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    rows = np.array(list(product(*map(range, shape))), dtype=np.int64)
    seed = draw(st.integers(0, 2**32 - 1))
    kept = np.random.default_rng(seed).random(len(rows)) < draw(st.sampled_from([0.05, 0.3, 0.9]))
    kept[0] = True
    return np.asarray(rows[kept])


@given(constrained_rows())
def test_design_reaches_every_achievable_pair(codes: NDArray[np.int64]) -> None:
    design = covering_design(codes, len(codes))

    assert brute_pairs(codes[design]) == brute_pairs(codes)
    assert len(design) == len(set(design.tolist()))


@given(constrained_rows())
def test_pairs_reached_counts_as_brute_force_does(codes: NDArray[np.int64]) -> None:
    assert pairs_reached(codes) == len(brute_pairs(codes))


@given(constrained_rows(), st.integers(1, 20), st.sampled_from(["pairwise", "random"]))
def test_choice_fills_the_budget_exactly(
    codes: NDArray[np.int64], budget: int, strategy: str
) -> None:
    rows = choose(codes, budget, strategy)

    assert len(rows) == min(budget, len(codes))
    assert rows.tolist() == sorted(set(rows.tolist()))


def test_design_is_far_smaller_than_the_product() -> None:
    codes = np.array(list(product(range(4), repeat=5)), dtype=np.int64)
    design = covering_design(codes, len(codes))

    assert 16 <= len(design) <= 32  # 16 pairs for each pair of parameters; all rows are 1,024


def test_pairwise_choice_reaches_more_pairs_than_the_first_rows() -> None:
    codes = np.array(list(product(range(4), repeat=5)), dtype=np.int64)
    chosen = codes[choose(codes, 40, "pairwise")]

    assert pairs_reached(chosen) == pairs_reached(codes) > pairs_reached(codes[:40])


def test_budget_below_the_design_is_kept_and_its_reach_counted() -> None:
    codes = np.array(list(product(range(4), repeat=5)), dtype=np.int64)
    chosen = codes[choose(codes, 8, "pairwise")]

    assert len(chosen) == 8
    assert 76 <= pairs_reached(chosen) <= 8 * 10  # each row has ten pairs, nearly all of them new


@pytest.mark.parametrize("strategy", ["pairwise", "random"])
def test_sample_is_spread_and_the_same_every_time(strategy: str) -> None:
    codes = np.array(list(product(range(10), repeat=3)), dtype=np.int64)
    rows = choose(codes, 300, strategy)

    assert rows.tolist() == choose(codes, 300, strategy).tolist()
    assert np.bincount(codes[rows][:, 0]).min() >= 20  # 30 expected of each value
    assert rows.tolist() != list(range(300))


def test_rows_of_one_parameter_are_sampled() -> None:
    codes = np.arange(10, dtype=np.int64)[:, None]

    assert len(choose(codes, 4, "pairwise")) == 4


def test_coverage_says_what_it_reaches() -> None:
    coverage = Coverage(
        table="[[grid]] 1", strategy="pairwise", budget=30, rows=30, achievable=724, reached=604
    )

    assert str(coverage) == (
        "[[grid]] 1: pairwise, budget 30: 30 cases reach 604 of 724 achievable pairs of values "
        "(83.4 %)"
    )
