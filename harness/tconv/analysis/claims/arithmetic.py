"""Quantities of a claim that are computed: by counting and by the oracle, never by a formula.

A formula must not be checked against itself. Sizes of a direct convolution are
counted position by position; sizes of a transposed one are those of the array that the oracle
returns; the parameters of the emulation are searched for until the numbers agree.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tconv.errors import ClaimError
from tconv.model.predicate.expression import Points
from tconv.oracle.formulations import conv_transpose

Ints = NDArray[np.int64]


def direct_size(i: int, k: int, s: int, p: int, d: int = 1) -> int:
    """Return at how many positions a kernel of `k` taps fits into `i` pixels and `p` zeros a side.

    The kernel starts at -p and moves by s; its last tap must not pass i + p - 1.
    """
    count, first = 0, -p
    while first + d * (k - 1) <= i + p - 1:
        count, first = count + 1, first + s
    return count


@lru_cache(maxsize=100_000)
def transposed_size(i: int, k: int, s: int, p: int, op: int = 0, d: int = 1) -> int:
    """Return the length of what the oracle computes from `i` pixels; 0 where it has no output."""
    if s * (i - 1) + d * (k - 1) + 1 - 2 * p + op < 1:
        return 0
    y = conv_transpose(
        np.ones((1, 1, i)), np.ones((1, 1, k)),
        stride=s, padding=p, output_padding=op, dilation=d,
    )  # fmt: skip
    return int(y.shape[2])


def restored_size(i: int, k: int, s: int, p: int) -> int:
    """Return the size after a direct convolution of `i` pixels and its transpose.

    The output padding is what the direct convolution left over at the end, (i + 2p - k) mod s.
    """
    return transposed_size(direct_size(i, k, s, p), k, s, p, (i + 2 * p - k) % s)


def size_there_and_back(i: int, k: int, s: int, p: int) -> int:
    """Return the size after a direct convolution and its transpose without output padding."""
    return transposed_size(direct_size(i, k, s, p), k, s, p)


def emulation_begin(i: int, k: int, s: int, p: int, op: int = 0) -> int:
    """Return the zeros before the stretched input with which a direct convolution agrees."""
    return _emulation(i, k, s, p, op)[0]


def emulation_end(i: int, k: int, s: int, p: int, op: int = 0) -> int:
    """Return the zeros behind the stretched input with which a direct convolution agrees."""
    return _emulation(i, k, s, p, op)[1]


def emulation_zeros(i: int, k: int, s: int, p: int, op: int = 0) -> int:
    """Return the zeros between two pixels with which a direct convolution agrees."""
    return _emulation(i, k, s, p, op)[2]


def unreached(i: int, k: int, s: int, p: int, op: int) -> int:
    """Return how many of the last `op` elements no product reaches: nothing but zeros or bias."""
    y = conv_transpose(
        np.ones((1, 1, i)), np.ones((1, 1, k)), stride=s, padding=p, output_padding=op
    )[0, 0]
    return int((y[len(y) - op :] == 0).sum())


@lru_cache(maxsize=100_000)
def _emulation(i: int, k: int, s: int, p: int, op: int) -> tuple[int, int, int]:
    """Return (begin, end, zeros between) with which a direct convolution of stride 1 agrees.

    Every combination is tried, on numbers for which all of them differ; exactly one must agree.

    Raises:
        ClaimError: none does, or more than one.
    """
    x, w = 3 ** np.arange(i, dtype=np.int64) + 7, 5 ** np.arange(k, dtype=np.int64) + 2
    y = conv_transpose(x[None, None], w[None, None], stride=s, padding=p, output_padding=op)[0, 0]
    emulations = []
    for zeros in range(s + 2):
        z = _stretched(x, zeros)
        wide = np.convolve(np.pad(z, k + s), w, mode="valid")  # NumPy flips w itself
        emulations += [
            (begin, len(y) + k - 1 - len(z) - begin, zeros)
            for begin in range(-k, k + s + 1)
            if np.array_equal(wide[k + s - begin :][: len(y)], y)
        ]
    if len(emulations) != 1:
        raise ClaimError(
            f"{len(emulations)} emulations of i={i} k={k} s={s} p={p} op={op} agree, but should be "
            "one; keep to i >= 2"
        )
    return emulations[0]


def _stretched(x: Ints, zeros: int) -> Ints:
    z = np.zeros(len(x) + (len(x) - 1) * zeros, dtype=np.int64)
    z[:: zeros + 1] = x
    return z


QUANTITIES: Final[Mapping[str, Callable[..., int]]] = {
    "direct size": direct_size,
    "transposed size": transposed_size,
    "restored size": restored_size,
    "size there and back": size_there_and_back,
    "zeros before the stretched input": emulation_begin,
    "zeros behind the stretched input": emulation_end,
    "zeros between two pixels": emulation_zeros,
    "elements that output padding leaves empty": unreached,
}
"""Every quantity, and the function of one point that computes it."""


def computed(quantity: str, points: Points) -> Ints:
    """Return the true value of a quantity at each point, (points,).

    Raises:
        ClaimError: no quantity has this name, or a letter that it needs is missing.
    """
    if quantity not in QUANTITIES:
        raise ClaimError(f"quantity={quantity!r}, but should be one of {', '.join(QUANTITIES)}")
    function, columns = QUANTITIES[quantity], [column.tolist() for column in points.values()]
    every_point = (dict(zip(points, point, strict=True)) for point in zip(*columns, strict=True))
    try:
        return np.array([function(**letters) for letters in every_point], dtype=np.int64)
    except TypeError as error:
        raise ClaimError(f"domain of {quantity!r}: {error}; name the letters it needs") from None
