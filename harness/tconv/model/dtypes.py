"""The properties of each element type: rounding, smallest numbers, exact integers.

The unit roundoff u and the smallest numbers enter the error bound
|y - ref| <= (n+1)(u bound + eta), which follows from the model of floating-point arithmetic in
Higham, "Accuracy and Stability of Numerical Algorithms", equations 2.8 and 3.4.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import ml_dtypes
import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """The properties of one element type that judging needs.

    Attributes:
        dtype: the NumPy dtype.
        work: the dtype of the reference: float64, complex128 or int64.
        u: unit roundoff; of a component where complex; 0 for integers.
        subnormal: the smallest positive number; 0 for integers.
        limit: every integer up to this magnitude is exact, and so is every sum of products of
            integers whose absolute values add up to it or less, in any order.
    """

    dtype: np.dtype[Any]
    work: np.dtype[Any]
    u: float
    subnormal: float
    limit: int

    @property
    def is_complex(self) -> bool:
        """Whether the elements are complex."""
        return self.dtype.kind == "c"

    @property
    def is_integer(self) -> bool:
        """Whether the elements are integers, so that only equality counts."""
        return self.dtype.kind == "i"


@cache
def name_of(dtype: np.dtype[Any]) -> str:
    """Return the name of a dtype; cached, as NumPy computes it on each access."""
    name: str = dtype.name
    return name


def _floating(dtype: Any, bits: int, lowest: int, part: int = 1) -> Precision:  # noqa: ANN401 # anything np.dtype takes
    """Return the precision with `bits` of significand and smallest normal 2^lowest."""
    element = np.dtype(dtype)
    return Precision(
        dtype=element,
        work=np.dtype(np.complex128 if element.kind == "c" else np.float64),
        u=2.0**-bits,
        subnormal=2.0 ** (lowest - bits + 1),
        limit=2**bits // part,
    )


def _integer(dtype: Any, limit: int) -> Precision:  # noqa: ANN401 # anything np.dtype takes
    return Precision(
        dtype=np.dtype(dtype), work=np.dtype(np.int64), u=0.0, subnormal=0.0, limit=limit
    )  # fmt: skip


PRECISIONS: Final = {
    "float16": _floating(np.float16, 11, -14),
    "bfloat16": _floating(ml_dtypes.bfloat16, 8, -126),
    "float32": _floating(np.float32, 24, -126),
    "float64": _floating(np.float64, 53, -1022),
    "complex64": _floating(np.complex64, 24, -126, part=4),
    "complex128": _floating(np.complex128, 53, -1022, part=4),
    "int32": _integer(np.int32, 2**31 - 1),
    "int64": _integer(np.int64, 2**53),
}
"""The precision of every dtype that a case may have."""

FORMATS: Final = {
    "float32": 2.0**-24,
    "tf32": 2.0**-11,
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
}
"""The unit roundoff v of every format to which a mode may round its inputs, the finest first."""
