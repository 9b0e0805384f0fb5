"""Sizes against brute force: each output position is counted, no formula is trusted."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tconv.model import geometry
from tconv.model.geometry import Axis
from tconv.model.legality import AXIS_RULES, LEGALITIES, axis_legality


def positions(i: int, k: int, s: int, p: int, d: int = 1) -> int:
    """Return how often a kernel fits into a padded input, counted one position at a time."""
    padded, extent = i + 2 * p, max(range(0, k * d, d), default=0) + 1
    return sum(1 for start in range(0, padded, s) if start + extent <= padded)


def stamped(i: int, k: int, s: int, d: int = 1) -> int:
    """Return the extent of i stamps of k taps, one every s positions."""
    touched = {s * h + d * u for h in range(i) for u in range(k)}
    return max(touched) + 1


STRIDES = pytest.mark.parametrize("s", [1, 2, 3, 4])
DILATIONS = pytest.mark.parametrize("d", [1, 2, 3])
SIZES, KERNELS, PADDINGS = range(1, 8), range(1, 6), range(4)


@DILATIONS
@STRIDES
def test_full_size_is_the_extent_of_all_stamps(s: int, d: int) -> None:
    computed = {(i, k): geometry.full_size(i, k, s, d) for i, k in product(SIZES, KERNELS)}

    assert computed == {(i, k): stamped(i, k, s, d) for i, k in computed}


@DILATIONS
@STRIDES
def test_conv_output_size_is_the_number_of_positions(s: int, d: int) -> None:
    computed = {
        (i, k, p): max(geometry.conv_output_size(i, k, s, p, p, d), 0)
        for i, k, p in product(SIZES, KERNELS, PADDINGS)
    }

    assert computed == {(i, k, p): positions(i, k, s, p, d) for i, k, p in computed}


@DILATIONS
@STRIDES
def test_preimages_are_all_sizes_that_a_direct_convolution_maps_back(s: int, d: int) -> None:
    computed = {
        (i, k, p): list(geometry.preimages(i, k, s, p, p, d))
        for i, k in product(SIZES, KERNELS)
        for p in range(d * (k - 1) // 2 + 1)
    }

    assert computed == {
        (i, k, p): [o for o in range(1, 60) if positions(o, k, s, p, d) == i]
        for i, k, p in computed
    }


def test_output_size_of_worked_example() -> None:
    axis = Axis(i=5, k=3, s=2, p_begin=1, p_end=0, op=1, d=2)

    assert geometry.output_size(axis) == 2 * 4 + 5 - 1 + 1


@STRIDES
def test_output_size_undoes_a_direct_convolution(s: int) -> None:
    """The guide's relationship 14, of which 8 to 13 are special cases: o' from i' and a."""
    for o, k, p in product(SIZES, KERNELS, PADDINGS):
        if o + 2 * p >= k:
            i, a = positions(o, k, s, p), (o + 2 * p - k) % s
            assert geometry.output_size(Axis(i=i, k=k, s=s, p_begin=p, p_end=p, op=a)) == o


ANY = st.integers(-3, 9)


@given(i=st.integers(0, 9), k=st.integers(0, 9), s=ANY, p_begin=ANY, p_end=ANY, op=ANY, d=ANY)
@settings(max_examples=500)
def test_fault_is_what_the_definition_of_legality_says(
    i: int, k: int, s: int, p_begin: int, p_end: int, op: int, d: int
) -> None:
    o = s * (i - 1) + d * (k - 1) + 1 - p_begin - p_end + op
    defined = min(s, k, d) >= 1 and op >= 0 and (o >= 1 or i == 0)
    legal = defined and i >= 1 and op < s and all(0 <= p <= d * (k - 1) for p in (p_begin, p_end))
    expected = "legal" if legal else "extended" if defined else "illegal"
    legality, reason = axis_legality(Axis(i=i, k=k, s=s, p_begin=p_begin, p_end=p_end, op=op, d=d))

    assert legality == expected
    assert bool(reason) == (legality != "legal")


def test_every_rule_of_an_axis_can_be_broken_alone() -> None:
    axes = {
        "s below 1": Axis(i=3, k=3, s=0),
        "k below 1": Axis(i=3, k=0),
        "d below 1": Axis(i=3, k=3, d=0),
        "op negative": Axis(i=3, k=3, op=-1),
        "empty input": Axis(i=0, k=3),
        "o below 1": Axis(i=1, k=2, p_begin=1, p_end=1),
        "op not below s": Axis(i=3, k=3, op=1),
        "p negative": Axis(i=3, k=3, p_end=-1),
        "p above K-1": Axis(i=3, k=2, p_begin=2),
    }
    first = {
        words: next(rule.words for rule in AXIS_RULES if rule.is_broken(axis))
        for words, axis in axes.items()
    }

    assert first == {rule.words: rule.words for rule in AXIS_RULES}


def test_legalities_are_ordered_from_the_worst() -> None:
    assert LEGALITIES == ("illegal", "extended", "legal")
