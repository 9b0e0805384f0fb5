"""Scatter: the definition, every input pixel stamps the kernel; the default, made fast.

    full[n, co, s h + d u] += sum over ci of x[n, ci, h] w[ci, co, u]

All products of pixels and taps come from one matrix product; they are then added in place, axis by
axis, so the number of Python steps is the *sum* of the kernel sizes, not their product.
"""

from math import prod

import numpy as np

from harness.oracle.arguments import Arguments, Array


def conv_transpose(a: Arguments) -> Array:
    """Return the transposed convolution of valid arguments, (n, c_out, *o)."""
    y = _products(a)
    for axis in reversed(range(a.x.ndim - 2)):
        y = _overlap_add(y, a, axis)
    if a.b is not None:
        return np.asarray(y + a.b.reshape(-1, *(1,) * (a.x.ndim - 2)))
    return np.ascontiguousarray(y)


def _products(a: Arguments) -> Array:
    """Return each pixel times each tap, summed over input channels: (n, c_out, *k, *i)."""
    n, c_in, *i = a.x.shape
    c_in_group, k = c_in // a.groups, a.w.shape[2:]
    columns = a.x.reshape(n, a.groups, c_in_group, prod(i))
    taps = a.w.reshape(a.groups, c_in_group, a.w.shape[1] * prod(k)).swapaxes(1, 2)
    return np.matmul(taps, columns).reshape(n, a.groups * a.w.shape[1], *k, *i)


def _overlap_add(y: Array, a: Arguments, axis: int) -> Array:
    """Add the taps of one axis where they fall, and cut the window of the output.

    Before: (n, c_out, *k[:axis+1], *i[:axis+1], *o[axis+1:]); after: the same for axis - 1.
    """
    s, d, begin = a.stride[axis], a.dilation[axis], a.begin[axis]
    k, i = a.w.shape[2 + axis], a.x.shape[2 + axis]
    full = s * (i - 1) + d * (k - 1) + 1
    stop = full - a.end[axis] + a.output_padding[axis]
    origin = max(0, -begin)  # where position 0 of the full result lies in the buffer
    tap, pixel = 2 + axis, 2 + 2 * axis
    size = origin + max(full, stop)
    buffer = np.zeros(
        (*y.shape[:tap], *y.shape[tap + 1 : pixel + 1], size, *y.shape[pixel + 2 :]), y.dtype
    )
    before_tap, before_pixel = (slice(None),) * tap, (slice(None),) * pixel
    for u in range(k):
        first = origin + d * u
        buffer[(*before_pixel, slice(first, first + s * i, s))] += y[(*before_tap, u)]
    return buffer[(*before_pixel, slice(origin + begin, origin + stop))]
