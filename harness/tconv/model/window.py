"""Windows of the full result, and a search for the one that a framework returned.

The full result has s(i-1)+K elements along an axis (Dumoulin & Visin, arXiv:1603.07285,
relationship 12). Every framework returns a window of it: it crops, or it adds elements to which no
product contributes. So where the values of the full result are known exactly and differ from each
other, the window can be read off the output. For an open case, that window is its resolution.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from tconv.errors import CaseError, quoted

IntArray = NDArray[np.int64]

_AXIS: Final = re.compile(r"(-?\d+)\.(-?\d+)")
_ANCHORS: Final = 16
"""How many elements are compared to rule out windows, before those left are compared in full."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Window:
    """What is cut off the full result along one axis, elements; a negative crop adds elements.

    Attributes:
        begin: crop at the start.
        end: crop at the end; the size of the window is full size - begin - end.
    """

    begin: int
    end: int

    def __str__(self) -> str:
        return f"{self.begin}:{self.end}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Resolution:
    """The window of the full result that was returned, one :class:`Window` per axis."""

    axes: tuple[Window, ...]

    @classmethod
    def from_begins(cls, begins: Sequence[int], full: Sequence[int], sizes: Sequence[int]) -> Self:
        """Return the resolution with these crops at the start; one entry per axis in each argument.

        Args:
            begins: crops at the start.
            full: sizes of the full result, s(i-1)+K; that of an empty input may be below 0.
            sizes: observed sizes.
        """
        bounds = zip(begins, full, sizes, strict=True)
        return cls(axes=tuple(Window(begin=int(b), end=int(f - b - size)) for b, f, size in bounds))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the resolution that :meth:`to_text` wrote.

        Raises:
            CaseError: the text is not a resolution.
        """
        parts = text.split("x")
        matches = filter(None, map(_AXIS.fullmatch, parts))
        axes = [Window(begin=int(match[1]), end=int(match[2])) for match in matches]
        if len(axes) != len(parts):
            raise CaseError(
                f"resolution={quoted(text)}, but should be begin.end per axis, joined by x, as in "
                "1.0x0.-1"
            )
        return cls(axes=tuple(axes))

    def to_text(self) -> str:
        """Return the resolution as a row stores it: `1.0x0.-1`."""
        return "x".join(f"{axis.begin}.{axis.end}" for axis in self.axes)

    def __str__(self) -> str:
        return "x".join(map(str, self.axes))


def find_windows(
    full: NDArray[Any], y: NDArray[Any], tolerance: NDArray[np.float64] | None = None
) -> IntArray:
    """Return the crops at the start of all windows that explain `y`, (windows, ndim), sorted.

    The crop at the end follows from the sizes. A window explains `y` if every element equals
    that of `full`, which is zero outside its extent. Crops are tried from -size (the window lies
    before the full result) to the full size (it lies after it); windows farther off hold the same
    zeros as those two.

    Args:
        full: the full result without bias, (n, c_out, *full).
        y: what was returned less the bias, (n, c_out, *o), finite; n and c_out as of `full`.
        tolerance: how far an element may be from that of `full`, of the same shape; 0 where None
            and outside the full result.
    """
    flat = y.reshape(prod(y.shape[:2]), *y.shape[2:])
    filled = np.argwhere((flat != 0).any(axis=0))
    source = full.reshape(prod(full.shape[:2]), *full.shape[2:])
    limits = (
        np.broadcast_to(0.0, source.shape) if tolerance is None else tolerance.reshape(source.shape)
    )
    if len(filled) == 0:
        return _starts_of_zeros(source, y.shape[2:], limits)
    candidates = _anchored(source, flat, filled[:: max(1, len(filled) // _ANCHORS)], limits)
    starts = [start for start in candidates if _explains(source, flat, filled, start, limits)]
    return np.array(starts, dtype=np.int64).reshape(len(starts), y.ndim - 2)


def _anchored(
    full: NDArray[Any], y: NDArray[Any], anchors: IntArray, limits: NDArray[np.float64]
) -> IntArray:
    """Return the starts at which anchors, positions of `y`, have their values in `full`.

    Further anchors are compared as long as more than one start is left.
    """
    first = y[(slice(None), *anchors[0])][(slice(None), *(None,) * (full.ndim - 1))]
    starts = np.argwhere((np.abs(full - first) <= limits).all(axis=0)) - anchors[0]
    for anchor in anchors[1:]:
        if len(starts) <= 1:
            break
        places = starts + anchor
        starts = starts[((places >= 0) & (places < full.shape[1:])).all(axis=1)]
        at = (slice(None), *(starts + anchor).T)
        error = np.abs(full[at] - y[(slice(None), *anchor)][:, None])
        starts = starts[(error <= limits[at]).all(axis=0)]
    return np.asarray(starts)


def _explains(
    full: NDArray[Any],
    y: NDArray[Any],
    filled: IntArray,
    start: IntArray,
    limits: NDArray[np.float64],
) -> bool:
    """Return whether the window that starts there is `y`: the overlap is equal, the rest zero."""
    low = np.maximum(start, 0)
    high = np.minimum(start + y.shape[1:], full.shape[1:])
    if ((filled + start < low) | (filled + start >= high)).any():
        return False
    here = (slice(None), *(slice(a, b) for a, b in zip(low, high, strict=True)))
    there = (slice(None), *(slice(a, b) for a, b in zip(low - start, high - start, strict=True)))
    error = np.abs(full[here] - y[there])
    return bool((error <= limits[here]).all())


def _starts_of_zeros(
    full: NDArray[Any], size: tuple[int, ...], limits: NDArray[np.float64]
) -> IntArray:
    """Return the starts of the windows of this size whose elements may all be 0."""
    filled = (np.abs(full) > limits).any(axis=0).astype(np.int64)  # then: how many in a window
    for axis, o in enumerate(size):
        margin = [(0, 0)] * filled.ndim
        margin[axis] = (o + 1, o)
        sums = np.pad(filled, margin).cumsum(axis=axis)
        count = filled.shape[axis] + o + 1
        filled = sums.take(range(o, o + count), axis) - sums.take(range(count), axis)
    starts: IntArray = np.argwhere(filled == 0) - np.array(size, dtype=np.int64)
    return starts
