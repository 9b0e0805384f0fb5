"""Bits that a text decides: no state, no platform, no version of a generator enters."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tconv.model.dtypes import Precision


@dataclass(slots=True, kw_only=True, eq=False)
class Stream:
    """Numbers of `width` bits, taken one after the other.

    Attributes:
        numbers: all of them.
        taken: how many have been taken.
    """

    numbers: NDArray[np.unsignedinteger[Any]]
    taken: int = 0

    @classmethod
    def from_text(cls, text: str, count: int, dtype: str = "<u2") -> Self:
        """Return `count` numbers from the SHAKE-128 digest of a text."""
        digest = hashlib.shake_128(text.encode()).digest(np.dtype(dtype).itemsize * count)
        return cls(numbers=np.frombuffer(digest, dtype))

    def integers(self, size: int, most: int, precision: Precision) -> NDArray[Any]:
        """Return `size` nonzero integers of magnitude 1 to `most` in the reference's dtype.

        Complex ones have nonzero parts. A count of 2 `most` values that does not divide the range
        of the numbers makes some values more likely by a hair, which harms nothing here.
        """
        count = 2 * size if precision.is_complex else size
        places = self.numbers[self.taken : self.taken + count] % (2 * most)
        self.taken += count
        values = _nonzero(most, "i8" if precision.is_integer else "f8").take(places)
        return values.view(precision.work) if precision.is_complex else values


@lru_cache
def _nonzero(most: int, kind: str) -> NDArray[Any]:
    """Return -most, .., -1, 1, .., most."""
    return np.concatenate((np.arange(-most, 0), np.arange(1, most + 1))).astype(kind)
