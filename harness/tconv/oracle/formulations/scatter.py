"""Scatter: every input pixel stamps the kernel, as the definition says; the default, made fast.

    full[n, co, s h + d u] += sum over ci of x[n, ci, h] w[ci, co, u]

All products of pixels and taps come from one matrix product. They are then added in place axis by
axis, so the number of Python steps is the *sum* of the kernel sizes, not their product. Batch and
channels lie innermost, where NumPy's inner loops run over them.
"""

from math import prod

import numpy as np

from tconv.oracle.formulations.arguments import Arguments, Array


def conv_transpose(a: Arguments) -> Array:
    """Return the transposed convolution of valid arguments, (n, c_out, *o)."""
    ndim = a.x.ndim - 2
    y = _products(a)
    for axis in range(ndim):
        y = _overlap_add(y, a, axis)
    y = y.transpose(ndim + 1, 0, ndim + 2, *range(1, ndim + 1))
    y = y.reshape(y.shape[0], a.groups * a.w.shape[1], *y.shape[3:])
    if a.b is not None:
        y = y + a.b.reshape(-1, *(1,) * ndim)
    return np.ascontiguousarray(y)


def _products(a: Arguments) -> Array:
    """Return each pixel times each tap, summed over c_in: (*k, groups, *i, n, c_out/groups)."""
    n, c_in, *i = a.x.shape
    c_out_group, k, c_in_group = a.w.shape[1], a.w.shape[2:], c_in // a.groups
    pixels = a.x.reshape(n, a.groups, c_in_group, prod(i)).transpose(1, 3, 0, 2)
    taps = a.w.reshape(a.groups, c_in_group, c_out_group, prod(k)).transpose(3, 0, 1, 2)
    products: Array = np.matmul(pixels.reshape(a.groups, prod(i) * n, c_in_group), taps)
    return products.reshape(*k, a.groups, *i, n, c_out_group)


def _overlap_add(y: Array, a: Arguments, axis: int) -> Array:
    """Add the taps of one axis where they land, and cut out the window of the output.

    Before: (*k[axis:], groups, *o[:axis], *i[axis:], n, c_out/groups); after: that of axis + 1.
    """
    i, k, s, d = a.x.shape[2 + axis], a.w.shape[2 + axis], a.stride[axis], a.dilation[axis]
    full = s * (i - 1) + d * (k - 1) + 1
    stop = full - a.end[axis] + a.output_padding[axis]
    origin = max(0, -a.begin[axis])  # where position 0 of the full result lies in the buffer
    lead, trail = y.shape[1 : a.x.ndim - 1], y.shape[a.x.ndim :]
    buffer = np.zeros((*lead, origin + max(full, stop), *trail), y.dtype)
    before = (slice(None),) * len(lead)
    for u in range(k):
        first = origin + d * u
        landing = buffer[(*before, slice(first, first + s * i, s))]
        np.add(landing, y[u], out=landing)
    return buffer[(*before, slice(origin + a.begin[axis], origin + stop))]
