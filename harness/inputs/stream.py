"""Bits that a text decides: no state, no platform, no version of a generator enters."""

import hashlib
from dataclasses import dataclass
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harness.precision import Precision


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

    def integers(self, shape: tuple[int, ...], most: int, precision: Precision) -> NDArray[Any]:
        """Return nonzero integers of magnitude 1 to `most` in the reference's dtype.

        Complex ones have nonzero parts. A count of 2 `most` values that does not divide the range
        of the numbers makes some values more likely by a hair, which harms nothing here.
        """
        parts = 2 if precision.is_complex else 1
        count = parts * prod(shape)
        # Int64 before the remainder: an unsigned one cannot be shifted below zero.
        signed = self.numbers[self.taken : self.taken + count] % (2 * most)
        values = signed.astype(np.int64) - most
        values += values >= 0
        self.taken += count
        if precision.is_complex:
            return (values[0::2] + 1j * values[1::2]).reshape(shape)
        return values.astype(precision.work, copy=False).reshape(shape)
