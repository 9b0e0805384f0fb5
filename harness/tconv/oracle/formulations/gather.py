"""Gather: every output position collects the pixels and taps that reach it.

    y[n, co, j] = sum over ci, u of x[n, ci, h] w[ci, co, u]   where   s h + d u = j + p_begin

Where no whole h inside the input solves the equation, a zero stands in for the pixel.
"""

import numpy as np

from tconv.oracle.formulations.arguments import Arguments, Array


def conv_transpose(a: Arguments) -> Array:
    """Return the transposed convolution of valid arguments, (n, c_out, *o)."""
    n, c_in, *i = a.x.shape
    x = np.zeros((n, c_in, *(size + 1 for size in i)), a.x.dtype)  # the last of each axis: no pixel
    x[tuple(slice(size) for size in a.x.shape)] = a.x
    for axis in range(len(i)):
        x = x.take(_pixels(a, axis), axis=2 + 2 * axis)
    y = _sum_of_products(x, a)
    return y if a.b is None else y + a.b[(slice(None), *(None,) * len(i))]


def _pixels(a: Arguments, axis: int) -> Array:
    """Return the pixel that reaches each output position through each tap, (k, o), int."""
    i, k, s = a.x.shape[2 + axis], a.w.shape[2 + axis], a.stride[axis]
    reach = a.dilation[axis] * (k - 1)
    last = s * (i - 1) + reach - a.end[axis] + a.output_padding[axis]
    position = np.arange(a.begin[axis], last + 1)
    pixel, remainder = np.divmod(position - a.dilation[axis] * np.arange(k)[:, None], s)
    return np.where((remainder == 0) & (pixel >= 0) & (pixel < i), pixel, i)


def _sum_of_products(x: Array, a: Arguments) -> Array:
    """Contract x, (n, c_in, k, o, k, o, ...), with w over input channels and taps."""
    ndim, c_out_group = a.w.ndim - 2, a.w.shape[1]
    taps, positions = range(4, 4 + 2 * ndim, 2), range(5, 5 + 2 * ndim, 2)
    per_group = x.reshape(
        x.shape[0], a.groups, -1 if x.size else a.w.shape[0] // a.groups, *x.shape[2:]
    )
    w = a.w.reshape(a.groups, -1, *a.w.shape[1:])
    labels = [0, 1, 2, *range(4, 4 + 2 * ndim)]
    y: Array = np.einsum(per_group, labels, w, [1, 2, 3, *taps], [0, 1, 3, *positions])
    return y.reshape(x.shape[0], a.groups * c_out_group, *y.shape[3:])
