"""A small picture of where a result differs, made while both arrays are at hand.

It is text, one character per cell and `/` between lines, so that a store can hold it, a digest can
cover it and a terminal can show it: `0012/0900`.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SIDE: Final = 16
"""Most cells of a picture along each of two axes."""
LINE: Final = 64
"""Most cells of a picture of one axis."""


def picture(error: NDArray[Any], bad: NDArray[np.bool], first: tuple[int, ...]) -> str:
    """Return the picture of the image and channel in which the first difference lies.

    A cell is the worst of the elements it stands for: `0` none differs; `1` to `9` the largest
    error, in ninths of the largest of the picture, rounded up; `x` one is not finite. Of more than
    two axes, the plane of the last two is shown in which the first difference lies.

    Args:
        error: |y - ref|, (n, c_out, *o), any real dtype.
        bad: which elements differ, of the same shape.
        first: index of the first of them.
    """
    ndim = error.ndim - 2
    plane = first[: 2 + max(0, ndim - 2)]
    levels = _levels(error[plane].astype(np.float64), bad[plane])
    for axis, size in enumerate(levels.shape):
        levels = _shrunk(levels, axis, min(size, LINE if ndim == 1 else SIDE))
    lines = np.atleast_2d(levels)
    return "/".join("".join("0123456789x"[cell] for cell in line) for line in lines.tolist())


def _levels(error: NDArray[np.float64], bad: NDArray[np.bool]) -> NDArray[np.int64]:
    finite = np.isfinite(error)
    peak = error[finite & bad].max(initial=0.0)
    ninths = np.ones(error.shape, dtype=np.int64)
    if peak > 0:
        ninths[finite] = np.clip(np.ceil(error[finite] / peak * 9), 1, 9).astype(np.int64)
    return np.where(bad, np.where(finite, ninths, 10), 0)


def _shrunk(levels: NDArray[np.int64], axis: int, size: int) -> NDArray[np.int64]:
    """Return the levels with `size` cells along `axis`, each the worst of its share."""
    begins = np.arange(size) * levels.shape[axis] // size
    shrunk: NDArray[np.int64] = np.maximum.reduceat(levels, begins, axis=axis)
    return shrunk
