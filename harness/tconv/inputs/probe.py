"""A few output elements, computed alone from the products that meet in them.

Most wrong answers are wrong nearly everywhere, so two elements show it at a fraction of the cost of
the whole answer.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle
from typing import Any, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tconv.model.case import Case
from tconv.model.geometry import Axis, output_size

# Any: float64, complex128 and int64 pass through the same code.
Array: TypeAlias = NDArray[Any]
Ints: TypeAlias = tuple[int, ...]

CHANNELS: Final = 4
"""Output channels of each group that are looked at, the first ones."""

_COUNTS: Final = (1, 3)
"""How often each of the two elements counts in their sum, so that exchanging them shows."""

_MOST: Final = 2**14  # axes of which it is kept what meets there: a grid has few, and repeats them


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Products of a pixel and a tap that meet in output elements; arrays of one length.

    Attributes:
        pixels: flat positions in the spatial axes of x.
        taps: flat positions in the spatial axes of w.
        counts: how often each product counts.
    """

    pixels: NDArray[np.intp]
    taps: NDArray[np.intp]
    counts: NDArray[np.intp]

    @classmethod
    def at(cls, case: Case, stride: Ints, dilation: Ints, *positions: Ints) -> Self:
        """Return what meets at two positions of the full result, for any stride and dilation."""
        pixels: list[int] = []
        taps: list[int] = []
        counts: list[int] = []
        for count, position in zip(_COUNTS, positions, strict=True):
            some_pixels, some_taps = [0], [0]
            for i, k, s, d, at in zip(case.i, case.k, stride, dilation, position, strict=True):
                along_pixels, along_taps = _along(i, k, s, d, at)
                some_pixels = [p * i + pixel for p in some_pixels for pixel in along_pixels]
                some_taps = [t * k + tap for t in some_taps for tap in along_taps]
            pixels += some_pixels
            taps += some_taps
            counts += [count] * len(some_taps)
        each = np.array((pixels, taps, counts), np.intp)
        return cls(pixels=each[0], taps=each[1], counts=each[2])

    def of_input(self, x: Array) -> Array:
        """Return the pixels of the first image, each as often as it counts: (c_in, products)."""
        pixels: Array = x[0].reshape(x.shape[1], -1).take(self.pixels, axis=1)
        return pixels * self.counts

    def of_weight(self, w: Array) -> Array:
        """Return the taps, for the first output channels: (c_in, channels, products)."""
        return w[:, :CHANNELS].reshape(len(w), -1, w[0, 0].size).take(self.taps, axis=2)


@lru_cache(maxsize=_MOST)
def _along(i: int, k: int, s: int, d: int, at: int) -> tuple[Ints, Ints]:
    """Return the pixels h and the taps u, in pairs, with s h + d u = at, along one axis."""
    first = ((at - d * tap, tap) for tap in range(k))
    pairs = [(rest // s, tap) for rest, tap in first if not rest % s and 0 <= rest < s * i]
    return tuple(pixel for pixel, _ in pairs), tuple(tap for _, tap in pairs)


def places(case: Case) -> tuple[Ints, Ints]:
    """Return two positions of the output (*o): where a middle pixel puts its first and last taps.

    Pixel and tap are other ones on the next axis, lest an exchange of axes keeps them. A position
    that is cropped moves to the nearest one that is not. The case asks for no size.
    """
    one, two = zip(*map(_places_along, case.axes, cycle((False, True))), strict=True)
    return one, two


@lru_cache(maxsize=_MOST)
def _places_along(a: Axis, is_next: bool) -> Ints:
    at = a.s * ((a.i // 2 + is_next) % a.i) - a.p_begin
    last = output_size(a) - 1
    ends = tuple(min(max(tap, 0), last) for tap in (at, at + a.d * (a.k - 1)))
    return ends[::-1] if is_next else ends


def seen(y: Array, groups: int, first: Ints, last: Ints) -> Array:
    """Return what a result (n, c_out, *o) has at two positions, as one sum: (groups, channels)."""
    of_groups = y[0].reshape(groups, -1, *y.shape[2:])[:, :CHANNELS]
    every = (slice(None), slice(None))
    sums: Array = _COUNTS[0] * of_groups[every + first] + _COUNTS[1] * of_groups[every + last]
    return sums


def summed(pixels: Array, taps: Array, groups: int) -> Array:
    """Return what :func:`seen` shows of results, without bias.

    Args:
        pixels: (c_in, products), from :meth:`Meeting.of_input`.
        taps: (results, c_in, channels, products): one or more weights.
        groups: number of groups.

    Returns:
        (results, groups, channels), exact where the products of the case are.
    """
    results, c_in, channels, products = taps.shape
    sums: Array = np.einsum(
        "gip,rgicp->rgc",
        pixels.reshape(groups, c_in // groups, products),
        taps.reshape(results, groups, c_in // groups, channels, products),
    )
    return sums
