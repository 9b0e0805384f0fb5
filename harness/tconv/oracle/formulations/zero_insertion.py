"""Zero insertion: s - 1 zeros after every pixel, then a direct convolution of stride 1.

The kernel is flipped and the padding is p' = K - 1 - p (Dumoulin & Visin, arXiv:1603.07285,
relationships 12 and 13). A negative p' removes positions.
"""

import numpy as np

from tconv.oracle.formulations.arguments import Arguments, Array


def conv_transpose(a: Arguments) -> Array:
    """Return the transposed convolution of valid arguments, (n, c_out, *o)."""
    z = _insert_zeros(a.x, a.stride)
    for axis in range(z.ndim - 2):
        reach = (a.w.shape[2 + axis] - 1) * a.dilation[axis]
        after = a.output_padding[axis] - (a.stride[axis] - 1)  # no zeros after the last pixel
        z = _pad(z, 2 + axis, reach - a.begin[axis], reach - a.end[axis] + after)
    y = _convolve(z, np.flip(a.w, axis=tuple(range(2, z.ndim))), a.dilation, a.groups)
    return y if a.b is None else np.moveaxis(np.moveaxis(y, 1, -1) + a.b, -1, 1)


def _insert_zeros(x: Array, stride: tuple[int, ...]) -> Array:
    """Return x with s - 1 zeros after every pixel: (n, c_in, *(s i))."""
    sizes = [size * s for size, s in zip(x.shape[2:], stride, strict=True)]
    z = np.zeros((*x.shape[:2], *sizes), x.dtype)
    z[tuple(slice(None, None, s) for s in (1, 1, *stride))] = x
    return z


def _pad(z: Array, axis: int, begin: int, end: int) -> Array:
    """Add zeros at both sides of one axis; a negative number removes as many positions."""
    width = [(0, 0)] * z.ndim
    width[axis] = max(begin, 0), max(end, 0)
    padded = np.pad(z, width)
    keep = np.arange(max(-begin, 0), padded.shape[axis] - max(-end, 0))
    return padded.take(keep, axis=axis)


def _convolve(z: Array, w: Array, dilation: tuple[int, ...], groups: int) -> Array:
    """Return the direct convolution of stride 1; w stays (c_in, c_out/groups, *k)."""
    n, c_in, *sizes = z.shape
    spans = [(k - 1) * d for k, d in zip(w.shape[2:], dilation, strict=True)]
    o = [size - span for size, span in zip(sizes, spans, strict=True)]
    z = z.reshape(n, groups, c_in // groups, *sizes)
    w = w.reshape(groups, c_in // groups, *w.shape[1:])
    y = np.zeros((n, groups, w.shape[2], *o), z.dtype)
    lead = (slice(None),) * 3
    for tap in np.ndindex(w.shape[3:]):
        starts = [u * d for u, d in zip(tap, dilation, strict=True)]
        window = tuple(slice(start, start + size) for start, size in zip(starts, o, strict=True))
        y += np.einsum("ngc...,gcm->ngm...", z[(*lead, *window)], w[(*lead, *tap)])
    return y.reshape(n, groups * w.shape[2], *o)
