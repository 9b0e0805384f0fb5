"""Exact values: nonzero integers so small that every sum of products is exact, in any order.

Then a difference is an index error and never rounding. The condition is
max(conv_T(|x|, |w|) + |b|) <= limit of the dtype. Where even ones and minus ones exceed it, inputs
become sparse. A seed text decides every bit, so that neither the state nor the version of a random
generator matters, nor the platform.
"""

import hashlib
from functools import lru_cache
from math import isqrt, prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.model.case import Case
from tconv.model.dtypes import Precision
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import lowered, most_products
from tconv.oracle.formulations import conv_transpose

LARGEST: Final = 255
"""Largest magnitude of an exact value: the formats inputs may be rounded to (TF32, bfloat16) hold
every integer up to it, so that in exact mode such rounding changes nothing."""

_SPARSEST: Final = 2**-12
"""Smallest share of nonzero inputs that is tried."""


def dense(case: Case, text: str, precision: Precision) -> Tensors | None:
    """Return tensors without zeros, in the reference's dtype, or None where none are exact."""
    largest = _largest_magnitudes(precision, most_products(case))
    return None if largest is None else integers(case, text, precision, *largest)


def _largest_magnitudes(precision: Precision, products: int) -> tuple[int, int] | None:
    """Return the largest magnitudes of (x and w, b) that keep sums of `products` products exact.

    A complex value whose parts reach X has modulus X sqrt 2, so a product reaches 2 X^2. None
    where even magnitude 1 does not.
    """
    parts = 2 if precision.is_complex else 1
    b = _largest_bias(precision)
    square = (precision.limit - parts * b) // (products * parts)
    return (min(LARGEST, isqrt(square)), b) if square >= 1 else None


def _largest_bias(precision: Precision) -> int:
    return max(1, min(LARGEST, precision.limit // 8))


def integers(case: Case, text: str, precision: Precision, most: int, most_bias: int) -> Tensors:
    """Return tensors of nonzero integers up to these magnitudes, in the reference's dtype."""
    x_shape, w_shape = case.x_shape, case.w_shape
    x_size = prod(x_shape)
    both = x_size + prod(w_shape)
    parts = 2 if precision.is_complex else 1
    bits = _bits(text, parts * (both + case.c_out), "<u2" if most <= LARGEST else "<u4")
    if most == most_bias:  # one call takes half the time of two
        values = _nonzero(bits, most, precision)
    else:
        x_and_w = _nonzero(bits[: parts * both], most, precision)
        values = np.concatenate([x_and_w, _nonzero(bits[parts * both :], most_bias, precision)])
    return Tensors(
        x=values[:x_size].reshape(x_shape),
        w=values[x_size:both].reshape(w_shape),
        b=values[both:] if case.bias else None,
    )


def _bits(text: str, count: int, dtype: str = "<u2") -> NDArray[np.unsignedinteger[Any]]:
    """Return `count` numbers from the SHAKE-128 digest of a text."""
    digest = hashlib.shake_128(text.encode()).digest(np.dtype(dtype).itemsize * count)
    return np.frombuffer(digest, dtype)


def _nonzero(
    bits: NDArray[np.unsignedinteger[Any]], most: int, precision: Precision
) -> NDArray[Any]:
    """Return values of magnitude 1 to `most`: one per number, or per two where complex.

    Where 2 `most` does not divide the range of the numbers, some values are slightly more likely,
    which does no harm here.
    """
    table = _nonzero_range(most, "i8" if precision.is_integer else "f8")
    values = table.take(bits % (2 * most))
    return values.view(precision.work) if precision.is_complex else values


@lru_cache
def _nonzero_range(most: int, kind: str) -> NDArray[Any]:
    """Return -most, .., -1, 1, .., most."""
    return np.concatenate((np.arange(-most, 0), np.arange(1, most + 1))).astype(kind)


def sparse(case: Case, text: str, precision: Precision) -> Tensors | None:
    """Return tensors whose x is mostly zero, in the reference's dtype, or None: none are exact.

    The share of nonzero inputs is halved until the sums that remain are within the limit.
    """
    full = integers(case, text, precision, 1, _largest_bias(precision))
    chance = _bits(f"{text}:kept", full.x.size).reshape(full.x.shape)
    share = min(0.5, precision.limit / most_products(case))
    while share >= _SPARSEST:
        x = np.where(chance < share * 2**16, full.x, 0)
        tensors = Tensors(x=x, w=full.w, b=full.b)
        if x.any() and largest_sum(case, tensors) <= precision.limit:
            return tensors
        share /= 2
    return None


def largest_sum(case: Case, tensors: Tensors) -> float:
    """Return max(conv_T(|x|, |w|) + |b|) over the full result, which no window exceeds."""
    case, sizes = lowered(case, tensors.magnitudes)
    bound = conv_transpose(
        sizes.x, sizes.w, sizes.b, stride=case.s, dilation=case.dilation, groups=case.groups
    )
    return float(bound.max(initial=0.0))
