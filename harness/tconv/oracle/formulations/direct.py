"""The direct convolution (cross-correlation), whose adjoint is the transposed convolution.

out[n, ci, h] = sum over co, u of y[n, co, s h + d u - p_begin] w[ci, co, u]
"""

from dataclasses import replace
from math import prod

import numpy as np

from tconv.oracle.formulations.arguments import Arguments, Array


def convolve(a: Arguments, sizes: tuple[int, ...]) -> Array:
    """Return the first `sizes` positions of the direct convolution, (n, c_in, *sizes)."""
    c_in, c_out_group = a.w.shape[:2]
    read = columns(a, sizes)
    taps = a.w.reshape(a.groups, c_in // a.groups, c_out_group * prod(a.w.shape[2:]))
    out: Array = np.matmul(taps, read).reshape(a.x.shape[0], c_in, *sizes)
    return out


def input_gradient(a: Arguments, dy: Array) -> Array:
    """Return dx, (n, c_in, *i): the first i positions of the direct convolution of dy."""
    return convolve(replace(a, x=dy), a.x.shape[2:])


def weight_gradient(a: Arguments, dy: Array) -> Array:
    """Return dw, (c_in, c_out/groups, *k)."""
    n, c_in, *i = a.x.shape
    read = columns(replace(a, x=dy), a.x.shape[2:])
    x = a.x.reshape(n, a.groups, c_in // a.groups, prod(i))
    dw: Array = np.matmul(x, read.swapaxes(2, 3)).sum(axis=0).reshape(a.w.shape)
    return dw


def output_sizes(a: Arguments) -> tuple[int, ...]:
    """Return the sizes floor((size + p_begin + p_end - K) / s) + 1, 0 where no kernel fits.

    Source: Dumoulin & Visin, arXiv:1603.07285, relationship 15.
    """
    return tuple(
        max(0, (size + begin + end - d * (k - 1) - 1) // s + 1)
        for size, begin, end, k, s, d in zip(
            a.x.shape[2:], a.begin, a.end, a.w.shape[2:], a.stride, a.dilation, strict=True
        )
    )


def columns(a: Arguments, sizes: tuple[int, ...]) -> Array:
    """Return what each tap reads at each position: (n, groups, c_out/groups * taps, positions)."""
    y = a.x
    for axis, size in enumerate(sizes):
        reads = a.stride[axis] * np.arange(size) + a.dilation[axis] * _taps(a, axis)[:, None]
        y = _embed(y, a, axis, size).take(reads, axis=2 + 2 * axis)
    n, c_out, *_ = y.shape
    y = y.transpose(0, 1, *range(2, y.ndim, 2), *range(3, y.ndim, 2))
    return y.reshape(n, a.groups, c_out // a.groups * prod(a.w.shape[2:]), prod(sizes))


def _taps(a: Arguments, axis: int) -> Array:
    return np.arange(a.w.shape[2 + axis])


def _embed(y: Array, a: Arguments, axis: int, size: int) -> Array:
    """Return one axis from -p_begin to the last position that is read, zeros outside y."""
    begin, outer = a.begin[axis], np.moveaxis(y, 2 + 2 * axis, 0)
    length = max(0, a.stride[axis] * (size - 1) + a.dilation[axis] * _taps(a, axis)[-1] + 1)
    first, last = max(0, begin), max(0, begin, min(length, begin + len(outer)))
    embedded = np.zeros((length, *outer.shape[1:]), y.dtype)
    embedded[first:last] = outer[first - begin : last - begin]
    return np.moveaxis(embedded, 0, 2 + 2 * axis)
