"""What coincides with the right answer: a look at two places, against the whole."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tconv.inputs.discriminate import coincide, discriminate
from tconv.inputs.exact import dense
from tconv.inputs.window_check import differs, windows
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS
from tconv.model.tensors import Tensors
from tconv.oracle.readings import READINGS, OfMirroredWindow, OfResult, OfWindow, Reading
from tconv.oracle.readings.evaluate import summed

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
    given = dense(case, case.id, PRECISIONS[case.dtype])
    assert given is not None
    return given


def _constant(case: Case) -> Tensors:
    """Return tensors that nothing but a window or another bias can be seen in."""
    like = _dense(case)
    b = None if like.b is None else np.full_like(like.b, 3)
    return Tensors(x=np.ones_like(like.x), w=np.full_like(like.w, 2), b=b)


def _empty(case: Case) -> Tensors:
    """Return tensors without any product, so that every window is like every other."""
    like = _dense(case)
    return Tensors(x=np.zeros_like(like.x), w=like.w, b=like.b)


def _alike(case: Case, given: Tensors) -> set[str]:
    return {reading.name for reading in discriminate(case, given).coinciding}


@pytest.mark.parametrize("make", [_dense, _constant, _empty])
@pytest.mark.parametrize("case_id", CASES)
def test_short_cuts_name_what_evaluation_in_full_names(
    case_id: str, make: Callable[[Case], Tensors]
) -> None:
    """Constant and empty ones coincide in most readings, so that every short cut finds one."""
    case = Case.from_id(case_id)
    given = make(case)

    found = discriminate(case, given)

    named = {reading.name for reading in (*found.equivalent, *found.coinciding)}
    assert named == {r.name for r in READINGS if coincide(r, case, given, found.y)}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return a case that is legal or extended, with axes alike and not, and channels alike."""
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


@drawn(case=cases(), make=MAKERS)
@settings(max_examples=150)
def test_short_cuts_agree_with_evaluation_in_full(
    case: Case, make: Callable[[Case], Tensors]
) -> None:
    given = make(case)

    found = discriminate(case, given)

    named = {reading.name for reading in (*found.equivalent, *found.coinciding)}
    assert named == {r.name for r in READINGS if coincide(r, case, given, found.y)}


@drawn(case=cases(), make=MAKERS)
def test_an_element_of_a_result_is_that_of_the_whole(
    case: Case, make: Callable[[Case], Tensors]
) -> None:
    right = summed(case, make(case))
    looks = list(np.ndindex(right.total.shape))

    for reading in READINGS:
        if not isinstance(reading, OfResult) or reading.at is None:
            continue
        whole = reading.change(case, right)
        if whole is None or whole.shape != right.total.shape:
            assert reading.at(case, right, looks[-1]) is None
        else:
            assert [reading.at(case, right, index) for index in looks] == whole.ravel().tolist()


@drawn(case=cases())
def test_windows_of_the_right_size_are_those_whose_bounds_say_so(case: Case) -> None:
    right: dict[tuple[int, ...], list[Reading]] = {}
    for reading in READINGS:
        bounds = reading.bounds(case) if isinstance(reading, OfWindow | OfMirroredWindow) else None
        if bounds and tuple(size for _, size in bounds) == case.y_shape[2:]:
            right.setdefault(tuple(begin for begin, _ in bounds), []).append(reading)

    found = windows(case)

    assert list(found.items()) == list(right.items())


@drawn(shift=st.tuples(st.integers(-2, 2), st.integers(-2, 2)), data=st.data())
def test_windows_differ_wherever_it_is_looked_first(
    shift: tuple[int, int], data: st.DataObject
) -> None:
    """Few values, so that many places are alike; a place may lie outside the other window."""
    values = st.lists(st.integers(0, 1), min_size=12, max_size=12)
    y = np.array(data.draw(values)).reshape(1, 1, 3, 4)
    place = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 3)))

    assert differs(y, shift, [place]) is differs(y, shift, [])


# Which output channels of 6, in a group, differ between the weight and the flipped one.
@pytest.mark.parametrize(("channel", "expected"), [(0, False), (5, False), (None, True)])
def test_difference_in_any_output_channel_counts(channel: int | None, *, expected: bool) -> None:
    """The first channels are what is looked at first; one that is alike there must not pass."""
    case = Case.from_id("1d-i4-k3-ci1-co6-f32")
    w = np.array([[1.0, 2.0, 1.0]] * 6)[None]
    if channel is not None:
        w[0, channel, 2] += 1.0
    given = Tensors(x=_dense(case).x, w=w, b=np.arange(1.0, 7.0))

    assert ("kernel flipped" in _alike(case, given)) is expected


def test_difference_outside_of_the_places_counts() -> None:
    """Equal pixels in the middle, where it is looked, and another one at the end."""
    case = Case.from_id("2d-i5x5-k1x1-ci1-co1-f32")
    x = np.ones((1, 1, 5, 5))
    coinciding = Tensors(x=x, w=np.ones((1, 1, 1, 1)), b=np.ones(1))
    other = Tensors(x=x.copy(), w=coinciding.w, b=coinciding.b)
    other.x[0, 0, 4, 0] = 2.0

    assert "axes of the input exchanged" in _alike(case, coinciding)
    assert "axes of the input exchanged" not in _alike(case, other)


def test_difference_in_any_image_of_the_batch_counts() -> None:
    """Only the first image is looked at first."""
    case = Case.from_id("1d-i4-k2-n2-ci1-co1-f32")
    x = np.ones((2, 1, 4))
    x[0] = 0.0
    given = Tensors(x=x, w=np.array([[[1.0, 2.0]]]), b=np.ones(1))

    assert "kernel flipped" not in _alike(case, given)
