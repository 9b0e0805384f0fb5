"""Pads an input by copies of its elements, as the policies of :mod:`tconv.model.policies` do.

Which element a position copies follows from its number alone: modulo i on a ring; modulo 2(i-1)
and then mirrored where the outermost elements are the mirrors, each of which appears once.
"""

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from tconv.model.policies import Sides

Filling = Literal["wrap", "reflect", "symmetric", "edge", "zeros"]

FILLINGS: Final[tuple[Filling, ...]] = ("wrap", "reflect", "symmetric", "edge", "zeros")
"""What can be beyond the ends: the other end, the mirror image without or with the outermost
element, that element again and again, or zeros."""

Array = NDArray[Any]


def sources(size: int, before: int, after: int, filling: Filling) -> NDArray[np.int64]:
    """Return the element that each position of a padded axis copies; -1: none, a zero.

    Args:
        size: elements of the axis, 1 or more unless nothing is added.
        before: positions added at the start.
        after: positions added at the end.
        filling: what they hold.
    """
    at = np.arange(-before, size + after)
    match filling:
        case "wrap":
            return at % max(size, 1)
        case "reflect":
            folded = at % max(2 * (size - 1), 1)
            return np.minimum(folded, 2 * (size - 1) - folded)
        case "symmetric":
            folded = at % max(2 * size, 1)
            return np.minimum(folded, 2 * size - 1 - folded)
        case "edge":
            return at.clip(0, size - 1)
        case "zeros":
            return np.where((at >= 0) & (at < size), at, -1)


def padded(x: Array, sides: Sides, filling: Filling) -> Array:
    """Return x (n, c, *sizes) with so many positions at the start and the end of each axis."""
    for axis, (before, after) in enumerate(sides, 2):
        taken = sources(x.shape[axis], before, after, filling)
        is_there = (taken >= 0).reshape(-1, *(1,) * (x.ndim - axis - 1))
        x = np.where(is_there, x.take(taken, axis), np.zeros((), x.dtype))
    return x
