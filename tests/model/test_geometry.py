"""Sizes against brute force: each output position is counted, no formula is trusted."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tconv.model import geometry
from tconv.model.geometry import Axis
from tconv.model.legality import AXIS_RULES, LEGALITIES, fault


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


@STRIDES
def test_output_padding_for_a_preimage_counts_from_the_smallest(s: int) -> None:
    computed = {
        (i, k): [geometry.output_padding_for(Axis(i=i, k=k, s=s), o)
                 for o in geometry.preimages(i, k, s, 0, 0)]
        for i, k in product(SIZES, KERNELS)
    }  # fmt: skip

    assert all(paddings == list(range(s)) for paddings in computed.values())


def test_output_size_of_worked_example() -> None:
    axis = Axis(i=5, k=3, s=2, p_begin=1, p_end=0, op=1, d=2)

    assert geometry.output_size(axis) == 2 * 4 + 5 - 1 + 1


# The guide's relationships speak of the direct convolution with input o' and output i'. So each is
# checked as what it claims: it gives back the size o' that the direct convolution maps to i'.


def test_relationship_8_undoes_no_padding_unit_strides() -> None:
    computed = {
        (o, k): geometry.relationship_8(positions(o, k, 1, 0), k)
        for o in SIZES
        for k in range(1, o + 1)
    }

    assert computed == {(o, k): o for o, k in computed}


def test_relationship_9_undoes_padding_unit_strides() -> None:
    computed = {
        (o, k, p): geometry.relationship_9(positions(o, k, 1, p), k, p)
        for o, p in product(SIZES, PADDINGS)
        for k in range(1, o + 1)
    }

    assert computed == {(o, k, p): o for o, k, p in computed}


def test_relationship_10_undoes_half_padding() -> None:
    computed = {
        (o, k): geometry.relationship_10(positions(o, k, 1, k // 2))
        for o, k in product(SIZES, (1, 3, 5, 7))
    }

    assert computed == {(o, k): o for o, k in computed}


def test_relationship_11_undoes_full_padding() -> None:
    computed = {
        (o, k): geometry.relationship_11(positions(o, k, 1, k - 1), k)
        for o, k in product(SIZES, KERNELS)
    }

    assert computed == {(o, k): o for o, k in computed}


@STRIDES
def test_relationship_12_undoes_strides_that_fit(s: int) -> None:
    fitting = [(o, k) for o, k in product(SIZES, KERNELS) if o >= k and (o - k) % s == 0]
    computed = {(o, k): geometry.relationship_12(positions(o, k, s, 0), k, s) for o, k in fitting}

    assert computed == {(o, k): o for o, k in fitting}


@STRIDES
def test_relationship_13_undoes_padded_strides_that_fit(s: int) -> None:
    fitting = [
        (o, k, p)
        for o, k, p in product(SIZES, KERNELS, PADDINGS)
        if o + 2 * p >= k and (o + 2 * p - k) % s == 0
    ]
    computed = {
        (o, k, p): geometry.relationship_13(positions(o, k, s, p), k, s, p) for o, k, p in fitting
    }

    assert computed == {(o, k, p): o for o, k, p in fitting}


@STRIDES
def test_relationship_14_undoes_any_stride_and_padding(s: int) -> None:
    fitting = [x for x in product(SIZES, KERNELS, PADDINGS) if x[0] + 2 * x[2] >= x[1]]
    computed = {
        (o, k, p): geometry.relationship_14(positions(o, k, s, p), k, s, p, (o + 2 * p - k) % s)
        for o, k, p in fitting
    }

    assert computed == {(o, k, p): o for o, k, p in fitting}


@DILATIONS
@STRIDES
def test_relationship_15_counts_dilated_positions(s: int, d: int) -> None:
    computed = {
        (i, k, p): max(geometry.relationship_15(i, k, s, p, d), 0)
        for i, k, p in product(SIZES, KERNELS, PADDINGS)
    }

    assert computed == {(i, k, p): positions(i, k, s, p, d) for i, k, p in computed}


ANY = st.integers(-3, 9)


@given(i=st.integers(0, 9), k=st.integers(0, 9), s=ANY, p_begin=ANY, p_end=ANY, op=ANY, d=ANY)
@settings(deadline=None, max_examples=500)
def test_fault_is_what_the_definition_of_legality_says(
    i: int, k: int, s: int, p_begin: int, p_end: int, op: int, d: int
) -> None:
    o = s * (i - 1) + d * (k - 1) + 1 - p_begin - p_end + op
    defined = min(s, k, d) >= 1 and op >= 0 and (o >= 1 or i == 0)
    legal = defined and i >= 1 and op < s and all(0 <= p <= d * (k - 1) for p in (p_begin, p_end))
    expected = "legal" if legal else "extended" if defined else "illegal"
    legality, reason = fault(Axis(i=i, k=k, s=s, p_begin=p_begin, p_end=p_end, op=op, d=d))

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


def test_standings_are_ordered_from_the_gravest() -> None:
    assert LEGALITIES == ("illegal", "extended", "legal")


@pytest.mark.parametrize("i", [0, 1, 2, 5])
@pytest.mark.parametrize("s", [1, 2, 3])
def test_same_preimages_are_all_sizes_that_ceil_maps_back(i: int, s: int) -> None:
    assert list(geometry.same_preimages(i, s)) == [o for o in range(1, 30) if -(-o // s) == i]
