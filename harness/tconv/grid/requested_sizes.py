"""The output sizes that a grid requests: plain numbers, and sizes relative to a point.

A direct convolution maps s sizes to i. These are the *candidates*; a word in a configuration
requests all of them, or one outside them, and stands for different numbers at each point.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tconv.model.geometry import full_size
from tconv.model.parameters import PARAMETERS

IntArray = NDArray[np.int64]
Word = Literal["candidates", "below", "above", "far"]

WORDS: Final[tuple[Word, ...]] = ("candidates", "below", "above", "far")
"""candidates: every size a direct convolution, padded as the case says, maps to i. below, above:
the next one outside them. far: twice the largest."""

Request: TypeAlias = int | str | tuple[int | str, ...] | None
"""One value of `o`: a size or a word serves every axis, a tuple has one per axis; None: no size."""

ABSENT: Final = -(2**63)
"""Stands for None in a matrix of integers; a configuration cannot hold so small a number."""

_POLICIES: Final = PARAMETERS["padding"].names


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """The sizes that each of several points requests: a contiguous range per axis.

    Attributes:
        first: the smallest, (points, ndim); :data:`ABSENT` where no size is requested.
        count: how many there are, (points, ndim), 1 where none is requested; 0: no candidate.
    """

    first: IntArray
    count: IntArray

    @property
    def points(self) -> IntArray:
        """How many combinations over the axes each point requests, (points,)."""
        return np.asarray(self.count.prod(axis=1))

    def sizes(self, picks: IntArray) -> IntArray:
        """Return combination number `picks` (points,) of each point, (points, ndim)."""
        sizes, pick = self.first.copy(), picks
        for axis in reversed(range(self.first.shape[1])):
            count = np.maximum(self.count[:, axis], 1)
            sizes[:, axis] += pick % count
            pick = pick // count
        return sizes


class RequestTable:
    """The values of `o` of one sweep on one number of axes."""

    def __init__(self, listed: tuple[Request, ...], ndim: int) -> None:
        """Separate words from numbers; an option for another number of axes is never used."""
        rows = [entry if isinstance(entry, tuple) else (entry,) * ndim for entry in listed]
        fitting = [row if len(row) == ndim else (None,) * ndim for row in rows]
        shape = (len(listed), ndim)
        self._word = np.array([[_position(e) for e in row] for row in fitting]).reshape(shape)
        self._size = np.array([[_number(e) for e in row] for row in fitting]).reshape(shape)

    def requests(self, codes: IntArray, columns: Mapping[str, IntArray]) -> Requests:
        """Return what the points with these options of `o` (points,) request.

        Args:
            codes: position of each point's option.
            columns: their other parameters, as :meth:`Product.columns` gives them.
        """
        word, size = self._word[codes], self._size[codes]
        smallest, largest = candidates(columns)
        begin = np.maximum(smallest, 1)
        first = np.choose(word + 1, [size, begin, begin - 1, largest + 1, 2 * largest])
        count = np.where(word == 0, np.maximum(largest - begin + 1, 0), 1)
        return Requests(first, np.where((word > 0) & (largest < begin), 0, count))


def candidates(columns: Mapping[str, IntArray]) -> tuple[IntArray, IntArray]:
    """Return the smallest and the largest size that a direct convolution maps to i.

    (points, ndim) each; sizes below 1 are among them. As :func:`tconv.model.geometry.preimages`; a
    convolution under the policies same and same_lower maps o to ceil(o/s), whatever the kernel
    (TensorFlow, `tf.nn.convolution`), so its candidates are s(i-1)+1 to s i.
    """
    i, k, s, d = (columns[name] for name in ("i", "k", "s", "dilation"))
    plain = full_size(i, k, s, d) - columns["p_begin"] - columns["p_end"]  # type: ignore[arg-type] # arrays pass through
    policy = columns["padding"][:, None]
    is_same = (policy == _POLICIES.index("same")) | (policy == _POLICIES.index("same_lower"))
    smallest = np.where(is_same, s * (i - 1) + 1, plain)
    return smallest, smallest + s - 1


def _position(entry: Any) -> int:  # noqa: ANN401 # a word, a size or None
    return WORDS.index(entry) if isinstance(entry, str) else -1


def _number(entry: Any) -> int:  # noqa: ANN401 # as above
    return entry if isinstance(entry, int) else ABSENT
