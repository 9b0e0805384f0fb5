"""The map of a difference: which cells differ, by how much, whatever the size of the output."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.judge.values import MAP_LINE, MAP_SIDE, difference_map


def drawn(error: object, bad: object = None, first: tuple[int, ...] | None = None) -> str:
    """Return the map of an error array of one image and one channel."""
    found = np.asarray(error, dtype=float)[np.newaxis, np.newaxis]
    marked = ~(found == 0) if bad is None else np.asarray(bad)[np.newaxis, np.newaxis]
    return difference_map(found, marked, first or (0,) * found.ndim)


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ([0, 1, 0], "090"),
        ([[0, 9], [1, 4.5]], "09/15"),
        ([1e-9, 1], "19"),
        ([np.nan, 0, np.inf, 2], "x0x9"),
        ([np.nan, np.inf], "xx"),
    ],
)
def test_cell_shows_the_ninth_of_the_largest_error(error: list[object], shown: str) -> None:
    assert drawn(error) == shown


def test_error_that_is_allowed_is_no_difference() -> None:
    assert drawn([5.0, 1.0, 2.0], bad=[False, True, True]) == "059"


def test_difference_that_has_no_size_is_shown() -> None:
    assert drawn([0.0, 0.0], bad=[False, True]) == "01"


def test_image_and_channel_are_those_of_the_first_difference() -> None:
    error = np.zeros((2, 3, 2, 2))
    error[1, 2] = [[0, 3], [0, 0]]

    assert difference_map(error, error > 0, (1, 2, 0, 1)) == "09/00"


def test_plane_is_that_of_the_first_difference_when_there_are_three_axes() -> None:
    error = np.zeros((1, 1, 3, 2, 2))
    error[0, 0, 1] = [[0, 0], [1, 0]]

    assert difference_map(error, error > 0, (0, 0, 1, 1, 0)) == "00/90"


@given(height=st.integers(1, 70), width=st.integers(1, 70), data=st.data())
def test_lone_difference_stays_visible_where_it_lies(
    height: int, width: int, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    error = np.zeros((height, width))
    error[at] = 2

    lines = drawn(error, first=(0, 0, *at)).split("/")

    assert (len(lines), len(lines[0])) == (min(height, MAP_SIDE), min(width, MAP_SIDE))
    marked = [(y, x) for y, line in enumerate(lines) for x, cell in enumerate(line) if cell != "0"]
    assert len(marked) == 1
    for place, size, cells, where in zip(
        at, (height, width), (len(lines), len(lines[0])), marked[0], strict=True
    ):
        assert where * size // cells <= place < -(-(where + 1) * size // cells)


def test_line_has_at_most_its_cells() -> None:
    assert len(drawn(np.ones(1000))) == MAP_LINE
