"""Points are counted by arithmetic, and too many are refused before any is made."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.errors import ConfigError
from tconv.grid import Sweep, expand
from tconv.grid.config import from_mapping
from tconv.grid.points import MOST_POINTS, count_points

SIZES = st.lists(st.one_of(st.integers(1, 4), st.tuples(st.integers(1, 4), st.integers(1, 4))),
                 min_size=1, max_size=3)  # fmt: skip
REQUEST = st.sampled_from(["candidates", "below", "above", 5])
REQUESTS = st.lists(st.one_of(REQUEST, st.tuples(REQUEST, REQUEST)), min_size=1, max_size=3)


def tables(**limits: int) -> dict[str, object]:
    grid = {"ndim": [1], "i": "1..99999", "k": 1}
    content: dict[str, object] = {"run": {"name": "many", "targets": ["numpy"]}}
    return content | {"grid": [grid] * 200} | ({"limits": limits} if limits else {})


@given(ndim=st.sampled_from([(1,), (2,), (1, 2), (2, 2)]), s=SIZES, o=REQUESTS)
def test_count_is_what_the_grid_makes_and_no_less(
    ndim: tuple[int, ...], s: list[object], o: list[object]
) -> None:
    # A kernel of 4 and no crop: every candidate is 1 or more, so the bound is reached.
    sweep = Sweep.from_options(suite="open", ndim=ndim, i=(1, 2), k=(4,), s=tuple(s), o=tuple(o))
    try:
        made = expand([sweep]).statistics.made
    except ConfigError:  # no list fits, or nothing is left
        return

    assert count_points(sweep) == made


def test_repeated_grids_are_refused_before_their_ranges_are_expanded() -> None:
    tracemalloc.start()
    with pytest.raises(ConfigError) as caught:
        from_mapping(tables())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert str(caught.value) == (
        "configuration: points=19,999,800, but should be 10,000,000 at most; the largest grid is "
        "[[grid]] 1 with 99,999: sweep fewer values, or raise points in [limits]"
    )
    assert peak < 1e6


def test_limit_of_the_configuration_decides() -> None:
    few = tables(points=99_998)
    few["grid"] = few["grid"][:1]  # type: ignore[index] # a list
    with pytest.raises(ConfigError, match=r"points=99,999, but should be 99,998 at most"):
        from_mapping(few)

    enough = from_mapping(few | {"limits": {"points": 99_999}})

    assert len(expand(enough.grids, most_points=enough.points)) == 99_999
    assert from_mapping(enough.to_dict()) == enough


def test_limit_that_is_not_raised_leaves_digests_as_they_were() -> None:
    one: dict[str, object] = {"run": {"name": "a", "targets": ["numpy"]},
                              "grid": [{"ndim": 1, "i": 1, "k": 1}]}  # fmt: skip
    config = from_mapping(one)

    assert config.points == MOST_POINTS
    assert config.to_dict()["limits"] == {"case_seconds": 10.0, "worker_gib": 4.0}


def test_product_beyond_all_digits_is_refused_in_one_line() -> None:
    names = ("i", "k", "s", "p", "dilation", "groups", "c_in", "c_out", "output_padding", "n")
    grid = {"ndim": 1} | dict.fromkeys(names, "0..99999")
    with pytest.raises(ConfigError, match=r"points=more than 1e50, but should be") as caught:
        from_mapping({"run": {"name": "a", "targets": ["numpy"]}, "grid": [grid]})

    assert "\n" not in str(caught.value)


def test_progress_adds_up_to_the_points() -> None:
    sweep = Sweep.from_options(ndim=(1,), i=tuple(range(1, 700)), k=tuple(range(1, 500)))
    steps: list[int] = []
    grid = expand([sweep], progress=steps.append)

    assert len(steps) > 2
    assert sum(steps) == grid.statistics.made == count_points(sweep)
