"""Exact values: nonzero integers so small that every sum of products is exact, in any order.

Then a difference is an index error and never rounding. The condition is
max(conv_T(|x|, |w|) + |b|) <= limit of the dtype. Where even ones and minus ones pass it, inputs
become sparse.
"""

from math import isqrt, prod
from typing import Final

import numpy as np

from tconv.inputs.random_bits import Stream
from tconv.model.case import Case
from tconv.model.dtypes import Precision
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import most_products
from tconv.oracle.formulations import conv_transpose

LARGEST: Final = 255
"""Magnitude that no exact value passes: the formats inputs may be rounded to (TF32, bfloat16) hold
every one of them, so that in exact mode such rounding changes nothing."""

_FEWEST_KEPT: Final = 2**-12
"""Share of nonzero inputs below which sparse inputs are given up."""


def magnitudes(precision: Precision, products: int) -> tuple[int, int] | None:
    """Return the largest magnitudes of (x and w, b) that keep sums of `products` products exact.

    A complex value whose parts reach X has modulus X sqrt 2, so a product reaches 2 X^2. None
    where even magnitude 1 does not.
    """
    parts = 2 if precision.is_complex else 1
    b = max(1, min(LARGEST, precision.limit // 8))
    each = (precision.limit - parts * b) // (products * parts)
    return (min(LARGEST, isqrt(each)), b) if each >= 1 else None


def dense(case: Case, seed: str, precision: Precision) -> Tensors | None:
    """Return tensors without zeros, in the reference's dtype, or None where out of reach."""
    found = magnitudes(precision, most_products(case))
    if found is None:
        return None
    return integers(case, seed, precision, *found)


def integers(case: Case, seed: str, precision: Precision, most: int, most_bias: int) -> Tensors:
    """Return tensors of nonzero integers up to these magnitudes, in the reference's dtype."""
    x_shape, w_shape = case.x_shape, case.w_shape
    x_size = prod(x_shape)
    both = x_size + prod(w_shape)
    size = both + case.c_out
    count = size * (2 if precision.is_complex else 1)
    stream = Stream.from_text(seed, count, "<u2" if most <= LARGEST else "<u4")
    if most == most_bias:  # at once: half the time
        every = stream.integers(size, most, precision)
    else:
        parts = ((both, most), (case.c_out, most_bias))
        every = np.concatenate([stream.integers(*part, precision) for part in parts])
    return Tensors(
        x=every[:x_size].reshape(x_shape),
        w=every[x_size:both].reshape(w_shape),
        b=every[both:] if case.bias else None,
    )


def sparse(case: Case, seed: str, precision: Precision) -> Tensors | None:
    """Return tensors whose x is mostly zero, in the reference's dtype, or None: out of reach.

    The share of nonzero inputs is halved until the sums that remain are within the limit.
    """
    given = integers(case, seed, precision, 1, max(1, min(LARGEST, precision.limit // 8)))
    chance = Stream.from_text(f"{seed}:kept", given.x.size).numbers.reshape(given.x.shape)
    share = min(0.5, precision.limit / most_products(case))
    while share >= _FEWEST_KEPT:
        x = np.where(chance < share * 2**16, given.x, 0)
        kept = Tensors(x=x, w=given.w, b=given.b)
        if x.any() and largest_sum(case, kept) <= precision.limit:
            return kept
        share /= 2
    return None


def largest_sum(case: Case, given: Tensors) -> float:
    """Return max(conv_T(|x|, |w|) + |b|) over the full result, which no window passes."""
    sizes = given.magnitudes
    whole = conv_transpose(
        sizes.x, sizes.w, sizes.b, stride=case.s, dilation=case.dilation, groups=case.groups
    )
    return float(whole.max(initial=0.0))
