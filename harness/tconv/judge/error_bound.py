"""How far off a result is, and which arithmetic would explain it.

The limit is |y - ref| <= (n+1)(u bound + eta), elementwise, with n = conv_T(1, 1) products (complex
ones counted twice) and bound = conv_T(|x|, |w|) + |b|: Higham, "Accuracy and Stability of Numerical
Algorithms", equation 3.5, with n products, n additions and eta for what falls below the normal
numbers. Where n = 0 the output is the bias or 0, and must be exactly that.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.judge.expected import Expected
from tconv.model.dtypes import FORMATS

GROWTH: Final = 16
"""Factor by which a transform may pass the largest limit of a plain sum. Winograd's F(4, 3) in
float32 reached 5.2 of it on normal values, in one axis and in two, with one channel; 1.1 with 4."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rounding:
    """A result of the right shape and dtype, with finite values, beside the right answer.

    Attributes:
        expected: the right answer.
        wide: the result in the dtype of the reference, (n, c_out, *o).
        flushes: whether subnormal numbers may be flushed to zero.
    """

    expected: Expected
    wide: NDArray[Any]
    flushes: bool = False

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
        """(n+1)(u bound + eta), and 0 where n = 0."""
        precision, n = self.expected.precision, self.expected.products
        return np.where(n, (n + 1) * (precision.u * self.expected.bound + self._eta), 0)

    @cached_property
    def units(self) -> NDArray[np.float64]:
        """The error in units of the limit; infinite where n = 0 and there is an error."""
        exact = self.error == 0
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(exact, 0.0, self.error / self.limit)

    def explanations(self) -> tuple[str, ...]:
        """Return the kinds of arithmetic that explain the error, the likeliest first.

        `transformed` holds normwise, where the products are not summed as they are; the names of
        :data:`FORMATS` hold for inputs rounded to such a format, which exact ones come through
        unchanged.
        """
        found = ["transformed"] if self._is_transformed() else []
        if self.expected.draw.used != "normal":
            return tuple(found)
        coarser = {f: v for f, v in FORMATS.items() if v > self.expected.precision.u}
        found += [name for name, v in coarser.items() if self._is_reduced(v)]
        return tuple(found)

    @property
    def _eta(self) -> float:
        precision = self.expected.precision
        return precision.normal if self.flushes else precision.subnormal / 2

    def _is_reduced(self, v: float) -> bool:
        """Whether error <= (2v + v^2 + (n+1)u) bound + (n+1) eta: x and w rounded by v each."""
        n, u = self.expected.products, self.expected.precision.u
        limit = (2 * v + v * v + (n + 1) * u) * self.expected.bound + (n + 1) * self._eta
        return bool((self.error <= np.where(n, limit, 0)).all())

    def _is_transformed(self) -> bool:
        """Whether every error is small beside the largest sum of the output.

        An exact answer holds integers: an error that is one everywhere is one of indices.
        """
        if self.expected.draw.used != "normal" and (self.error == np.rint(self.error)).all():
            return False
        return bool(self.error.max() <= GROWTH * self.limit.max())
