"""What coincides with the right answer: the short cuts against evaluation in full."""

from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tconv.inputs import discriminate as discriminate_module
from tconv.inputs.discriminate import coincide, discriminate
from tconv.inputs.exact import dense
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS
from tconv.model.tensors import Tensors
from tconv.oracle.readings import READINGS

CASES = [
    "1d-i4-k1-s2-ci2-co4-f32",
    "1d-i2-k3-p1-ci1-co1-f32-nobias",
    "1d-i1-k3-s2-op1-ci2-co4-f32",
    "1d-i3-k2-s3-p2.0-op2-ci2-co4-i64",
    "2d-i4x3-k3x3-s2x1-p1.0x0-op1x0-n2-ci3-co3-f32",
    "2d-i3x3-k2x2-g2-n2-ci4-co4-f32",
    "2d-i3x3-k2x2-g4-ci4-co4-f32",
    "2d-i3x3-k2x3-d2x2-g2-ci4-co12-f32",
    "3d-i2x3x2-k2x1x2-s2x2x2-d2x1x1-ci2-co2-f64",
    "2d-i3x4-k2x2-ci2-co2-c64",
]


def _dense(case: Case) -> Tensors:
    tensors = dense(case, case.id, PRECISIONS[case.dtype])
    assert tensors is not None
    return tensors


def _constant(case: Case) -> Tensors:
    """Return tensors in which only another window or another bias shows."""
    like = _dense(case)
    b = None if like.b is None else np.full_like(like.b, 3)
    return Tensors(x=np.ones_like(like.x), w=np.full_like(like.w, 2), b=b)


def _empty(case: Case) -> Tensors:
    """Return tensors without any product, so that all windows look the same."""
    like = _dense(case)
    return Tensors(x=np.zeros_like(like.x), w=like.w, b=like.b)


def _coinciding(case: Case, tensors: Tensors) -> set[str]:
    return {reading.name for reading in discriminate(case, tensors).coinciding}


@pytest.mark.parametrize("make", [_dense, _constant, _empty])
@pytest.mark.parametrize("case_id", CASES)
def test_short_cuts_name_what_evaluation_in_full_names(
    case_id: str, make: Callable[[Case], Tensors]
) -> None:
    """Constant and empty ones coincide in most readings, so that every short cut finds one."""
    case = Case.from_id(case_id)
    tensors = make(case)

    found = discriminate(case, tensors)

    named = {reading.name for reading in (*found.equivalent, *found.coinciding)}
    assert named == {r.name for r in READINGS if coincide(r, case, tensors, found.y)}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return a case that is legal or extended, with and without equal axes, and equal channels."""
    ndim, groups = draw(st.integers(1, 3)), draw(st.integers(1, 2))

    def each(low: int, high: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=ndim, max_size=ndim))

    case = Case.from_parameters(
        ndim=ndim, i=each(1, 3), k=each(1, 3), s=each(1, 3), dilation=each(1, 2),
        p=list(zip(each(-1, 2), each(-1, 2), strict=True)), output_padding=each(0, 2),
        groups=groups, c_in=groups * draw(st.integers(1, 2)),
        c_out=groups * draw(st.integers(1, 3)), n=draw(st.integers(1, 3)), bias=draw(st.booleans()),
        dtype=draw(st.sampled_from(["float32", "int64", "complex64"])),
    )  # fmt: skip
    return case if case.suite != "illegal" else Case.from_id("1d-i1-k1-ci1-co1-f32")


MAKERS = st.sampled_from([_dense, _constant, _empty])


@given(case=cases(), make=MAKERS, sizes=st.sampled_from([(2**10, 8), (0, 1), (0, 2)]))
@settings(max_examples=200)
def test_short_cuts_agree_with_evaluation_in_full(
    case: Case, make: Callable[[Case], Tensors], sizes: tuple[int, int]
) -> None:
    """For small cases and, where none counts as small, for the corners of large ones."""
    tensors = make(case)

    small, corner = sizes
    with patch.multiple(discriminate_module, _SMALL=small, _CORNER=corner):
        found = discriminate(case, tensors)

    named = {reading.name for reading in (*found.equivalent, *found.coinciding)}
    assert named == {r.name for r in READINGS if coincide(r, case, tensors, found.y)}


# Which output channels of 6, in a group, differ between the weight and the flipped one.
@pytest.mark.parametrize(("channel", "expected"), [(0, False), (5, False), (None, True)])
def test_difference_in_any_output_channel_counts(channel: int | None, *, expected: bool) -> None:
    """The first channels are compared first; a reading that is right there need not be right."""
    case = Case.from_id("1d-i4-k3-ci1-co6-f32")
    w = np.array([[1.0, 2.0, 1.0]] * 6)[None]
    if channel is not None:
        w[0, channel, 2] += 1.0
    tensors = Tensors(x=_dense(case).x, w=w, b=np.arange(1.0, 7.0))

    assert ("kernel flipped" in _coinciding(case, tensors)) is expected


def test_difference_in_a_single_pixel_counts() -> None:
    case = Case.from_id("2d-i5x5-k1x1-ci1-co1-f32")
    x = np.ones((1, 1, 5, 5))
    coinciding = Tensors(x=x, w=np.ones((1, 1, 1, 1)), b=np.ones(1))
    other = Tensors(x=x.copy(), w=coinciding.w, b=coinciding.b)
    other.x[0, 0, 4, 0] = 2.0

    assert "axes of the input exchanged" in _coinciding(case, coinciding)
    assert "axes of the input exchanged" not in _coinciding(case, other)


@pytest.mark.parametrize("size", [4, 5000])
def test_difference_in_any_image_of_the_batch_counts(size: int) -> None:
    """Of a large batch the first image is compared first."""
    case = Case.from_id(f"1d-i{size}-k2-n2-ci1-co1-f32")
    x = np.ones((2, 1, size))
    x[0] = 0.0
    tensors = Tensors(x=x, w=np.array([[[1.0, 2.0]]]), b=np.ones(1))

    assert "kernel flipped" not in _coinciding(case, tensors)
