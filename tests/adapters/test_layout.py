"""Layouts of weights, and the expressions that turn one into another."""

from typing import Final

import numpy as np
import pytest

from tconv.adapters.layout import CANONICAL, CHANNELS_LAST, DIRECT, Layout, conversion

LAYOUTS: Final = {"canonical": CANONICAL, "channels_last": CHANNELS_LAST, "direct": DIRECT}


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("target", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("source", LAYOUTS.values(), ids=LAYOUTS)
def test_conversion_from_one_layout_to_another_is_that_by_way_of_the_canonical_one(
    source: Layout, target: Layout, ndim: int, groups: int
) -> None:
    shape = (2 * groups, 3, *range(2, 2 + ndim))
    canonical = np.arange(np.prod(shape)).reshape(shape)
    w = source.w(canonical, groups)

    for expression, _ in conversion(source, target, ndim, groups):
        w = eval(expression, {"np": np, "w": w})  # noqa: S307 # the harness's own text

    assert np.array_equal(w, target.w(canonical, groups))


def test_direct_kernel_has_the_shape_that_jax_documents() -> None:
    assert DIRECT.w(np.zeros((4, 3, 5)), 2).shape == (5, 2, 6)
