"""Sub-pixel convolution: one stride-1 convolution for each phase, then a pixel shuffle.

Position q = s m + r of the full result belongs to phase r. Tap u lands in phase r = d u mod s, at
the distance t = d u div s, so phase r is the stride-1 convolution of x with the taps of that phase.
"""

import numpy as np

from tconv.oracle.formulations.arguments import Arguments, Array


def conv_transpose(a: Arguments) -> Array:
    """Return the transposed convolution of valid arguments, (n, c_out, *o)."""
    y = _shuffle(_convolve_phases(a.x, _phases(a), a.groups))
    for axis in range(a.w.ndim - 2):
        y = _window(y, a, axis)
    return y if a.b is None else y + a.b.reshape((1, -1) + (1,) * (y.ndim - 2))


def _phases(a: Arguments) -> Array:
    """Return the kernel of every phase, (c_in, c_out/groups, *t, *r)."""
    kernel = a.w
    for axis, (k, s, d) in enumerate(zip(a.w.shape[2:], a.stride, a.dilation, strict=True)):
        distance, phase = np.divmod(d * np.arange(k), s)
        taps = np.moveaxis(kernel, 2 + axis, 0)
        split = np.zeros((distance[-1] + 1, s, *taps.shape[1:]), kernel.dtype)
        split[distance, phase] = taps
        kernel = np.moveaxis(split, (0, 1), (2 + axis, -1))
    return kernel


def _convolve_phases(x: Array, kernel: Array, groups: int) -> Array:
    """Return every phase, (n, c_out, *m, *r), m = i + (number of distances) - 1."""
    n, c_in, *i = x.shape
    distances, phases = kernel.shape[2 : 2 + len(i)], kernel.shape[2 + len(i) :]
    pixel, phase = range(4, 4 + len(i)), range(4 + len(i), 4 + 2 * len(i))
    x = x.reshape(n, groups, c_in // groups, *i)
    w = kernel.reshape(groups, c_in // groups, *kernel.shape[1:])
    m = [size + count - 1 for size, count in zip(i, distances, strict=True)]
    y = np.zeros((n, groups, kernel.shape[1], *m, *phases), x.dtype)
    whole = (slice(None),) * 3
    for shift in np.ndindex(distances):
        block = tuple(slice(t, t + size) for t, size in zip(shift, i, strict=True))
        taps, to = [1, 2, 3, *phase], [0, 1, 3, *pixel, *phase]
        y[(*whole, *block)] += np.einsum(x, [0, 1, 2, *pixel], w[(*whole, *shift)], taps, to)
    return y.reshape(n, groups * kernel.shape[1], *m, *phases)


def _shuffle(y: Array) -> Array:
    """Interleave the phases: (n, c, *m, *r) to (n, c, *(m r))."""
    ndim = y.ndim // 2 - 1
    m, r = y.shape[2 : 2 + ndim], y.shape[2 + ndim :]
    interleaved = [at for axis in range(ndim) for at in (2 + axis, 2 + ndim + axis)]
    sizes = [many * phases for many, phases in zip(m, r, strict=True)]
    return y.transpose(0, 1, *interleaved).reshape(*y.shape[:2], *sizes)


def _window(full: Array, a: Arguments, axis: int) -> Array:
    """Cut the output out of the full result along one axis; zeros where it reaches beyond."""
    along = np.moveaxis(full, 2 + axis, 0)
    i, span = a.x.shape[2 + axis], (a.w.shape[2 + axis] - 1) * a.dilation[axis]
    begin = a.begin[axis]
    stop = (i - 1) * a.stride[axis] + span + 1 + a.output_padding[axis] - a.end[axis]
    window = np.zeros((stop - begin, *along.shape[1:]), full.dtype)
    low, high = max(begin, 0), max(min(stop, len(along)), begin, 0)
    window[low - begin : high - begin] = along[low:high]
    return np.moveaxis(window, 0, 2 + axis)
