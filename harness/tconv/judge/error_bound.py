"""How far rounding may move a result from the reference, and which arithmetic explains more.

The limit is |y - ref| <= (n+1)(u bound + eta), elementwise, with n = conv_T(1, 1) products (complex
ones counted twice) and bound = conv_T(|x|, |w|) + |b|: Higham, "Accuracy and Stability of Numerical
Algorithms", equation 3.5, with n products, n additions and eta for what falls below the normal
numbers. Where n = 0 the output is the bias or 0, and must be exact.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.judge.expected import Expected
from tconv.model.dtypes import FORMATS, Precision

GROWTH: Final = 16
"""Factor by which a transform may pass the largest limit of a plain sum. Winograd's F(4, 3) in
float32 reached 5.2 of it on normal values, in one axis and in two, with one channel; 1.1 with 4."""


def error_bound(
    n: NDArray[np.float64] | int, bound: NDArray[np.float64], precision: Precision
) -> NDArray[np.float64]:
    """Return (n+1)(u bound + eta) of each element, and 0 where n = 0.

    Args:
        n: the number of products in each element, complex ones counted twice.
        bound: conv_T(|x|, |w|) + |b|.
        precision: that of the result; eta is half of its smallest subnormal number.
    """
    return np.where(n, (n + 1) * (precision.u * bound + precision.subnormal / 2), 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasuredError:
    """How far a result of the right shape and dtype, with finite values, is from the right answer.

    Attributes:
        expected: the right answer.
        wide: the result in the dtype of the reference, (n, c_out, *o).
    """

    expected: Expected
    wide: NDArray[Any]

    @cached_property
    def error(self) -> NDArray[np.float64]:
        """|y - ref|, by modulus, (n, c_out, *o)."""
        assert self.expected.y is not None
        difference = self.wide - self.expected.y
        if self.expected.residue is not None:
            difference = difference - self.expected.residue
        error: NDArray[np.float64] = np.abs(difference).astype(np.float64, copy=False)
        return error

    @cached_property
    def limit(self) -> NDArray[np.float64]:
        """The error bound of each element, (n, c_out, *o)."""
        expected = self.expected
        return error_bound(expected.products, expected.bound, expected.precision)

    @cached_property
    def units(self) -> NDArray[np.float64]:
        """The error in units of the limit; infinite where n = 0 and there is an error."""
        exact = self.error == 0
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(exact, 0.0, self.error / self.limit)

    def explanations(self) -> tuple[str, ...]:
        """Return the kinds of arithmetic that explain the error, the likeliest first.

        `transformed`: the error is small relative to the largest sum, as where a transform replaces
        the sum of products. A name of :data:`FORMATS`: the inputs were rounded to that format,
        which would leave exact inputs unchanged.
        """
        names = ["transformed"] if self._is_transformed() else []
        if not self.expected.draw.is_exact:
            names += [
                name
                for name, v in FORMATS.items()
                if v > self.expected.precision.u and self._is_reduced(v)
            ]
        return tuple(names)

    def _is_reduced(self, v: float) -> bool:
        """Return whether rounding x and w by v each, (2v + v^2) bound, explains it."""
        rounded = np.where(self.expected.products, (2 * v + v * v) * self.expected.bound, 0)
        return bool((self.error <= self.limit + rounded).all())

    def _is_transformed(self) -> bool:
        """Return whether every error is small relative to the largest sum of the output."""
        if self.expected.draw.is_exact and (self.error == np.rint(self.error)).all():
            return False  # exact sums are integers, so this is a wrong index, not rounding
        return bool(self.error.max() <= GROWTH * self.limit.max())
