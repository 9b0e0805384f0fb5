"""Drawings of the output along one axis."""

from hypothesis import given
from hypothesis import strategies as st

from tconv.analysis.atlas.extent import draw_axis
from tconv.model.geometry import Axis

AXES = st.builds(
    Axis, i=st.integers(1, 9), k=st.integers(1, 9), s=st.integers(1, 9), d=st.integers(1, 9),
    p_begin=st.integers(-3, 9), p_end=st.integers(-3, 9),
)  # fmt: skip


@given(asked=AXES, size=st.integers(1, 20), begin=st.integers(-5, 20))
def test_drawing_counts_what_is_kept_cropped_and_added(asked: Axis, size: int, begin: int) -> None:
    lines = dict(
        line.split(maxsplit=1) for line in draw_axis(asked, size, begin) if "." not in line
    )
    if not lines:
        return
    inside = len(range(max(begin, 0), min(begin + size, asked.full)))

    assert lines["kept"].count("=") == inside
    assert lines["kept"].count("0") == size - inside
    assert lines["kept"].count("-") == asked.full - inside
    assert lines["x[0]"].count("#") == asked.k


def test_drawing_of_many_inputs_shows_the_first_and_the_last() -> None:
    lines = draw_axis(Axis(i=9, k=1), 9, 0)

    assert [line.split()[0] for line in lines] == [
        "x[0]", "x[1]", "x[2]", "x[3]", "x[4]", "...", "x[8]", "full", "kept",
    ]  # fmt: skip


def test_drawing_that_is_too_wide_is_not_drawn() -> None:
    assert draw_axis(Axis(i=200, k=3), 202, 0) == []
