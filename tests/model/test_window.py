"""Windows: planted ones are found, all of them, and no others."""

from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tconv.errors import CaseError
from tconv.model.window import Resolution, Window, find_windows

Array = NDArray[Any]

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


def extended(full: Array, begin: tuple[int, ...], size: tuple[int, ...]) -> Array:
    """Return the window element by element: zero outside the full result."""
    y = np.zeros((*full.shape[:2], *size), full.dtype)
    at: Any
    for at in product(*(range(o) for o in size)):
        place: Any = tuple(b + t for b, t in zip(begin, at, strict=True))
        if all(0 <= p < n for p, n in zip(place, full.shape[2:], strict=True)):
            y[:, :, *at] = full[:, :, *place]
    return y


def every_begin(full: Array, y: Array) -> list[tuple[int, ...]]:
    """Return the starts of the windows that explain `y`, found by comparing every one."""
    spans = [range(-o, f + 1) for f, o in zip(full.shape[2:], y.shape[2:], strict=True)]
    return [b for b in product(*spans) if (extended(full, b, y.shape[2:]) == y).all()]


@given(st.data())
def test_planted_window_is_found_with_all_that_look_like_it(data: st.DataObject) -> None:
    full_size = data.draw(SIZES)
    size = tuple(data.draw(st.integers(0, 4)) for _ in full_size)
    values = st.integers(-1, 2)  # few, so that windows look alike
    count = 2 * prod(full_size)
    numbers = data.draw(st.lists(values, min_size=count, max_size=count))
    full = np.array(numbers, dtype=float).reshape(1, 2, *full_size)
    begin = tuple(data.draw(st.integers(-o, f)) for f, o in zip(full_size, size, strict=True))
    y = extended(full, begin, size)

    found = [tuple(each) for each in find_windows(full, y).tolist()]

    assert found == every_begin(full, y)
    assert begin in found


def test_result_that_is_no_window_has_none() -> None:
    full = np.arange(1.0, 13).reshape(1, 1, 3, 4)
    y = full.copy()
    y[0, 0, 2, 3] += 1

    assert len(find_windows(full, y)) == 0


def test_product_outside_the_full_result_has_no_window() -> None:
    assert len(find_windows(np.ones((1, 1, 2)), np.ones((1, 1, 3)))) == 0


def test_empty_result_is_explained_by_every_window() -> None:
    assert find_windows(np.ones((1, 1, 3)), np.ones((1, 1, 0))).ravel().tolist() == [0, 1, 2, 3]


def test_empty_batch_is_explained_by_every_window() -> None:
    assert len(find_windows(np.ones((0, 1, 3)), np.ones((0, 1, 2)))) == 6


def test_tolerance_holds_inside_the_full_result_and_not_beyond() -> None:
    full, tolerance = np.array([[[3.0, 5.0]]]), np.array([[[0.0, 0.25]]])

    inside = find_windows(full, np.array([[[3.0, 5.2, 0.0]]]), tolerance)
    beyond = find_windows(full, np.array([[[3.0, 5.2, 0.2]]]), tolerance)

    assert (inside.tolist(), beyond.tolist()) == ([[0]], [])


def test_large_result_of_few_values_is_resolved_at_once() -> None:
    full = np.ones((1, 1, 300, 300))
    full[0, 0, 150, 150] = 2

    assert find_windows(full, full[:, :, 10:290, 20:280]).tolist() == [[10, 20]]


@pytest.mark.parametrize("text", ["1.0", "-1.2x0.-3", "0.0x0.0x4.1"])
def test_text_is_read_back(text: str) -> None:
    assert Resolution.from_text(text).to_text() == text


def test_people_read_pairs_that_are_no_decimals() -> None:
    assert str(Resolution.from_text("1.0x0.-1")) == "1:0x0:-1"


@pytest.mark.parametrize("text", ["", "1", "1.0x", "1.0,2.0"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(CaseError, match=r"should be begin\.end per axis"):
        Resolution.from_text(text)


def test_end_completes_start_and_size_to_the_full_size() -> None:
    made = Resolution.from_begins((1, 0), full=(7, 3), sizes=(5, 4))

    assert made.axes == (Window(begin=1, end=1), Window(begin=0, end=-1))
