"""A look at two places shows what the whole answer has there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tconv.inputs.probe import CHANNELS, Meeting, places, seen, summed
from tconv.model.case import Case
from tconv.oracle.case_answer import arguments
from tconv.oracle.formulations import conv_transpose

SMALL = [
    "1d-i4-k3-s2-p1.0-op1-ci2-co4-f64",
    "1d-i1-k1-ci1-co1-f64",
    "2d-i4x3-k3x2-s2x1-p1.0x0-op1x0-d1x2-g2-n2-ci4-co12-f64",
    "2d-i2x2-k3x3-s3x4-p2x2-op2x3-ci2-co3-f64",
    "3d-i2x3x2-k2x1x2-s2x2x2-d2x1x1-ci2-co2-f64",
]


def _integers(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.random.default_rng(len(shape)).integers(1, 99, shape).astype(float)


@pytest.mark.parametrize("case_id", SMALL)
def test_products_that_meet_add_up_to_the_right_answer(case_id: str) -> None:
    case = Case.from_id(case_id)
    x, w = _integers(*case.x_shape), _integers(*case.w_shape)
    at = places(case)
    begins = [tuple(a + b for a, b in zip(position, case.p_begin, strict=True)) for position in at]
    meeting = Meeting.at(case, case.s, case.dilation, *begins)

    made = summed(meeting.of_input(x), meeting.of_weight(w)[None], case.groups)

    right = seen(conv_transpose(x, w, **arguments(case)), case.groups, *at)
    assert made.shape[1:] == (case.groups, min(CHANNELS, case.c_out // case.groups))
    assert (made[0] == right).all()


@given(i=st.integers(1, 6), k=st.integers(1, 5), s=st.integers(1, 4), p=st.integers(0, 3))
@settings(max_examples=60)
def test_places_lie_in_the_output(i: int, k: int, s: int, p: int) -> None:
    case = Case.from_parameters(ndim=3, i=i, k=k, s=s, p=[p, (0, p), 0])
    sizes = case.y_shape[2:]
    if min(sizes) < 1:
        return

    assert all(0 <= at < o for place in places(case) for at, o in zip(place, sizes, strict=True))


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("i", [2, 3, 4])
def test_places_of_a_square_case_are_no_mirror_images(i: int, k: int) -> None:
    """Else an exchange of the axes, of input, kernel or output, would keep what is seen."""
    found = places(Case.from_parameters(ndim=2, i=i, k=k, s=2))

    assert [place[::-1] for place in found] != list(found)


def test_places_without_any_product_show_zeros() -> None:
    case = Case.from_id("1d-i2-k1-s4-p1-ci1-co2-f64")
    meeting = Meeting.at(case, case.s, case.dilation, (1,), (2,))

    made = summed(
        meeting.of_input(np.ones((1, 1, 2))), meeting.of_weight(np.ones((1, 2, 1)))[None], 1
    )

    assert (made == np.zeros((1, 1, 2))).all()


def test_the_two_places_count_differently() -> None:
    y = np.array([[[1.0, 10.0]]])

    assert seen(y, 1, (0,), (1,)) != seen(y, 1, (1,), (0,))
