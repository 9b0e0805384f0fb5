"""The conversion of weights alone, and how to tell which layout they have."""

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from tests.translation.ports import CASE, LAYOUTS, port

from tconv.adapters.layout import CANONICAL, CHANNELS_LAST, Layout
from tconv.model.case import Case
from tconv.translation.weights_file import coincidence, weights_file


@pytest.mark.parametrize("own", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("into", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("k", [(1,), (2,), (3, 2), (2, 2), (4, 2, 1)])
def test_condition_on_which_two_shapes_are_one_is_that_under_which_they_are_equal(
    own: Layout, into: Layout, groups: int, k: tuple[int, ...]
) -> None:
    shapes = own.w_shape(k, groups), into.w_shape(k, groups)
    condition = coincidence(*shapes, groups)

    for a, b in itertools.product(range(1, 13), repeat=2):
        sizes = {"c_in": a * groups, "c_out": b * groups}
        before, after = ([eval(text, sizes) for text in shape] for shape in shapes)  # noqa: S307 # the harness's own text
        holds = condition is not None and eval(condition or "True", sizes)  # noqa: S307 # the same
        assert holds == (before == after)


def weights_of(own: Layout, into: Layout, case_id: str) -> dict[str, Any]:
    file = weights_file(port(case_id, own, into=into))
    names: dict[str, Any] = {}
    exec(compile(file.text, "weights.py", "exec"), names)  # noqa: S102 # the harness's own text
    return names


@pytest.mark.parametrize("own", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("into", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_alone_are_converted_and_back(own: Layout, into: Layout) -> None:
    case = Case.from_id(CASE)
    w = np.arange(np.prod(case.w_shape)).reshape(case.w_shape)
    names = weights_of(own, into, CASE)

    converted = names["to_target_layout"](own.w(w, case.groups))

    assert np.array_equal(converted, into.w(w, case.groups))
    assert np.array_equal(names["to_source_layout"](converted), own.w(w, case.groups))


def test_shape_tells_whether_weights_are_converted() -> None:
    names = weights_of(CHANNELS_LAST, CANONICAL, "1d-i3-k3-ci2-co4-f32")

    assert names["is_converted"](np.zeros((2, 4, 3)), 2, 4)
    assert not names["is_converted"](np.zeros((3, 4, 2)), 2, 4)
    with pytest.raises(
        ValueError, match=r"w has shape \(2, 3, 4\), but should have \(3, 4, 2\) or"
    ):
        names["is_converted"](np.zeros((2, 3, 4)), 2, 4)


def test_shape_that_both_layouts_have_warns() -> None:
    names = weights_of(CHANNELS_LAST, CANONICAL, "1d-i3-k3-ci3-co4-f32")

    with pytest.warns(UserWarning, match="both layouts have this shape"):
        names["is_converted"](np.zeros((3, 4, 3)), 3, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names["is_converted"](np.zeros((3, 4, 2)), 2, 4)


def test_shapes_that_are_never_one_need_no_warning() -> None:
    file = weights_file(port("2d-i3x3-k3x2-ci3-co4-f32", CHANNELS_LAST))

    assert "def is_converted" in file.text
    assert "warnings" not in file.text


def test_layouts_of_one_shape_say_that_it_does_not_tell() -> None:
    file = weights_file(port(CASE, CANONICAL))

    assert "is_converted" not in file.text
    assert "it does not tell whether w has been converted" in file.text
