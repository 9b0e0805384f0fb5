"""The tensors of a case, from its id and a seed: the same bytes on every machine, in any order.

Exact values are nonzero integers so small that every sum of products is exact in the case's dtype,
whatever the order of summation; then a difference is an index error and never rounding.
"""

import hashlib
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from harness.call import most_products
from harness.case import Case
from harness.precision import PRECISIONS, Precision
from harness.tensors import Tensors

Used = Literal["exact", "exact, sparse", "normal"]

LARGEST: Final = 255
"""Magnitude that no exact value passes: the formats inputs may be rounded to (TF32, bfloat16) hold
every one of them, so that in exact mode such rounding changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draw:
    """The tensors of one case and how they came about.

    Attributes:
        tensors: the arrays in the case's dtype, read-only.
        work: the same numbers in the dtype of the reference (float64, complex128 or int64).
        used: kind of values that was drawn; `normal` also where exact values are out of reach.
        indistinguishable: readings that coincide with the right answer whatever the values.
    """

    tensors: Tensors
    work: Tensors
    used: Used
    indistinguishable: tuple[str, ...] = ()


def draw(case: Case, seed: int = 0) -> Draw:
    """Return the tensors of a case; the case's id and the seed decide every bit of them."""
    precision = PRECISIONS[case.dtype]
    return _draw_exact(case, seed, precision)


def _draw_exact(case: Case, seed: int, precision: Precision) -> Draw:
    shapes = [tuple(max(size, 0) for size in s) for s in (case.x_shape, case.w_shape, case.b_shape)]
    x_most, b_most = magnitudes(precision, most_products(case))
    parts = 2 if precision.is_complex else 1
    sizes = [parts * prod(shape) for shape in shapes]
    stream = _stream(case, seed, sum(sizes))
    ends = np.cumsum(sizes)
    x = _integers(stream[: ends[0]], x_most, shapes[0], precision)
    w = _integers(stream[ends[0] : ends[1]], x_most, shapes[1], precision)
    b = _integers(stream[ends[1] :], b_most, shapes[2], precision) if case.bias else None
    work = Tensors(x=x, w=w, b=b)
    return Draw(tensors=_narrowed(work, precision), work=work, used="exact")


def magnitudes(precision: Precision, products: int) -> tuple[int, int]:
    """Return the largest magnitudes of (x and w, b) that keep sums of `products` products exact.

    A complex product counts as two, as |x||w| reaches 2 X W where each component reaches X or W.
    """
    limit = precision.limit
    b = max(1, min(LARGEST, limit // 8))
    each = (limit - 2 * b) // (products * (2 if precision.is_complex else 1))
    return max(1, min(LARGEST, isqrt(max(each, 1)))), b


def _stream(case: Case, seed: int, count: int) -> NDArray[np.uint16]:
    """Return 16-bit numbers that the case's id and the seed decide."""
    digest = hashlib.shake_128(f"{seed}:{case.id}".encode()).digest(2 * count)
    return np.frombuffer(digest, "<u2")


def _integers(
    bits: NDArray[np.uint16], most: int, shape: tuple[int, ...], precision: Precision
) -> NDArray[Any]:
    """Return integers of magnitude 1..most in the reference's dtype."""
    signed = bits.astype(np.int64) % (2 * most) - most
    signed += signed >= 0
    if precision.is_complex:
        return (signed[0::2] + 1j * signed[1::2]).reshape(shape)
    return signed.astype(precision.work).reshape(shape)


def _narrowed(work: Tensors, precision: Precision) -> Tensors:
    return Tensors(
        x=_frozen(work.x, precision),
        w=_frozen(work.w, precision),
        b=None if work.b is None else _frozen(work.b, precision),
    )


def _frozen(values: NDArray[Any], precision: Precision) -> NDArray[Any]:
    found = values.astype(precision.dtype)
    found.setflags(write=False)
    return found
